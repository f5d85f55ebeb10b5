#include "events/testing/crowd_simulator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

namespace ocelli::events::testing {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kNever = 1e9;
constexpr double kSceneSeconds = 75;
constexpr double kStepSeconds = 0.04;  // longest step of the integration

// Portable: the distributions of the standard library differ between implementations.
double uniform(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random() >> 11U) / 9007199254740992.0;
}
double gaussian(std::mt19937_64& random) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform(random, 0, 1)));
  return radius * std::cos(uniform(random, 0, 2 * kPi));
}
int whole(std::mt19937_64& random, int low, int high) {
  return low + static_cast<int>(random() % static_cast<std::uint64_t>(high - low + 1));
}

GroundPoint operator+(GroundPoint a, GroundPoint b) {
  return {a.x + b.x, a.y + b.y};
}
GroundPoint operator-(GroundPoint a, GroundPoint b) {
  return {a.x - b.x, a.y - b.y};
}
GroundPoint operator*(double factor, GroundPoint a) {
  return {factor * a.x, factor * a.y};
}
double length(GroundPoint a) {
  return std::hypot(a.x, a.y);
}

/// From `from_s` on the person wants to be there.
struct Goal {
  double from_s = 0;
  GroundPoint place;
  double speed_m_s = 1.3;
};

struct Walker {
  std::uint64_t id = 0;
  double height_m = 1.7;
  double appears_s = 0;
  double vanishes_s = kNever;
  GroundPoint place;
  GroundPoint velocity;
  GroundPoint sway;       // of somebody who stands: an Ornstein-Uhlenbeck process
  double restless_m = 0;  // how far from the goal somebody fidgets
  GroundPoint fidget;
  double fidgets_until_s = 0;
  std::vector<Goal> goals;  // ascending by time
};

const Goal& goal_at(const Walker& walker, double time_s) {
  const Goal* current = &walker.goals.front();
  for (const auto& goal : walker.goals) {
    if (goal.from_s <= time_s) current = &goal;
  }
  return *current;
}

/// Helbing & Molnár's repulsion, with the elliptical potential of equations (3) and (4), pushed along the line between
/// the two; people outside the angle of sight count half (equation 8).
GroundPoint repulsion(const Walker& walker, const Walker& other, GroundPoint heading) {
  constexpr double kPotential = 2.1;  // m²/s²
  constexpr double kRange = 0.3;      // m
  constexpr double kStepAhead = 1.0;  // s; the paper's 2 s push people who stand and talk out of everybody's way
  constexpr double kBehind = 0.5;
  const GroundPoint apart = walker.place - other.place;
  const double distance = std::max(length(apart), 0.05);
  const GroundPoint stride = kStepAhead * other.velocity;
  const double reach = length(apart - stride);
  const double minor = (distance + reach) * (distance + reach) - length(stride) * length(stride);
  const double strength = kPotential / kRange * std::exp(-std::sqrt(std::max(minor, 0.0)) / 2 / kRange);
  const double ahead = -(apart.x * heading.x + apart.y * heading.y) / distance;
  const double sight = ahead >= std::cos(100 * kPi / 180) ? 1 : kBehind;
  return strength * sight / distance * apart;
}

class Stage {
 public:
  explicit Stage(std::mt19937_64& random) : random_(random) {}

  std::vector<Walker>& walkers() { return walkers_; }

  Walker& add(GroundPoint start, double appears_s) {
    Walker& walker = walkers_.emplace_back();
    walker.id = walkers_.size();
    walker.height_m = std::clamp(1.7 + 0.06 * gaussian(random_), 1.5, 1.9);
    walker.place = start;
    walker.appears_s = appears_s;
    return walker;
  }

  void step(double time_s, double step_s) {
    std::vector<GroundPoint> forces(walkers_.size());
    for (std::size_t i = 0; i < walkers_.size(); ++i) {
      if (present(walkers_[i], time_s)) forces[i] = force_on(walkers_[i], time_s, step_s);
    }
    for (std::size_t i = 0; i < walkers_.size(); ++i) {
      Walker& walker = walkers_[i];
      if (!present(walker, time_s)) continue;
      walker.velocity = walker.velocity + step_s * forces[i];
      const double fastest = 1.3 * std::max(goal_at(walker, time_s).speed_m_s, 0.5);
      const double speed = length(walker.velocity);
      if (speed > fastest) walker.velocity = fastest / speed * walker.velocity;
      walker.place = walker.place + step_s * walker.velocity;
    }
  }

