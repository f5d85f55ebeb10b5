#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "events/rules.h"

// Random walks against geometry's truth. The truth is computed in integers of 128 bits, by other formulas than the
// rules': places are shifted by a real, tiny vector instead of an infinitely small one, crossings come from solving for
// the intersection instead of comparing sides, areas from winding instead of parity, stays from runs of equal sightings
// instead of a state per frame.
namespace ocelli::events {
namespace {

using std::chrono::milliseconds;
__extension__ using Wide = __int128;

constexpr int kWalks = 10'000;
constexpr int kSide = 1'024;           // a power of two: whole pixels are exact shares
constexpr double kHysteresisPx = 7.3;  // which no distance between whole pixels is
constexpr milliseconds kWindow{1'000};

struct Point {
  int x = 0;
  int y = 0;
  bool operator==(const Point&) const = default;
};

// ---- truth

/// Whole pixels in units of 2^-28 pixels; those of walkers are shifted by (2^-14, 2^-28) pixels, less than what could
/// move them over anything that they do not touch.
struct Fine {
  Wide x = 0;
  Wide y = 0;
};
constexpr Wide kUnit = Wide{1} << 28;
Fine fixed(Point point) {
  return {point.x * kUnit, point.y * kUnit};
}
Fine shifted(Point point) {
  return {point.x * kUnit + (Wide{1} << 14), point.y * kUnit + 1};
}
Wide cross(Fine a, Fine b) {
  return a.x * b.y - a.y * b.x;
}
Fine operator-(Fine a, Fine b) {
  return {a.x - b.x, a.y - b.y};
}

/// +1 when the step goes from the segment's left to its right, −1 for the other way, 0 when it does not cross it.
int true_crossing(Point step_from, Point step_to, Point from, Point to) {
  const Fine step = shifted(step_to) - shifted(step_from);
  const Fine segment = fixed(to) - fixed(from);
  const Fine between = fixed(from) - shifted(step_from);
  Wide determinant = cross(step, segment);
  if (determinant == 0) return 0;
  Wide along_step = cross(between, segment);
  Wide along_segment = cross(between, step);
  const int direction = determinant < 0 ? 1 : -1;
  if (determinant < 0) {
    determinant = -determinant;
    along_step = -along_step;
    along_segment = -along_segment;
  }
  const bool meets = along_step > 0 && along_step < determinant && along_segment > 0 && along_segment < determinant;
  return meets ? direction : 0;
}

long double distance_px(Point point, Point from, Point to) {
  const long double dx = to.x - from.x;
  const long double dy = to.y - from.y;
  const long double px = point.x - from.x;
  const long double py = point.y - from.y;
  const long double along = px * dx + py * dy;
  const long double length_squared = dx * dx + dy * dy;
  if (along <= 0) return std::sqrt(px * px + py * py);
  if (along >= length_squared) return std::sqrt((px - dx) * (px - dx) + (py - dy) * (py - dy));
  return std::abs(px * dy - py * dx) / std::sqrt(length_squared);
}

bool is_clear(Point point, const std::vector<Point>& line) {
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (distance_px(point, line[i - 1], line[i]) <= static_cast<long double>(kHysteresisPx)) return false;
  }
  return true;
}

struct Counts {
  int forward = 0;
  int backward = 0;
  bool operator==(const Counts&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Counts& counts) {
  return out << counts.forward << " forward, " << counts.backward << " backward";
}

Counts true_counts(const std::vector<Point>& path, const std::vector<Point>& line) {
  Counts counts;
  std::optional<std::size_t> last_clear;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!is_clear(path[i], line)) continue;
    int net = 0;
    for (std::size_t step = last_clear.value_or(i); step < i; ++step) {
      for (std::size_t j = 1; j < line.size(); ++j)
        net += true_crossing(path[step], path[step + 1], line[j - 1], line[j]);
    }
    (net > 0 ? counts.forward : counts.backward) += std::abs(net);
    last_clear = i;
  }
  return counts;
}

/// By the winding number: edges that a ray to the right meets, upwards against downwards.
bool truly_inside(Point point, const std::vector<Point>& corners) {
  const Fine eye = shifted(point);
  int winding = 0;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const Fine from = fixed(corners[i]);
    const Fine to = fixed(corners[(i + 1) % corners.size()]);
    const bool from_above = from.y < eye.y;
    if (from_above == (to.y < eye.y)) continue;
    const Wide side = cross(to - from, eye - from);
    if (from_above && side > 0) ++winding;
    if (!from_above && side < 0) --winding;
  }
  return winding != 0;
}

