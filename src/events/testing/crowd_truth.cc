#include "events/testing/crowd_truth.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ocelli::events::testing {
namespace {

using Name = std::uint64_t;
using Names = std::set<Name>;

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Where somebody is, as a mean over the last moments.
struct Spot {
  GroundPoint ground;
  double x_px = 0;
  double y_px = 0;
  double height_px = 1;
  bool stays = false;
};
using Picture = std::map<Name, Spot>;

/// Seconds for which something was so, less those for which it was not.
struct Balance {
  double seconds = 0;
  bool now = false;

  void look(double passed, bool is_so) {
    now = is_so;
    seconds = is_so ? seconds + passed : std::max(0.0, seconds - passed);
  }
  bool reaches(double wanted) const { return now && seconds >= wanted - 1e-9; }
};

struct TrueCrowd {
  int number = 0;
  CrowdPhase phase = CrowdPhase::idle;
  std::vector<Names> members;  // by frame since `first_frame`; empty sets while scattered
  std::size_t first_frame = 0;
  Names newest;
  vision::PixelBox box;
  double dispersing_since = 0;
  Balance together;
  std::vector<double> overlaps;  // by frame since `first_frame`
  std::vector<double> speeds;
  Balance too_few;
  int touches = 0;
  double touches_since = 0;
  bool gone = false;
};

class Judge {
 public:
  Judge(const Scene& scene, const CrowdConfig& config) : scene_(scene), config_(config) {}

  std::vector<TrueTransition> judge() {
    for (frame_ = 0; frame_ < scene_.frames.size(); ++frame_) {
      now_ = media::to_seconds(scene_.frames[frame_].time);
      smooth();
      const auto groups = standing_groups();
      name_crowds(groups);
      for (auto& crowd : crowds_) advance(crowd);
      std::erase_if(crowds_, [](const TrueCrowd& crowd) { return crowd.gone; });
    }
    return std::move(said_);
  }

 private:
  double time_of(std::size_t frame) const { return media::to_seconds(scene_.frames[frame].time); }

  /// The newest frame that is at least so old; nothing when the scene is younger.
  std::optional<std::size_t> frame_before(double age_s) const {
    const double wanted = now_ - age_s + 1e-9;
    if (wanted < 0) return std::nullopt;
    std::size_t frame = frame_;
    while (frame > 0 && time_of(frame) > wanted) --frame;
    return frame;
  }

  void smooth() {
    Picture picture;
    const double frame_s = frame_ == 0 ? 0 : now_ - time_of(frame_ - 1);
    const double weight = 1 - std::exp(-frame_s / seconds(config_.smoothing));
    for (const auto& person : scene_.frames[frame_].people) {
      Spot spot{person.ground, person.box.bottom_center().x, person.box.bottom(), person.box.height, false};
      const bool seen_before = frame_ > 0 && pictures_.back().contains(person.id);
      if (!seen_before) since_[person.id] = now_;
      if (seen_before) {
        const Spot& last = pictures_.back().at(person.id);
        const auto mix = [weight](double old, double value) { return old + weight * (value - old); };
        spot = {{mix(last.ground.x, spot.ground.x), mix(last.ground.y, spot.ground.y)},
                mix(last.x_px, spot.x_px),
                mix(last.y_px, spot.y_px),
                mix(last.height_px, spot.height_px),
                last.stays};
      }
      const double window = seconds(config_.window);
      const double known = std::min(window, now_ - since_[person.id]);
      const auto before = frame_before(known);
      const double limit = config_.distance_m * (spot.stays ? 1 + config_.hysteresis : 1.0) * known / window;
      const bool judged = known >= window / 2 - 1e-9 && before && pictures_[*before].contains(person.id);
      spot.stays = judged && distance_m(pictures_[*before].at(person.id).ground, spot.ground) < limit;
      picture[person.id] = spot;
    }
    pictures_.push_back(std::move(picture));
  }

  std::vector<Names> standing_groups() {
    const Picture& picture = pictures_.back();
    std::set<std::pair<Name, Name>> pairs;
    std::map<Name, Names> next_to;
    for (const auto& [a, spot_a] : picture) {
      for (const auto& [b, spot_b] : picture) {
        if (a == b || !spot_a.stays || !spot_b.stays) continue;
        const double limit = config_.distance_m * (pairs_.contains({a, b}) ? 1 + config_.hysteresis : 1.0);
        if (distance_m(spot_a.ground, spot_b.ground) >= limit) continue;
        pairs.insert({a, b});
        next_to[a].insert(b);
      }
    }
    pairs_ = pairs;
    const std::size_t enough = config_.people <= 2 ? 1 : 2;
    std::vector<Names> groups;
    Names placed;
    for (const auto& [name, neighbours] : next_to) {
      if (neighbours.size() < enough || placed.contains(name)) continue;
      Names group;
      std::vector<Name> to_visit{name};
      while (!to_visit.empty()) {
        const Name visited = to_visit.back();
        to_visit.pop_back();
        if (placed.contains(visited) || !group.insert(visited).second) continue;
        if (next_to[visited].size() < enough) continue;
        to_visit.insert(to_visit.end(), next_to[visited].begin(), next_to[visited].end());
      }
      placed.insert(group.begin(), group.end());
      groups.push_back(group);
    }
    return groups;
  }