  static bool present(const Walker& walker, double time_s) {
    return time_s >= walker.appears_s && time_s < walker.vanishes_s;
  }

 private:
  GroundPoint force_on(Walker& walker, double time_s, double step_s) {
    constexpr double kRelaxation = 0.5;  // s
    const Goal& goal = goal_at(walker, time_s);
    walker.sway = walker.sway + (-step_s / 3) * walker.sway +
                  0.05 * std::sqrt(2 * step_s / 3) * GroundPoint{gaussian(random_), gaussian(random_)};
    if (walker.restless_m > 0 && time_s >= walker.fidgets_until_s) {
      const double angle = uniform(random_, 0, 2 * kPi);
      walker.fidget = walker.restless_m * GroundPoint{std::cos(angle), std::sin(angle)};
      walker.fidgets_until_s = time_s + uniform(random_, 0.8, 1.6);
    }
    const GroundPoint way = goal.place + walker.sway + walker.fidget - walker.place;
    const double distance = std::max(length(way), 1e-6);
    const double wanted = std::min(goal.speed_m_s, distance / 0.5);  // slows down before the goal
    const GroundPoint heading = 1 / distance * way;
    GroundPoint force = 1 / kRelaxation * (wanted * heading - walker.velocity);
    for (const auto& other : walkers_) {
      if (other.id != walker.id && present(other, time_s)) force = force + repulsion(walker, other, heading);
    }
    return force;
  }

  std::mt19937_64& random_;
  std::vector<Walker> walkers_;
};

/// Writes the parts that people play.
class Director {
 public:
  Director(Stage& stage, std::mt19937_64& random, double near_m, double far_m)
      : stage_(stage), random_(random), near_m_(near_m), far_m_(far_m) {}

  double random(double low, double high) { return uniform(random_, low, high); }
  int random_count(int low, int high) { return whole(random_, low, high); }

  /// Somewhere in the middle of the view.
  GroundPoint middle(double side = 0) {
    const double y = random(near_m_, far_m_);
    return {side + random(-0.12, 0.12) * y, y};
  }
  /// Out of sight, towards a direction.
  GroundPoint outside(double angle) { return {25 * std::cos(angle), 10 + 18 * std::sin(angle)}; }
  GroundPoint anywhere_outside() { return outside(random(-0.3, kPi + 0.3)); }

  /// On a circle, at an arm's length and a half from each other.
  std::vector<GroundPoint> ring(GroundPoint center, int count) {
    const double radius = std::max(0.42, count * random(0.68, 0.78) / (2 * kPi));
    const double turned = random(0, 2 * kPi);
    std::vector<GroundPoint> slots;
    for (int i = 0; i < count; ++i) {
      const double angle = turned + 2 * kPi * i / count;
      slots.push_back(center + radius * GroundPoint{std::cos(angle), std::sin(angle)});
    }
    return slots;
  }

  /// Comes from outside so as to be there about then.
  Walker& comes(GroundPoint slot, double arrives_s) {
    const GroundPoint start = anywhere_outside();
    const double speed = std::clamp(1.3 + 0.15 * gaussian(random_), 1.0, 1.7);
    const double appears = std::max(0.0, arrives_s - length(slot - start) / speed);
    Walker& walker = stage_.add(start, appears);
    walker.goals.push_back({0, slot, speed});
    return walker;
  }
  /// Indices of the walkers who come to these places, within some seconds of each other.
  std::vector<std::size_t> gather(const std::vector<GroundPoint>& slots, double arrive_s, double within_s) {
    std::vector<std::size_t> group;
    for (const auto& slot : slots) {
      comes(slot, arrive_s + random(0, within_s));
      group.push_back(stage_.walkers().size() - 1);
    }
    return group;
  }
  void send(std::size_t index, double from_s, GroundPoint place, double speed_m_s) {
    stage_.walkers()[index].goals.push_back({from_s, place, speed_m_s});
  }
  void leave(std::size_t index, double from_s, double angle) {
    send(index, from_s, outside(angle), std::clamp(1.3 + 0.15 * gaussian(random_), 1.0, 1.7));
  }
  /// Everybody a way of their own.
  void part(const std::vector<std::size_t>& group, double from_s) {
    const double turned = random(0, 2 * kPi);
    for (std::size_t i = 0; i < group.size(); ++i) {
      const double angle = turned + 2 * kPi * static_cast<double>(i) / static_cast<double>(group.size());
      leave(group[i], from_s + random(0, 0.8), angle + random(-0.3, 0.3));
    }
  }
  /// Crosses the view, `count` people side by side.
  void pass(double from_s, int count) {
    const bool to_right = random(0, 1) < 0.5;
    const double y = random(near_m_, far_m_ + 4);
    const double speed = std::clamp(1.3 + 0.15 * gaussian(random_), 1.0, 1.7);
    for (int i = 0; i < count; ++i) {
      const double row = y + 0.75 * i;
      Walker& walker = stage_.add({to_right ? -18.0 : 18.0, row}, from_s);
      walker.goals.push_back({0, {to_right ? 25.0 : -25.0, row + random(-0.3, 0.3)}, speed});
    }
  }
  void pass_through(double from_s, GroundPoint place) {
    const double angle = random(0, kPi);
    Walker& walker = stage_.add(outside(angle), from_s);
    const GroundPoint beside = place + GroundPoint{random(-1.2, 1.2), random(-1.2, 1.2)};
    walker.goals.push_back({0, beside + 2.0 * (beside - walker.place), 1.3});
  }