// ---- walks

struct Sighting {
  int ms = 0;
  Point at;
  std::uint64_t track = 1;
  bool operator==(const Sighting&) const = default;
};
using Walk = std::vector<Sighting>;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// Not std::uniform_int_distribution, whose numbers differ between libraries.
  int number(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return number(1, 100) <= percent; }
  Point point() { return {number(-40, kSide + 40), number(-40, kSide + 40)}; }
  template <class T>
  const T& one_of(const std::vector<T>& things) {
    return things[static_cast<std::size_t>(number(0, static_cast<int>(things.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

/// Places where rules go wrong: corners, points of the outline, a little beside them.
std::vector<Point> delicate_places(Dice& dice, const std::vector<Point>& outline) {
  std::vector<Point> places = outline;
  for (std::size_t i = 1; i < outline.size(); ++i) {
    const Point a = outline[i - 1];
    const Point b = outline[i];
    places.push_back({(a.x + b.x) / 2, (a.y + b.y) / 2});
    places.push_back({a.x, b.y});  // in line with an end
    places.push_back({2 * b.x - a.x, 2 * b.y - a.y});
  }
  const std::size_t count = places.size();
  for (std::size_t i = 0; i < count; ++i) {
    places.push_back({places[i].x + dice.number(-9, 9), places[i].y + dice.number(-9, 9)});
  }
  return places;
}

/// Frames of any length; pauses, jumps and crawling; long gaps; new numbers after gaps shorter than the window, not far
/// from where the object was.
Walk random_walk(Dice& dice, const std::vector<Point>& outline, int length) {
  const auto places = delicate_places(dice, outline);
  Walk walk;
  Sighting now{0, dice.point(), 1};
  for (int i = 0; i < length; ++i) {
    walk.push_back(now);
    now.ms += dice.chance(10) ? dice.number(400, 900) : dice.number(20, 200);
    if (dice.chance(8)) {
      ++now.track;
      now.at = {now.at.x + dice.number(-30, 30), now.at.y + dice.number(-30, 30)};
    } else if (dice.chance(35)) {
      now.at = dice.one_of(places);
    } else if (dice.chance(40)) {
      now.at = {now.at.x + dice.number(-12, 12), now.at.y + dice.number(-12, 12)};
    } else if (dice.chance(60)) {
      now.at = dice.point();
    }
  }
  return walk;
}

std::vector<Point> path_of(const Walk& walk) {
  std::vector<Point> path;
  for (const auto& sighting : walk) path.push_back(sighting.at);
  return path;
}

struct Filming {
  milliseconds offset{0};
  int scale = 1;
  bool with_ghosts = false;
  std::uint64_t seed = 0;
};

track::Track track_at(const Sighting& sighting, int label, const Filming& filming) {
  track::Track track;
  track.id = sighting.track;
  track.state = track::TrackState::confirmed;
  track.class_id = label;
  track.score = 0.5F;
  const auto scale = static_cast<float>(filming.scale);
  track.box = {scale * static_cast<float>(sighting.at.x - 20), scale * static_cast<float>(sighting.at.y - 100),
               40 * scale, 100 * scale};
  return track;
}

/// Plays walkers, each with a label of his own, to the rules; a walker's numbers are made his own, too.
class Cinema {
 public:
  Cinema(const RulesConfig& config, const Filming& filming)
      : filming_(filming), dice_(filming.seed), rules_("camera", config, {"a", "b", "c", "d", "e", "ghost"}) {}

  Rules::Judgement play(const std::vector<Walk>& walks) {
    std::map<int, std::vector<std::pair<int, Sighting>>> frames;
    for (std::size_t walker = 0; walker < walks.size(); ++walker) {
      for (Sighting sighting : walks[walker]) {
        sighting.track = sighting.track * 10 + walker;
        frames[sighting.ms].emplace_back(static_cast<int>(walker), sighting);
      }
    }
    for (const auto& [ms, seen] : frames) show(ms, seen);
    std::vector<track::Track> ended;
    for (const auto& [id, track] : lost_) ended.push_back(track);
    keep(rules_.finish(frame_, ended));
    return std::move(told_);
  }

 private:
  void show(int ms, const std::vector<std::pair<int, Sighting>>& seen) {
    frame_.width = kSide * filming_.scale;
    frame_.height = kSide * filming_.scale;
    ++frame_.sequence;
    frame_.time = media::MediaTime(milliseconds{ms} + filming_.offset);
    std::vector<track::Track> tracks;
    std::vector<track::Track> ended;
    for (const auto& [label, sighting] : seen) {
      auto track = track_at(sighting, label, filming_);
      track.first_seen = began_.try_emplace(track.id, frame_.time).first->second;
      tracks.push_back(track);
      lost_[track.id] = track;
    }
    for (auto& [id, track] : lost_) {
      const bool is_seen =
          std::any_of(tracks.begin(), tracks.end(), [&, id = id](const auto& one) { return one.id == id; });
      if (is_seen) continue;
      // A prediction that is wrong, and must not count.
      track.state = track::TrackState::lost;
      track.box.left += static_cast<float>(dice_.number(-200, 200));
      tracks.push_back(track);
    }
    if (filming_.with_ghosts) add_ghosts(tracks);
    keep(rules_.update(frame_, tracks, ended));
  }

  void add_ghosts(std::vector<track::Track>& tracks) {
    for (const auto state : {track::TrackState::tentative, track::TrackState::lost}) {
      auto ghost = track_at({0, ghost_dice_.point(), 1'000'001}, 5, filming_);
      ghost.id += static_cast<std::uint64_t>(state);
      ghost.state = state;
      ghost.first_seen = frame_.time;
      tracks.insert(tracks.begin(), ghost);
    }
  }

  void keep(const Rules::Judgement& judgement) {
    told_.events.insert(told_.events.end(), judgement.events.begin(), judgement.events.end());
    told_.near_misses.insert(told_.near_misses.end(), judgement.near_misses.begin(), judgement.near_misses.end());
  }

  const Filming filming_;
  Dice dice_;
  Dice ghost_dice_{7};
  Rules rules_;
  media::FrameInfo frame_;
  std::map<std::uint64_t, track::Track> lost_;  // all that were seen, as the tracker remembers them
  std::map<std::uint64_t, media::MediaTime> began_;
  Rules::Judgement told_;
};

Rules::Judgement film(const RulesConfig& config, const std::vector<Walk>& walks, const Filming& filming = {}) {
  return Cinema(config, filming).play(walks);
}

vision::UnitPoint unit(Point point) {
  return {static_cast<float>(point.x) / kSide, static_cast<float>(point.y) / kSide};
}

LineConfig line_through(const std::vector<Point>& points, const std::string& name = "line") {
  LineConfig line;
  line.name = name;
  line.from = unit(points.front());
  line.to = unit(points.back());
  for (std::size_t i = 1; i + 1 < points.size(); ++i) line.via.push_back(unit(points[i]));
  line.hysteresis = static_cast<float>(kHysteresisPx / kSide);
  return line;
}

Counts counts_of(const std::vector<Event>& events, const std::string& rule = "line") {
  Counts counts;
  for (const auto& event : events) {
    if (event.type != EventType::line_crossed || event.rule != rule) continue;
    ++(event.direction == "forward" ? counts.forward : counts.backward);
  }
  return counts;
}

int number_of(const std::vector<Event>& events, EventType type) {
  return static_cast<int>(std::count_if(events.begin(), events.end(), [&](const auto& e) { return e.type == type; }));
}

/// Whole points of the picture, neighbours different; often in line with each other, now and then a ring.
std::vector<Point> random_line(Dice& dice, int count) {
  std::vector<Point> points;
  while (static_cast<int>(points.size()) < count) {
    Point next{dice.number(100, 900), dice.number(100, 900)};
    if (!points.empty() && dice.chance(20)) next.x = points.back().x;
    if (!points.empty() && dice.chance(20)) next.y = points.back().y;
    if (!points.empty() && next == points.back()) continue;
    points.push_back(next);
  }
  if (count > 3 && dice.chance(20)) points.back() = points.front();
  if (count > 1 && points.back() == points[points.size() - 2]) return random_line(dice, count);
  return points;
}

/// A star around its middle, which never crosses itself.
std::vector<Point> random_area(Dice& dice) {
  constexpr std::array<Point, 8> kRays{{{5, 0}, {4, 4}, {0, 5}, {-4, 4}, {-5, 0}, {-4, -4}, {0, -5}, {4, -4}}};
  std::vector<Point> corners;
  const int skipped = dice.number(0, 7);
  for (int i = 0; i < 8; ++i) {
    if (i == skipped) continue;
    const int reach = dice.number(20, 80);
    corners.push_back(
        {512 + kRays[static_cast<std::size_t>(i)].x * reach, 512 + kRays[static_cast<std::size_t>(i)].y * reach});
  }
  if (dice.chance(50)) std::reverse(corners.begin(), corners.end());
  return corners;
}

ZoneConfig zone_around(const std::vector<Point>& corners, milliseconds min_stay) {
  ZoneConfig zone;
  zone.name = "zone";
  for (const auto& corner : corners) zone.corners.push_back(unit(corner));
  zone.min_stay = min_stay;
  return zone;
}

std::vector<Point> closed(std::vector<Point> corners) {
  corners.push_back(corners.front());
  return corners;
}

// ---- stays, by runs

/// Sightings in a row that are all inside, or all outside, as [first, last].
struct Run {
  bool inside = false;
  std::size_t first = 0;
  std::size_t last = 0;
};

std::vector<Run> runs_of(const Walk& walk, const std::vector<Point>& corners, std::size_t until) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i <= until; ++i) {
    const bool inside = truly_inside(walk[i].at, corners);
    if (runs.empty() || runs.back().inside != inside) runs.push_back({inside, i, i});
    runs.back().last = i;
  }
  return runs;
}

struct Stay {
  int since_ms = 0;
  std::vector<int> inside_ms;  // sightings inside, from when the stay counted
  bool over = false;
};

/// Only runs that lasted for the stay are believed; of those, the changes are entries and leaves.
std::vector<Stay> stays_of(const Walk& walk, const std::vector<Point>& corners, int min_stay_ms, std::size_t until) {
  std::vector<Stay> stays;
  for (const auto& run : runs_of(walk, corners, until)) {
    const int lasted = walk[run.last].ms - walk[run.first].ms;
    const bool is_in = !stays.empty() && !stays.back().over;
    if (run.inside && !is_in && lasted >= min_stay_ms) stays.push_back({walk[run.first].ms, {}, false});
    if (!run.inside && is_in && lasted >= min_stay_ms) stays.back().over = true;
    if (!run.inside || stays.empty() || stays.back().over) continue;
    for (std::size_t i = run.first; i <= run.last; ++i) {
      if (walk[i].ms - stays.back().since_ms >= min_stay_ms) stays.back().inside_ms.push_back(walk[i].ms);
    }
  }
  return stays;
}

// ---- the properties

TEST(RulesProperty, LineCountsAreGeometrysForAnyWalk) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto points = random_line(dice, 2);
    const Walk walk = random_walk(dice, points, dice.number(2, 60));
    RulesConfig config;
    config.lines = {line_through(points)};
    const auto told = film(config, {walk}, {.seed = static_cast<std::uint64_t>(seed)});
    ASSERT_EQ(counts_of(told.events), true_counts(path_of(walk), points)) << "seed " << seed;
  }
}

TEST(RulesProperty, CountsOfLinesWithBendsAreGeometrysForAnyWalk) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto points = random_line(dice, dice.number(3, 6));
    const Walk walk = random_walk(dice, points, dice.number(2, 60));
    RulesConfig config;
    config.lines = {line_through(points)};
    const auto told = film(config, {walk}, {.seed = static_cast<std::uint64_t>(seed)});
    ASSERT_EQ(counts_of(told.events), true_counts(path_of(walk), points)) << "seed " << seed;
  }
}

