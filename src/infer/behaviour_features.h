#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "media/media_time.h"
#include "vision/geometry.h"

namespace ocelli::infer {

/// Where somebody who is tracked was seen in a picture.
struct TrackedBox {
  std::int64_t track = 0;
  vision::PixelBox box;
};

/// What a track's boxes say at a step, by name and in this order; docs/behaviour.md has the units.
inline constexpr std::array<std::string_view, 23> kBehaviourFeatures = {"speed_0.4s",
                                                                        "speed_1s",
                                                                        "speed_3s",
                                                                        "straightness_3s",
                                                                        "path_speed_3s",
                                                                        "displacement_10s",
                                                                        "velocity_x",
                                                                        "velocity_y",
                                                                        "acceleration",
                                                                        "turn",
                                                                        "log_aspect",
                                                                        "log_height",
                                                                        "height_rate_0.4s",
                                                                        "height_rate_3s",
                                                                        "neighbour_distance",
                                                                        "neighbour_second",
                                                                        "neighbour_speed",
                                                                        "neighbour_closing",
                                                                        "neighbours_near",
                                                                        "neighbours_aligned",
                                                                        "crowd_speed",
                                                                        "unseen",
                                                                        "age"};

/// One track at one step.
struct BehaviourStep {
  std::int64_t track = 0;
  media::MediaTime time;
  bool first = false;  ///< nothing is known of this track before: a new one, or one that was out of sight for too long
  std::array<float, kBehaviourFeatures.size()> values{};
};

/// Turns the tracked boxes of one camera, at any frame rate, into features at a fixed rate of media time. At each whole
/// multiple of kStep a box is interpolated between those of the track before and after, or held where the newest frame
/// lacks the track; a track that is not seen for longer than kMostGap begins anew. Lengths are in body heights, so that
/// near and far people compare. Owns what it remembers of each track (ten seconds); one thread at a time. Fails never:
/// boxes without a size or that are no numbers, and all but the first of a track in one frame, are passed over.
class BehaviourFeatures {
 public:
  static constexpr std::chrono::milliseconds kStep{200};
  static constexpr std::chrono::milliseconds kMostGap{1000};

  /// A frame's boxes; `time` must be after that of the frame before, or the frame is passed over. The steps that became
  /// due, oldest first and tracks in ascending order; valid until the next call.
  std::span<const BehaviourStep> push(media::MediaTime time, std::span<const TrackedBox> boxes);

  /// Tracks that are remembered.
  std::size_t track_count() const { return tracks_.size(); }

 private:
  struct Point {
    double x = 0;
    double y = 0;
  };
  struct Box {
    double left = 0;
    double top = 0;
    double width = 0;
    double height = 0;
  };
  static constexpr std::size_t kHistory = 51;  // steps: ten seconds, and now

  /// What is known of a track: its newest box, and its past since it was last out of sight.
  struct Track {
    std::int64_t id = 0;
    bool was_seen = false;    ///< before the current frame
    media::MediaTime seen;    ///< when it was seen last, then
    Box box;                  ///< and where
    bool is_here = false;     ///< in the current frame
    Box here;                 ///< where, then
    std::size_t steps = 0;    ///< since it was out of sight
    double reference = 0;     ///< height that it usually has
    bool is_sampled = false;  ///< at the step at hand
    std::array<Point, kHistory> feet;
    std::array<double, kHistory> log_heights;

    std::size_t age(std::size_t lag) const;
    Point foot(std::size_t lag) const;
    Point velocity(std::size_t lag) const;
    Point velocity_before(std::size_t back, std::size_t lag) const;
    double height_rate(std::size_t lag) const;
  };

  void note(media::MediaTime time, std::span<const TrackedBox> boxes);
  void compute(media::MediaTime at, media::MediaTime frame);
  static void sample(Track& track, media::MediaTime at, media::MediaTime frame, BehaviourStep& step);
  static void add_own(const Track& track, const Box& box, double unseen_s, BehaviourStep& step);
  void add_neighbours(const Track& track, BehaviourStep& step) const;

  bool is_begun_ = false;
  media::MediaTime last_;      ///< the newest frame's
  std::vector<Track> tracks_;  ///< in ascending order of their ids
  std::vector<BehaviourStep> steps_;
};

}  // namespace ocelli::infer