  Stage& stage() { return stage_; }
  double middle_y() const { return (near_m_ + far_m_) / 2; }

 private:
  Stage& stage_;
  std::mt19937_64& random_;
  double near_m_;
  double far_m_;
};

std::vector<GroundPoint> line_up(GroundPoint head, GroundPoint direction, int count, double gap_m) {
  std::vector<GroundPoint> slots;
  for (int i = 0; i < count; ++i) slots.push_back(head + gap_m * i * direction);
  return slots;
}

void play_queue(Director& director, double gap_m) {
  const double angle = director.random(-0.6, 0.6);
  const GroundPoint direction{std::cos(angle), std::sin(angle)};
  const auto slots = line_up(director.middle(-2), direction, director.random_count(4, 6), gap_m);
  const auto group = director.gather(slots, director.random(10, 13), 5);
  double time_s = director.random(24, 30);
  for (std::size_t served = 0; served < 2; ++served, time_s += director.random(16, 20)) {
    director.leave(group[served], time_s, director.random(0, kPi));
    for (std::size_t i = served + 1; i < group.size(); ++i) {
      director.send(group[i], time_s + 0.4 * static_cast<double>(i), slots[i - served - 1], 0.8);
    }
  }
}

void play_merging(Director& director) {
  // A ring here, a ring beside it, and then one shuffles over: too slowly to count as walking.
  const GroundPoint center = director.middle(-1.3);
  const GroundPoint beside = center + GroundPoint{4.2, director.random(-0.5, 0.5)};
  director.gather(director.ring(center, director.random_count(3, 5)), director.random(10, 12), 2);
  const auto slots = director.ring(beside, director.random_count(3, 5));
  const auto group = director.gather(slots, director.random(10, 12), 2);
  const double start_s = director.random(26, 32);
  for (std::size_t i = 0; i < group.size(); ++i) {
    director.send(group[i], start_s, slots[i] + GroundPoint{-2.3, 0}, 0.4);
  }
}

void play_splitting(Director& director) {
  const GroundPoint center = director.middle(-0.8);
  const auto slots = director.ring(center, director.random_count(7, 9));
  const auto group = director.gather(slots, director.random(9, 11), 3);
  const double start_s = director.random(28, 34);
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (slots[i].x > center.x) director.send(group[i], start_s, slots[i] + GroundPoint{3, 0}, 0.45);
  }
}

void play_standing(Director& director, SceneKind kind) {
  const GroundPoint center = director.middle();
  const int count = director.random_count(3, 8);
  const auto group = director.gather(director.ring(center, count), director.random(9, 14), director.random(0.5, 4));
  if (kind == SceneKind::restless) {
    for (const auto index : group) director.stage().walkers()[index].restless_m = 0.45;
  }
  if (kind == SceneKind::walked_by) {
    for (int i = 0; i < 8; ++i) director.pass_through(director.random(5, 50), center);
  }
  if (kind == SceneKind::thinning) {
    double time_s = director.random(34, 38);
    for (const auto index : group) {
      director.leave(index, time_s, director.random(0, 2 * kPi));
      time_s += director.random(4, 6);
    }
  } else if (kind == SceneKind::moving_off) {
    const double angle = director.random(0, kPi);
    for (const auto index : group) director.leave(index, 45, angle);
  } else if (kind == SceneKind::brief) {
    director.part(group, director.random(24, 28));
  } else if (kind == SceneKind::too_short) {
    director.part(group, director.random(15, 17));
  } else {
    director.part(group, director.random(46, 58));
  }
}