  static std::size_t shared(const Names& a, const Names& b) {
    return static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](Name name) { return b.contains(name); }));
  }

  void name_crowds(const std::vector<Names>& groups) {
    std::vector<std::vector<TrueCrowd*>> wanting(groups.size());
    for (auto& crowd : crowds_) {
      crowd.members.emplace_back();
      std::size_t best = groups.size();
      for (std::size_t i = 0; i < groups.size(); ++i) {
        const std::size_t count = shared(crowd.newest, groups[i]);
        if (count >= 2 && (best == groups.size() || count > shared(crowd.newest, groups[best]))) best = i;
      }
      if (best < groups.size()) wanting[best].push_back(&crowd);
    }
    std::vector<Names> nobodys;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (wanting[i].empty()) {
        nobodys.push_back(groups[i]);
        continue;
      }
      std::stable_sort(wanting[i].begin(), wanting[i].end(), [](const TrueCrowd* a, const TrueCrowd* b) {
        return static_cast<int>(a->phase) > static_cast<int>(b->phase);
      });
      Names left = groups[i];
      for (std::size_t k = 1; k < wanting[i].size(); ++k) {
        TrueCrowd& crowd = *wanting[i][k];
        if (crowd.touches != wanting[i][0]->number) {
          crowd.touches = wanting[i][0]->number;
          crowd.touches_since = now_;
        }
        const bool quiet = crowd.phase == CrowdPhase::idle;
        if (quiet || now_ - crowd.touches_since >= seconds(config_.settle) - 1e-9) {
          if (!quiet) say(crowd, CrowdPhase::ended);
          crowd.gone = true;
          continue;
        }
        for (const Name name : crowd.newest) {
          if (left.erase(name) > 0) crowd.members.back().insert(name);
        }
      }
      wanting[i][0]->touches = 0;
      wanting[i][0]->members.back() = left;
    }
    std::erase_if(crowds_, [](const TrueCrowd& crowd) { return crowd.gone; });
    for (const auto& group : nobodys) {
      TrueCrowd& crowd = crowds_.emplace_back();
      crowd.number = ++last_number_;
      crowd.first_frame = frame_;
      crowd.members.push_back(group);
    }
  }

  vision::PixelBox box_of(const Names& names) const {
    double left = std::numeric_limits<double>::infinity();
    double top = left;
    double right = -left;
    double bottom = -left;
    for (const auto& person : scene_.frames[frame_].people) {
      if (!names.contains(person.id)) continue;
      left = std::min<double>(left, person.box.left);
      top = std::min<double>(top, person.box.top);
      right = std::max<double>(right, person.box.right());
      bottom = std::max<double>(bottom, person.box.bottom());
    }
    return {static_cast<float>(left), static_cast<float>(top), static_cast<float>(right - left),
            static_cast<float>(bottom - top)};
  }

  void say(TrueCrowd& crowd, CrowdPhase phase) {
    crowd.phase = phase;
    said_.push_back({phase, scene_.frames[frame_].time, crowd.box});
  }

  /// The crowd's first frame within the last `age_s`, before this one.
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::size_t earliest(const TrueCrowd& crowd, double age_s) const {
    for (std::size_t i = 0; i + 1 < crowd.members.size(); ++i) {
      const bool young = time_of(crowd.first_frame + i) >= now_ - age_s - 1e-9;
      if (young && !crowd.members[i].empty()) return i;
    }
    return kNone;
  }

  double overlap_over_window(const TrueCrowd& crowd) const {
    const std::size_t then = earliest(crowd, seconds(config_.window));
    if (then == kNone) return 1;
    const Names& a = crowd.members[then];
    const Names& b = crowd.members.back();
    const auto common = static_cast<double>(shared(a, b));
    const double all = static_cast<double>(a.size() + b.size()) - common;
    return all > 0 ? common / all : 0;
  }

  /// Of the values that the crowd had in the frames before this one, back to `age_s` ago, while it stood together.
  double mean(const TrueCrowd& crowd, const std::vector<double>& values, double age_s) const {
    double sum = 0;
    int count = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (time_of(crowd.first_frame + i) < now_ - age_s - 1e-9 || crowd.members[i].empty()) continue;
      sum += values[i];
      ++count;
    }
    return count == 0 ? 0 : sum / count;
  }

  double speed(const Names& names) const {
    double sum = 0;
    for (const Name name : names) {
      const double known = std::min(seconds(config_.window), now_ - since_.at(name));
      const Spot& now = pictures_.back().at(name);
      const Spot& then = pictures_[*frame_before(known)].at(name);
      sum += 100 * std::hypot(now.x_px - then.x_px, now.y_px - then.y_px) / now.height_px / (25 * known);
    }
    return names.empty() ? 0 : sum / static_cast<double>(names.size());
  }

  double drift(const TrueCrowd& crowd) const {
    const std::size_t start = earliest(crowd, seconds(config_.drift_window));
    if (start == kNone) return 0;
    double x = 0;
    double y = 0;
    int count = 0;
    for (const Name name : crowd.members[start]) {
      if (!crowd.members.back().contains(name)) continue;
      const Spot& now = pictures_.back().at(name);
      const Spot& then = pictures_[crowd.first_frame + start].at(name);
      x += 100 * (now.x_px - then.x_px) / now.height_px;
      y += 100 * (now.y_px - then.y_px) / now.height_px;
      ++count;
    }
    return count == 0 ? std::numeric_limits<double>::infinity() : std::hypot(x, y) / count;
  }

  static double spread_of(const std::vector<GroundPoint>& points) {
    GroundPoint middle;
    for (const auto& point : points) {
      middle.x += point.x / static_cast<double>(points.size());
      middle.y += point.y / static_cast<double>(points.size());
    }
    double sum = 0;
    for (const auto& point : points) sum += std::pow(distance_m(point, middle), 2) / static_cast<double>(points.size());
    return std::sqrt(sum);
  }

  static double lower_median_way(const std::vector<GroundPoint>& points, GroundPoint from) {
    std::vector<double> ways;
    for (const auto& point : points) ways.push_back(distance_m(point, from));
    std::sort(ways.begin(), ways.end());
    return ways.empty() ? 0 : ways[(ways.size() - 1) / 2];
  }

  bool comes_apart(const TrueCrowd& crowd) const {
    const std::size_t then = earliest(crowd, seconds(config_.disperse));
    if (then == kNone) return false;
    std::vector<GroundPoint> were;
    std::vector<GroundPoint> are;
    GroundPoint middle;
    for (const Name name : crowd.members[then]) {
      were.push_back(pictures_[crowd.first_frame + then].at(name).ground);
      middle.x += were.back().x;
      middle.y += were.back().y;
      const bool joined_others = std::any_of(crowds_.begin(), crowds_.end(), [&](const TrueCrowd& other) {
        return other.number != crowd.number && other.members.back().contains(name);
      });
      if (!joined_others && pictures_.back().contains(name)) are.push_back(pictures_.back().at(name).ground);
    }
    if (are.empty()) return false;
    middle.x /= static_cast<double>(were.size());
    middle.y /= static_cast<double>(were.size());
    const double least = config_.least_radius_m;
    const double radius = lower_median_way(are, middle) / std::max(least, lower_median_way(were, middle));
    const double spread = spread_of(are) / std::max(least, spread_of(were));
    return radius - 1 >= config_.radius_growth && spread - 1 >= config_.spread_growth;
  }

  void advance(TrueCrowd& crowd) {
    const Names& names = crowd.members.back();
    if (!names.empty()) {
      crowd.newest = names;
      crowd.box = box_of(names);
    }
    const bool enough = static_cast<int>(names.size()) >= config_.people;
    const double passed = frame_ > crowd.first_frame ? now_ - time_of(frame_ - 1) : 0;
    const double overlap = mean(crowd, crowd.overlaps, seconds(config_.gather));
    const double pace = mean(crowd, crowd.speeds, seconds(config_.loiter));
    crowd.overlaps.push_back(overlap_over_window(crowd));
    crowd.speeds.push_back(speed(names));
    crowd.too_few.look(passed, !enough);
    crowd.together.look(passed, enough);
    if (crowd.phase == CrowdPhase::idle) {
      if (overlap >= config_.window_iou && crowd.together.reaches(seconds(config_.gather))) {
        say(crowd, CrowdPhase::gathering);
      }
      crowd.gone = names.empty() && crowd.together.seconds == 0;
      return;
    }
    const bool slow = pace <= config_.speed_px && drift(crowd) <= config_.drift_px;
    const bool firm = crowd.phase == CrowdPhase::gathering || crowd.phase == CrowdPhase::loitering;
    if (crowd.phase == CrowdPhase::gathering && slow && crowd.together.reaches(seconds(config_.loiter))) {
      say(crowd, CrowdPhase::loitering);
    } else if (firm && comes_apart(crowd)) {
      crowd.dispersing_since = now_;
      say(crowd, CrowdPhase::dispersing);
    } else if (crowd.too_few.reaches(seconds(config_.end_after)) ||
               (crowd.phase == CrowdPhase::dispersing &&
                now_ - crowd.dispersing_since >= seconds(config_.disperse) - 1e-9)) {
      say(crowd, CrowdPhase::ended);
      crowd.gone = true;
    }
  }

  const Scene& scene_;
  const CrowdConfig config_;
  std::size_t frame_ = 0;
  double now_ = 0;
  std::vector<Picture> pictures_;  // by frame
  std::map<Name, double> since_;   // when somebody came into the picture
  std::set<std::pair<Name, Name>> pairs_;
  std::vector<TrueCrowd> crowds_;
  int last_number_ = 0;
  std::vector<TrueTransition> said_;
};

}  // namespace

std::vector<TrueTransition> true_transitions(const Scene& scene, const CrowdConfig& config) {
  return Judge(scene, config).judge();
}

}  // namespace ocelli::events::testing