TEST(RulesProperty, LinesJoinedEndToEndCountTogetherWhatOneLineWithBendsCounts) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto points = random_line(dice, dice.number(3, 5));
    Walk walk = random_walk(dice, points, dice.number(2, 40));
    // From and to where all of them are clear.
    walk.insert(walk.begin(), {-100, {-300, -300}, 1});
    walk.push_back({walk.back().ms + 100, {-300, kSide + 300}, walk.back().track});
    RulesConfig config;
    config.lines = {line_through(points, "whole")};
    for (std::size_t i = 1; i < points.size(); ++i)
      config.lines.push_back(line_through({points[i - 1], points[i]}, "part"));
    const auto told = film(config, {walk}, {.seed = static_cast<std::uint64_t>(seed)});
    const Counts whole = counts_of(told.events, "whole");
    const Counts parts = counts_of(told.events, "part");
    ASSERT_EQ(whole.forward - whole.backward, parts.forward - parts.backward) << "seed " << seed;
  }
}

TEST(RulesProperty, ThinningTheFramesChangesNoCountAsLongAsTheTurnsAreSeen) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto points = random_line(dice, 2);
    Walk every{{0, {-300, -300}, 1}};
    Walk thinned = every;
    for (int leg = dice.number(1, 8); leg > 0; --leg) {
      const Point from = every.back().at;
      const int steps = dice.number(1, 12);
      const Point step{dice.number(-700, 700) / steps, dice.number(-700, 700) / steps};
      const Point turn{from.x + step.x * steps, from.y + step.y * steps};
      if (!is_clear(turn, points)) continue;
      for (int i = 1; i <= steps; ++i) {
        every.push_back({every.back().ms + dice.number(20, 60), {from.x + step.x * i, from.y + step.y * i}, 1});
        if (i == steps || dice.chance(30)) thinned.push_back(every.back());
      }
    }
    RulesConfig config;
    config.lines = {line_through(points)};
    const auto all = film(config, {every}).events;
    ASSERT_EQ(counts_of(film(config, {thinned}).events), counts_of(all)) << "seed " << seed;
    ASSERT_EQ(counts_of(all), true_counts(path_of(every), points)) << "seed " << seed;
  }
}