void play(Director& director, SceneKind kind) {
  // Somebody always passes: from them the ruler learns how tall people are in the picture.
  for (int i = director.random_count(3, 6); i > 0; --i) director.pass(director.random(0, 60), 1);
  switch (kind) {
    case SceneKind::passing:
      for (int i = 0; i < 5; ++i) director.pass(director.random(0, 55), director.random_count(2, 4));
      break;
    case SceneKind::merging:
      return play_merging(director);
    case SceneKind::splitting:
      return play_splitting(director);
    case SceneKind::two_crowds:
      for (const double side : {-2.6, 2.6}) {
        const auto slots = director.ring(director.middle(side), director.random_count(3, 6));
        const auto group = director.gather(slots, director.random(9, 16), director.random(0.5, 4));
        director.part(group, director.random(40, 58));
      }
      break;
    case SceneKind::queue:
      return play_queue(director, 0.85);
    case SceneKind::loose_queue:
      return play_queue(director, 1.9);
    case SceneKind::pairs:
      for (const double side : {-3.2, 0.0, 3.2}) {
        const GroundPoint place{side, director.middle_y()};
        director.gather({place, place + GroundPoint{0.5, 0.5}}, director.random(9, 14), 2);
      }
      break;
    default:
      play_standing(director, kind);
  }
}

constexpr std::array<SimulatedCamera, 4> kCameras{{
    {"door", 1280, 720, 2.8, 14, 70, 25},
    {"shop", 640, 480, 3.5, 22, 62, 25},
    {"yard", 1280, 720, 5, 28, 85, 25},
    {"mast", 1920, 1080, 7, 33, 78, 25},
}};
constexpr std::array<double, 6> kRates{5, 8, 10, 15, 25, 30};

struct Pinhole {
  explicit Pinhole(const SimulatedCamera& of)
      : camera(of), focal_px(of.width / 2.0 / std::tan(of.view_angle_deg / 360 * kPi)), tilt(of.tilt_deg * kPi / 180) {}

  std::optional<vision::PixelPoint> project(GroundPoint place, double up_m) const {
    const double below = camera.height_m - up_m;
    const double depth = place.y * std::cos(tilt) + below * std::sin(tilt);
    if (depth < 0.5) return std::nullopt;
    const double down = below * std::cos(tilt) - place.y * std::sin(tilt);
    return vision::PixelPoint{static_cast<float>(camera.width / 2.0 + focal_px * place.x / depth),
                              static_cast<float>(camera.height / 2.0 + focal_px * down / depth)};
  }

  const SimulatedCamera& camera;
  double focal_px;
  double tilt;
};

std::optional<TruePerson> seen(const Walker& walker, const Pinhole& pinhole) {
  const auto feet = pinhole.project(walker.place, 0);
  const auto head = pinhole.project(walker.place, walker.height_m);
  if (!feet || !head) return std::nullopt;
  const float height = feet->y - head->y;
  const float width = 0.4F * height;
  const vision::PixelBox box{feet->x - width / 2, head->y, width, height};
  const bool whole_in_picture = box.left > 2 && box.top > 2 &&
                                box.right() < static_cast<float>(pinhole.camera.width - 2) &&
                                box.bottom() < static_cast<float>(pinhole.camera.height - 2);
  if (!whole_in_picture || height < 20) return std::nullopt;
  return TruePerson{walker.id, walker.place, box};
}

}  // namespace

std::string_view calibration_name(Calibration calibration) {
  constexpr std::array<std::string_view, 3> kNames{"homography", "view angle", "nothing"};
  return kNames[static_cast<std::size_t>(calibration)];
}

std::string_view scene_name(SceneKind kind) {
  constexpr std::array<std::string_view, kSceneKinds> kNames{
      "stay",       "brief", "passing",     "too_short", "restless",  "merging",    "splitting",
      "two_crowds", "queue", "loose_queue", "thinning",  "walked_by", "moving_off", "pairs"};
  return kNames[static_cast<std::size_t>(kind)];
}

