#include "events/crowd_people.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "track/assignment.h"

namespace ocelli::events {
namespace {

using std::chrono::nanoseconds;

// Longer between two frames than this and nobody looked: people are not missed while there is no picture.
constexpr nanoseconds kLongestLook = std::chrono::milliseconds{500};
constexpr nanoseconds kFitEvery = std::chrono::seconds{1};
// In heights of the person. A detector is off by some hundredths; a man at half his height is at arm's length.
constexpr double kFarthestMatch = 0.5;
constexpr double kBoxNoise = 0.05;
// In squared standard deviations. Trackers give a wrong number to one sighting in fifty at worst, which is worth
// 2 ln(0.98 / 0.02) = 7.8; a pair that swaps numbers does so together, so that each of the two has half of it.
constexpr double kSameTrack = 4;
constexpr double kAnyMatch = 1000;  // far more than a place can be worth: as many as possible are matched

double seconds(nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

struct CrowdPeople::Sighting {
  const track::Track* track = nullptr;
  Anchor place;
  double height = 0;
};

CrowdPeople::CrowdPeople(const CrowdConfig& config) : config_(config), ruler_(config) {}

const Person* CrowdPeople::find(std::uint64_t id) const {
  const auto found = std::lower_bound(people_.begin(), people_.end(), id,
                                      [](const Person& person, std::uint64_t wanted) { return person.id < wanted; });
  return found != people_.end() && found->id == id ? &*found : nullptr;
}

Anchor CrowdPeople::way_px(Anchor from, const Person& person) const {
  const double scale = 100 / person.height;
  return {(person.place.x - from.x) * picture_.width / picture_.height * scale, (person.place.y - from.y) * scale};
}

void CrowdPeople::update(media::MediaTime time, PictureSize picture, std::span<const track::Track* const> tracks) {
  picture_ = picture;
  std::vector<Sighting> sightings;
  for (const auto* track : tracks) {
    if (sightings.size() == kMost) break;
    if (!(track->box.height > 0) || !std::isfinite(track->box.height)) continue;
    ruler_.observe(track->box, picture);
    sightings.push_back(
        {track, anchor_of(track->box, picture), static_cast<double>(track->box.height) / picture.height});
  }
  if (!fitted_ || time - *fitted_ >= kFitEvery) {
    ruler_.fit();
    fitted_ = time;
  }
  const nanoseconds looked =
      last_time_ ? std::clamp<nanoseconds>(time - *last_time_, nanoseconds{}, kLongestLook) : nanoseconds{};
  last_time_ = time;
  const std::vector<int> owners = match(sightings, time);
  for (auto& person : people_) person.unseen += looked;
  for (std::size_t i = 0; i < sightings.size(); ++i) {
    if (owners[i] < 0) {
      people_.emplace_back().id = ++last_id_;
      people_.back().height = sightings[i].height;
      memories_.push_back(
          {{measured(sightings[i], sightings[i].height), time, seconds(config_.smoothing)}, {}, time, time, 0});
      see(people_.size() - 1, sightings[i], time);
    } else {
      see(static_cast<std::size_t>(owners[i]), sightings[i], time);
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < people_.size(); ++i) {
    if (people_[i].unseen > config_.absence) continue;
    if (kept != i) {
      people_[kept] = people_[i];
      memories_[kept] = memories_[i];
    }
    judge(kept++, time);
  }
  people_.erase(people_.begin() + static_cast<std::ptrdiff_t>(kept), people_.end());
  memories_.erase(memories_.begin() + static_cast<std::ptrdiff_t>(kept), memories_.end());
}

/// For each sighting the index of the person, or -1. By place, all at once: people whose tracks changed hands get their
/// own back. The track decides only where places do not.
std::vector<int> CrowdPeople::match(const std::vector<Sighting>& sightings, media::MediaTime time) const {
  std::vector<PlaceFilter::Expectation> expected;
  for (const auto& memory : memories_) expected.push_back(memory.filter.expected(time));
  std::vector<track::Candidate> candidates;
  const double aspect = static_cast<double>(picture_.width) / picture_.height;
  for (std::size_t i = 0; i < sightings.size(); ++i) {
    for (std::size_t k = 0; k < people_.size(); ++k) {
      const double x = sightings[i].place.x - expected[k].place.x;
      const double y = sightings[i].place.y - expected[k].place.y;
      if (std::hypot(x * aspect, y) >= kFarthestMatch * people_[k].height) continue;
      const Anchor variance = expected[k].variance;
      const double doubt = aspect * aspect * variance.x * variance.y / std::pow(kBoxNoise * people_[k].height, 4);
      const double off = x * x / variance.x + y * y / variance.y + std::log(doubt);
      const double same = people_[k].track_id == sightings[i].track->id ? kSameTrack : 0;
      candidates.push_back({static_cast<int>(i), static_cast<int>(k), kAnyMatch - off + same});
    }
  }
  std::vector<int> owners(sightings.size(), -1);
  for (const auto& pair : track::best_matching(candidates)) owners[static_cast<std::size_t>(pair.row)] = pair.column;
  return owners;
}

/// A sighting with what a metre and the noise of a box are at its place.
PlaceFilter::Sighting CrowdPeople::measured(const Sighting& sighting, double height) const {
  constexpr double kProbe = 1e-3;  // of the picture
  const Anchor place = sighting.place;
  const double aspect = static_cast<double>(picture_.height) / picture_.width;
  PlaceFilter::Sighting result{place, {}, {}};
  result.x = {height / config_.person_height_m * aspect, kBoxNoise * height * aspect};
  result.y = {height / config_.person_height_m, kBoxNoise * height};
  const auto ground = ruler_.to_ground(place, picture_);
  const auto beside = ruler_.to_ground({place.x + kProbe, place.y}, picture_);
  const auto before = ruler_.to_ground({place.x, place.y + kProbe}, picture_);
  if (!ground || !beside || !before) return result;
  result.x.metre = kProbe / distance_m(*ground, *beside);
  result.y.metre = kProbe / distance_m(*ground, *before);
  return result;
}

void CrowdPeople::see(std::size_t index, const Sighting& sighting, media::MediaTime time) {
  Person& person = people_[index];
  Memory& memory = memories_[index];
  ++memory.sightings;
  // Exponential smoothing of any rate; a plain mean at first, or the first box would weigh too much for too long.
  const double usual = 1 - std::exp(-seconds(time - memory.sighted) / seconds(config_.smoothing));
  person.height += std::max(usual, 1.0 / memory.sightings) * (sighting.height - person.height);
  if (memory.sightings > 1) memory.filter.see(measured(sighting, person.height), time);
  memory.sighted = time;
  person.track_id = sighting.track->id;
  person.class_id = sighting.track->class_id;
  person.score = sighting.track->score;
  person.box = sighting.track->box;
  person.unseen = nanoseconds{};
}

void CrowdPeople::judge(std::size_t index, media::MediaTime time) {
  Person& person = people_[index];
  Memory& memory = memories_[index];
  person.place = memory.filter.smoothed(time);
  remember(memory, person, time);
  // Whoever is new has half a window to show that they walk.
  const nanoseconds window = config_.window;
  const nanoseconds known = std::min<nanoseconds>(time - memory.first_sighted, window);
  const auto before = 2 * known < window ? std::nullopt : place_before(memory, time - known);
  const auto ground = ruler_.to_ground(person.place, picture_);
  const auto ground_before = before ? ruler_.to_ground(*before, picture_) : std::nullopt;
  if (ground) person.ground = *ground;
  person.moved_px = 0;
  if (!ground || !ground_before) {
    person.staying = false;
    return;
  }
  const double share = seconds(known) / seconds(window);
  const double limit_m = config_.distance_m * (person.staying ? 1 + config_.hysteresis : 1) * share;
  person.staying = distance_m(*ground, *ground_before) < limit_m;
  const Anchor way = way_px(*before, person);
  person.moved_px = std::hypot(way.x, way.y) / share;
}

void CrowdPeople::remember(Memory& memory, const Person& person, media::MediaTime time) const {
  Past& past = memory.past;
  const nanoseconds step = nanoseconds(config_.window) / Past::kSteps;
  if (past.count > 0 && time - past.stops[(past.count - 1) % past.stops.size()].time < step) return;
  past.stops[past.count++ % past.stops.size()] = {time, person.place};
}

/// Between the stops around `then`; nothing when the person is not known for so long.
std::optional<Anchor> CrowdPeople::place_before(const Memory& memory, media::MediaTime then) const {
  const Past& past = memory.past;
  const std::size_t kept = std::min(past.count, past.stops.size());
  const Past::Stop* later = nullptr;
  for (std::size_t i = 1; i <= kept; ++i) {
    const Past::Stop& stop = past.stops[(past.count - i) % past.stops.size()];
    if (stop.time > then) {
      later = &stop;
      continue;
    }
    if (later == nullptr) return stop.place;
    const double share = seconds(then - stop.time) / seconds(later->time - stop.time);
    return Anchor{stop.place.x + share * (later->place.x - stop.place.x),
                  stop.place.y + share * (later->place.y - stop.place.y)};
  }
  return std::nullopt;
}

}  // namespace ocelli::events