TEST(RulesProperty, ACrossingIsToldAtTheTimeAtWhichTheStraightWayMeetsTheLine) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const int line_x = dice.number(300, 700);
    const Sighting before{dice.number(0, 1'000), {dice.number(0, line_x - 20), dice.number(0, kSide)}, 1};
    const Sighting after{
        before.ms + dice.number(1, 5'000), {dice.number(line_x + 20, kSide), dice.number(0, kSide)}, 1};
    RulesConfig config;
    config.lines = {line_through({{line_x, 2'000}, {line_x, -1'000}})};
    const auto told = film(config, {{before, after}}).events;
    ASSERT_EQ(counts_of(told), (Counts{1, 0})) << "seed " << seed;
    const auto crossing = std::find_if(told.begin(), told.end(), [](const auto& e) { return !e.direction.empty(); });
    const long double share = static_cast<long double>(line_x - before.at.x) / (after.at.x - before.at.x);
    const long double truth_ns = 1e6L * (before.ms + share * (after.ms - before.ms));
    ASSERT_LE(std::abs(static_cast<long double>(crossing->since->time_since_epoch().count()) - truth_ns), 1.0L)
        << "seed " << seed;
  }
}

TEST(RulesProperty, EntriesAndLeavesAreThoseOfTheRunsAndBalanceInTheEnd) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto corners = random_area(dice);
    const int min_stay_ms = 100 * dice.number(0, 5);
    const Walk walk = random_walk(dice, closed(corners), dice.number(1, 60));
    RulesConfig config;
    config.zones = {zone_around(corners, milliseconds{min_stay_ms})};
    const auto told = film(config, {walk}, {.seed = static_cast<std::uint64_t>(seed)}).events;
    const auto truth = stays_of(walk, corners, min_stay_ms, walk.size() - 1);
    ASSERT_EQ(number_of(told, EventType::zone_entered), static_cast<int>(truth.size())) << "seed " << seed;
    ASSERT_EQ(number_of(told, EventType::zone_left), static_cast<int>(truth.size())) << "seed " << seed;
    auto stay = truth.begin();
    for (const auto& event : told) {
      if (event.type != EventType::zone_entered) continue;
      ASSERT_EQ(*event.since, media::MediaTime(milliseconds{stay->since_ms})) << "seed " << seed;
      ++stay;
    }
  }
}

