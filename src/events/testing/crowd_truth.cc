#include "events/testing/crowd_truth.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numbers>
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
  /// The same, but the others take nothing back.
  void count(double passed, bool is_so) {
    now = is_so;
    if (is_so) seconds += passed;
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

  using Neighbours = std::map<Name, Names>;

  Neighbours find_neighbours() {
    std::set<std::pair<Name, Name>> pairs;
    Neighbours next_to;
    for (const auto& [a, spot_a] : pictures_.back()) {
      for (const auto& [b, spot_b] : pictures_.back()) {
        if (a == b || !spot_a.stays || !spot_b.stays) continue;
        const double limit = config_.distance_m * (pairs_.contains({a, b}) ? 1 + config_.hysteresis : 1.0);
        if (distance_m(spot_a.ground, spot_b.ground) >= limit) continue;
        pairs.insert({a, b});
        next_to[a].insert(b);
      }
    }
    pairs_ = pairs;
    return next_to;
  }

  bool is_core(const Names& neighbours) const { return neighbours.size() >= (config_.people <= 2 ? 1U : 2U); }

  Names cores_around(Name first, const Neighbours& next_to) const {
    Names group;
    std::vector<Name> to_visit{first};
    while (!to_visit.empty()) {
      const Name visited = to_visit.back();
      to_visit.pop_back();
      const Names& neighbours = next_to.at(visited);
      if (!is_core(neighbours) || !group.insert(visited).second) continue;
      to_visit.insert(to_visit.end(), neighbours.begin(), neighbours.end());
    }
    return group;
  }

  std::optional<Name> nearest_core(Name name, const Neighbours& next_to) const {
    const Picture& picture = pictures_.back();
    const auto way = [&](Name to) { return distance_m(picture.at(name).ground, picture.at(to).ground); };
    std::optional<Name> nearest;
    for (const Name other : next_to.at(name)) {
      if (is_core(next_to.at(other)) && (!nearest || way(other) < way(*nearest))) nearest = other;
    }
    return nearest;
  }

  std::vector<Names> standing_groups() {
    const Neighbours next_to = find_neighbours();
    std::vector<Names> groups;
    std::map<Name, std::size_t> group_of;
    for (const auto& [name, neighbours] : next_to) {
      if (!is_core(neighbours) || group_of.contains(name)) continue;
      groups.push_back(cores_around(name, next_to));
      for (const Name core : groups.back()) group_of[core] = groups.size() - 1;
    }
    for (const auto& [name, neighbours] : next_to) {
      const auto core = is_core(neighbours) ? std::nullopt : nearest_core(name, next_to);
      if (core) groups[group_of.at(*core)].insert(name);
    }
    return groups;
  }

  static std::size_t shared(const Names& a, const Names& b) {
    return static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](Name name) { return b.contains(name); }));
  }

  /// Since when the longest known of those who are in both is in the picture.
  double known_since(const Names& a, const Names& b) const {
    double first = std::numeric_limits<double>::infinity();
    for (const Name name : a) {
      if (b.contains(name)) first = std::min(first, since_.at(name));
    }
    return first;
  }

  static std::pair<int, int> pair_of(const TrueCrowd& a, const TrueCrowd& b) { return std::minmax(a.number, b.number); }

  void look_at_touches(const std::vector<std::vector<TrueCrowd*>>& wanting) {
    std::set<std::pair<int, int>> touching;
    for (const auto& crowds : wanting) {
      for (const auto* a : crowds) {
        for (const auto* b : crowds) {
          if (a->number < b->number) touching.insert(pair_of(*a, *b));
        }
      }
    }
    for (auto& [pair, touch] : touches_) touch.look(now_ - time_of(frame_ - 1), touching.contains(pair));
    for (const auto& pair : touching) touches_.try_emplace(pair);
  }

  /// The group with most of the crowd's people; groups.size() when none has two of them.
  std::size_t group_of(const TrueCrowd& crowd, const std::vector<Names>& groups) const {
    std::size_t best = groups.size();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const std::size_t count = shared(crowd.newest, groups[i]);
      if (count < 2) continue;
      const std::size_t most = best == groups.size() ? 0 : shared(crowd.newest, groups[best]);
      const bool first =
          count == most && known_since(crowd.newest, groups[i]) < known_since(crowd.newest, groups[best]);
      if (count > most || first) best = i;
    }
    return best;
  }

  void share(const Names& group, std::vector<TrueCrowd*>& crowds) {
    std::stable_sort(crowds.begin(), crowds.end(), [](const TrueCrowd* a, const TrueCrowd* b) {
      if (a->phase != b->phase) return static_cast<int>(a->phase) > static_cast<int>(b->phase);
      return a->together.seconds > b->together.seconds;
    });
    Names left = group;
    for (std::size_t k = 1; k < crowds.size(); ++k) {
      TrueCrowd& crowd = *crowds[k];
      const bool quiet = crowd.phase == CrowdPhase::idle;
      if (quiet || touches_.at(pair_of(crowd, *crowds[0])).reaches(seconds(config_.settle))) {
        if (!quiet) say(crowd, CrowdPhase::ended);
        crowd.gone = true;
        continue;
      }
      for (const Name name : crowd.newest) {
        if (left.erase(name) > 0) crowd.members.back().insert(name);
      }
    }
    crowds[0]->members.back() = left;
  }

  void name_crowds(const std::vector<Names>& groups) {
    std::vector<std::vector<TrueCrowd*>> wanting(groups.size());
    for (auto& crowd : crowds_) {
      crowd.members.emplace_back();
      const std::size_t best = group_of(crowd, groups);
      if (best < groups.size()) wanting[best].push_back(&crowd);
    }
    look_at_touches(wanting);
    std::vector<Names> nobodys;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (wanting[i].empty()) {
        nobodys.push_back(groups[i]);
      } else {
        share(groups[i], wanting[i]);
      }
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
    crowd.together.count(passed, enough);
    if (crowd.phase == CrowdPhase::idle) {
      if (overlap >= config_.window_iou && crowd.together.reaches(seconds(config_.gather))) {
        say(crowd, CrowdPhase::gathering);
      }
      if (crowd.too_few.reaches(seconds(config_.end_after))) crowd.together.seconds = 0;
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
  std::map<std::pair<int, int>, Balance> touches_;
  int last_number_ = 0;
  std::vector<TrueTransition> said_;
};

/// `factor` above 1: harder to gather, to loiter, to disperse and to end.
CrowdConfig stricter(CrowdConfig config, float factor) {
  const auto longer = [factor](std::chrono::milliseconds& duration) {
    duration = std::chrono::milliseconds{std::lround(static_cast<float>(duration.count()) * factor)};
  };
  config.distance_m /= factor;
  config.window_iou *= factor;
  config.speed_px /= factor;
  config.drift_px /= factor;
  config.radius_growth *= factor;
  config.spread_growth *= factor;
  longer(config.gather);
  longer(config.loiter);
  longer(config.end_after);
  longer(config.settle);
  return config;
}

/// The golden angle spreads any number of directions evenly.
Scene displaced(Scene scene, double turn_rad) {
  constexpr double kFar = 0.05;        // m
  constexpr double kGolden = 2.39996;  // rad
  for (auto& frame : scene.frames) {
    for (auto& person : frame.people) {
      const double angle = turn_rad + kGolden * static_cast<double>(person.id);
      person.ground.x += kFar * std::cos(angle);
      person.ground.y += kFar * std::sin(angle);
    }
  }
  return scene;
}

}  // namespace

TrueTransitions true_transitions(const Scene& scene, const CrowdConfig& config) {
  return Judge(scene, config).judge();
}

std::vector<TrueTransitions> close_truths(const Scene& scene, const CrowdConfig& config) {
  return {true_transitions(scene, stricter(config, 1.05F)), true_transitions(scene, stricter(config, 1 / 1.05F)),
          true_transitions(displaced(scene, 0), config), true_transitions(displaced(scene, std::numbers::pi), config)};
}

}  // namespace ocelli::events::testing