Scene simulate_scene(SceneKind kind, std::uint64_t seed) {
  std::mt19937_64 random(seed * 1'000'003 + static_cast<std::uint64_t>(kind));
  Scene scene;
  scene.kind = kind;
  scene.camera = kCameras[static_cast<std::size_t>(whole(random, 0, kCameras.size() - 1))];
  scene.camera.frames_per_second = kRates[static_cast<std::size_t>(whole(random, 0, kRates.size() - 1))];
  Stage stage(random);
  Director director(stage, random, 1.8 * scene.camera.height_m + 2.5, 1.8 * scene.camera.height_m + 6);
  play(director, kind);

  const Pinhole pinhole(scene.camera);
  const double frame_s = 1 / scene.camera.frames_per_second;
  const int steps = static_cast<int>(std::ceil(frame_s / kStepSeconds));
  const int frames = static_cast<int>(kSceneSeconds * scene.camera.frames_per_second);
  for (int frame = 0; frame < frames; ++frame) {
    TrueFrame& now = scene.frames.emplace_back();
    now.time = media::from_seconds(frame * frame_s);
    for (const auto& walker : stage.walkers()) {
      if (!Stage::present(walker, frame * frame_s)) continue;
      if (const auto person = seen(walker, pinhole)) now.people.push_back(*person);
    }
    for (int i = 0; i < steps; ++i) stage.step(frame * frame_s + i * frame_s / steps, frame_s / steps);
  }
  return scene;
}

CrowdConfig config_for(const SimulatedCamera& camera, Calibration calibration) {
  CrowdConfig config;
  config.enabled = true;
  if (calibration == Calibration::view_angle) config.view_angle_deg = static_cast<float>(camera.view_angle_deg);
  if (calibration != Calibration::homography) return config;
  const Pinhole pinhole(camera);
  config.ground_width_m = 4;
  config.ground_depth_m = 5;
  const double near_m = 1.5 * camera.height_m + 3;
  for (const auto& corner : {GroundPoint{-2, near_m}, {2, near_m}, {2, near_m + 5}, {-2, near_m + 5}}) {
    const auto point = pinhole.project(corner, 0);
    config.ground.push_back(
        {point->x / static_cast<float>(camera.width), point->y / static_cast<float>(camera.height)});
  }
  return config;
}

NoisyView::NoisyView(const CrowdNoise& noise, std::uint64_t seed) : noise_(noise), random_(seed) {}

double NoisyView::normal(double sigma) {
  return sigma * gaussian(random_);
}
bool NoisyView::chance(double share) {
  return uniform(random_, 0, 1) < share;
}
bool NoisyView::drops_frame() {
  return chance(noise_.dropped_frames);
}

vision::PixelBox NoisyView::noisy(const vision::PixelBox& box) {
  const double sigma = noise_.box_sigma * box.height;
  const auto feet = box.bottom_center();
  const float height = std::max(box.height + static_cast<float>(normal(sigma)), 4.F);
  const float width = std::max(box.width + static_cast<float>(normal(sigma)), 2.F);
  const float x = feet.x + static_cast<float>(normal(sigma));
  const float y = feet.y + static_cast<float>(normal(sigma));
  return {x - width / 2, y - height, width, height};
}

std::vector<track::Track> NoisyView::tracks(const TrueFrame& frame) {
  const auto track_of = [this](std::uint64_t person) -> std::uint64_t& {
    for (auto& [known, track] : tracks_) {
      if (known == person) return track;
    }
    return tracks_.emplace_back(person, ++last_track_).second;
  };
  std::vector<const TruePerson*> sighted;
  for (const auto& person : frame.people) {
    if (!chance(noise_.misses)) sighted.push_back(&person);
  }
  for (const auto* person : sighted) {
    if (!chance(noise_.id_switches)) continue;
    const TruePerson* nearest = nullptr;
    double nearest_m = 1.5;
    for (const auto& other : frame.people) {
      const double apart_m = distance_m(person->ground, other.ground);
      if (other.id == person->id || apart_m >= nearest_m) continue;
      nearest = &other;
      nearest_m = apart_m;
    }
    if (nearest != nullptr && chance(0.5)) {
      const std::uint64_t theirs = track_of(nearest->id);
      track_of(nearest->id) = track_of(person->id);
      track_of(person->id) = theirs;
    } else {
      track_of(person->id) = ++last_track_;
    }
  }
  std::vector<track::Track> tracks;
  for (const auto* person : sighted) {
    track::Track& track = tracks.emplace_back();
    track.id = track_of(person->id);
    track.state = track::TrackState::confirmed;
    track.score = 0.8F;
    track.box = noisy(person->box);
    track.last_seen = frame.time;
  }
  return tracks;
}

std::vector<infer::Detection> NoisyView::detections(const TrueFrame& frame) {
  std::vector<infer::Detection> detections;
  for (const auto& person : frame.people) {
    if (chance(noise_.misses)) continue;
    infer::Detection& detection = detections.emplace_back();
    detection.box = noisy(person.box);
    detection.score = static_cast<float>(uniform(random_, 0.6, 0.95));
  }
  return detections;
}

}  // namespace ocelli::events::testing