TEST(RulesProperty, DwellIsToldExactlyOnceInEachStayThatIsLongEnough) {
  int told_at_all = 0;
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto corners = random_area(dice);
    const int min_stay_ms = 100 * dice.number(0, 4);
    const int dwell_ms = dice.number(400, 2'000);
    const Walk walk = random_walk(dice, closed(corners), dice.number(1, 60));
    RulesConfig config;
    config.zones = {zone_around(corners, milliseconds{min_stay_ms})};
    config.zones[0].dwell = milliseconds{dwell_ms};
    const auto told = film(config, {walk}, {.seed = static_cast<std::uint64_t>(seed)}).events;
    std::vector<int> truth_ms;
    for (const auto& stay : stays_of(walk, corners, min_stay_ms, walk.size() - 1)) {
      const auto late = std::find_if(stay.inside_ms.begin(), stay.inside_ms.end(),
                                     [&](int ms) { return ms - stay.since_ms >= dwell_ms; });
      if (late != stay.inside_ms.end()) truth_ms.push_back(*late);
    }
    std::vector<int> told_ms;
    for (const auto& event : told) {
      if (event.type != EventType::zone_dwell) continue;
      told_ms.push_back(
          static_cast<int>(std::chrono::duration_cast<milliseconds>(event.time.time_since_epoch()).count()));
    }
    ASSERT_EQ(told_ms, truth_ms) << "seed " << seed;
    told_at_all += static_cast<int>(told_ms.size());
  }
  EXPECT_GT(told_at_all, kWalks / 10);
}

using Occupancy = std::vector<std::pair<int, std::size_t>>;  // when it changed, and how many were inside

std::size_t number_inside(const std::vector<Walk>& walks, const std::vector<Point>& corners, int min_stay_ms, int ms) {
  std::size_t inside = 0;
  for (const auto& walk : walks) {
    const auto seen = std::count_if(walk.begin(), walk.end(), [&](const auto& one) { return one.ms <= ms; });
    if (seen == 0) continue;
    const auto stays = stays_of(walk, corners, min_stay_ms, static_cast<std::size_t>(seen) - 1);
    if (!stays.empty() && !stays.back().over) ++inside;
  }
  return inside;
}

/// The number inside after each frame, from the stays up to it; then the runs of enough and of too few.
Occupancy true_occupancy(const std::vector<Walk>& walks, const std::vector<Point>& corners, int min_stay_ms, int wanted,
                         int held_ms) {
  std::set<int> frames;
  for (const auto& walk : walks) {
    for (const auto& sighting : walk) frames.insert(sighting.ms);
  }
  Occupancy truth;
  bool full = false;
  int run_began_ms = 0;
  bool run_is_full = false;
  for (const int ms : frames) {
    const std::size_t inside = number_inside(walks, corners, min_stay_ms, ms);
    const bool is_full = inside >= static_cast<std::size_t>(wanted);
    if (is_full != run_is_full) run_began_ms = ms;
    run_is_full = is_full;
    if (is_full == full || ms - run_began_ms < held_ms) continue;
    full = is_full;
    truth.emplace_back(ms, inside);
  }
  return truth;
}

int last_ms(const std::vector<Walk>& walks) {
  int last = 0;
  for (const auto& walk : walks) last = std::max(last, walk.back().ms);
  return last;
}

TEST(RulesProperty, OccupancyIsTheNumberInside) {
  int told_at_all = 0;
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto corners = random_area(dice);
    const int min_stay_ms = 100 * dice.number(0, 3);
    const int wanted = dice.number(1, 3);
    const int held_ms = 100 * dice.number(0, 6);
    std::vector<Walk> walks;
    for (int walker = dice.number(1, 4); walker > 0; --walker) {
      walks.push_back(random_walk(dice, closed(corners), dice.number(1, 25)));
      for (auto& sighting : walks.back()) sighting.ms += 37 * walker;
    }
    RulesConfig config;
    config.zones = {zone_around(corners, milliseconds{min_stay_ms})};
    config.zones[0].occupancy = wanted;
    config.zones[0].occupancy_for = milliseconds{held_ms};
    Occupancy told;
    for (const auto& event : film(config, walks, {.seed = static_cast<std::uint64_t>(seed)}).events) {
      const bool is_count = event.type == EventType::occupancy_began || event.type == EventType::occupancy_ended;
      if (!is_count) continue;
      ASSERT_EQ(static_cast<double>(event.members.size()), event.gates.at(0).value);
      told.emplace_back(
          static_cast<int>(std::chrono::duration_cast<milliseconds>(event.time.time_since_epoch()).count()),
          event.members.size());
    }
    const auto truth = true_occupancy(walks, corners, min_stay_ms, wanted, held_ms);
    // What ends with the stream is told at the same time as the last frame.
    while (told.size() > truth.size() && told.back().first == last_ms(walks)) told.pop_back();
    ASSERT_EQ(told, truth) << "seed " << seed;
    told_at_all += static_cast<int>(told.size());
  }
  EXPECT_GT(told_at_all, kWalks / 10);
}

/// Two lines and a zone with all that is cheap to watch.
RulesConfig everything(Dice& dice, std::vector<Point>& outline) {
  const auto area = random_area(dice);
  const auto line = random_line(dice, dice.number(2, 5));
  outline = closed(area);
  outline.insert(outline.end(), line.begin(), line.end());
  RulesConfig config;
  config.lines = {line_through(line)};
  config.lines[0].allowed = AllowedDirection::forward;
  config.lines[0].tailgating = milliseconds{500};
  config.zones = {zone_around(area, milliseconds{100 * dice.number(0, 4)})};
  config.zones[0].dwell = milliseconds{700};
  config.zones[0].occupancy = 1;
  config.zones[0].wrong_way_for = milliseconds{300};
  return config;
}

/// All that an event says, to the last bit.
void add_numbers(const Event& event, std::vector<double>& numbers) {
  const auto add = [&](auto... values) { (numbers.push_back(static_cast<double>(values)), ...); };
  const auto nanoseconds = [](media::MediaTime time) { return time.time_since_epoch().count(); };
  add(event.sequence, static_cast<int>(event.type), event.frame, event.track_id, nanoseconds(event.time));
  add(event.since ? nanoseconds(*event.since) : -1, event.rule.size(), event.direction.size(), event.label.size());
  add(event.box.left, event.box.top, event.box.width, event.box.height, event.score);
  for (const auto member : event.members) add(member);
  for (const auto& gate : event.gates) add(gate.name.size(), gate.value, gate.threshold, gate.passed);
  for (const auto& reading : event.readings) add(reading.name.size(), reading.value);
}

std::vector<double> numbers_of(const Rules::Judgement& told) {
  std::vector<double> numbers;
  for (const auto& event : told.events) add_numbers(event, numbers);
  for (const auto& miss : told.near_misses) add_numbers(miss.would_be, numbers);
  return numbers;
}

TEST(RulesProperty, TracksThatAreNotConfirmedChangeNothing) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    std::vector<Point> outline;
    const RulesConfig config = everything(dice, outline);
    const Walk walk = random_walk(dice, outline, dice.number(2, 20));
    const auto alone = film(config, {walk});
    const auto haunted = film(config, {walk}, {.with_ghosts = true});
    ASSERT_EQ(numbers_of(haunted), numbers_of(alone)) << "seed " << seed;
  }
}

TEST(RulesProperty, TheSameWalkGivesTheSameEventsAndAnOffsetOfTimeOnlyMovesThem) {
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    std::vector<Point> outline;
    const RulesConfig config = everything(dice, outline);
    const Walk walk = random_walk(dice, outline, dice.number(2, 20));
    const auto once = film(config, {walk});
    ASSERT_EQ(numbers_of(film(config, {walk})), numbers_of(once)) << "seed " << seed;
    const milliseconds offset{dice.number(1, 100'000'000)};
    auto later = film(config, {walk}, {.offset = offset});
    for (auto& event : later.events) {
      event.time -= offset;
      if (event.since) *event.since -= offset;
    }
    for (auto& miss : later.near_misses) {
      miss.would_be.time -= offset;
      if (miss.would_be.since) *miss.would_be.since -= offset;
    }
    ASSERT_EQ(numbers_of(later), numbers_of(once)) << "seed " << seed;
  }
}

TEST(RulesProperty, TheStreamsResolutionChangesNoEvent) {
  using Told = std::tuple<EventType, std::uint64_t, std::string, media::MediaTime, std::optional<media::MediaTime>>;
  const auto told = [](const std::vector<Event>& events) {
    std::vector<Told> all;
    for (const auto& event : events) {
      all.emplace_back(event.type, event.track_id, event.rule + event.direction, event.time, event.since);
    }
    return all;
  };
  for (int seed = 1; seed <= kWalks; ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    std::vector<Point> outline;
    const RulesConfig config = everything(dice, outline);
    const Walk walk = random_walk(dice, outline, dice.number(2, 20));
    ASSERT_EQ(told(film(config, {walk}, {.scale = 4}).events), told(film(config, {walk}).events)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ocelli::events
