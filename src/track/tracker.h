#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "infer/detection.h"
#include "media/media_time.h"
#include "track/camera_motion.h"
#include "track/ground_plane.h"
#include "track/looks.h"
#include "track/track.h"

namespace ocelli::track {

enum class ShakeCompensation {
  off,
  from_boxes,  ///< the objects' common surprise is the camera's (shift_estimator.h)
};

/// How looks decide where Tracker::update() is given an AppearanceSource.
struct AppearanceConfig {
  float contest_margin = 0.1F;  ///< pairs that differ by less, against the overlap's 1, are contested: looks decide
  float weight = 0.5F;          ///< of how much more (or less) than `same` two look alike, against the overlap's 1
  float same = 0.6F;            ///< likeness (cosine) from which two are taken for one: it depends on the model
  std::chrono::milliseconds refresh{2'000};  ///< who is clearly seen is looked at again after this time
};

/// The defaults are the preset "default" (presets.h).
struct TrackerConfig {
  float high_score = 0.4F;           ///< detections from here up may begin tracks and are matched first
  float low_score = 0.1F;            ///< detections from here up may only continue tracks (ByteTrack's second stage)
  float begin_score = 0.5F;          ///< a new track needs at least this
  float min_iou_first = 0.2F;        ///< association gate on overlap times score, first stage (high scores)
  float min_iou_second = 0.6F;       ///< association gate on overlap, second stage (low scores)
  float min_iou_other_class = 0.5F;  ///< likewise, for what is left, of another class; 1: never
  int confirm_hits = 3;  ///< detections until a tentative track is confirmed; two suffice if half a second apart
  std::chrono::milliseconds keep_lost{2'000};  ///< a lost track is remembered for this long
  float direction_weight = 0.1F;               ///< of going straight on, against the overlap's 1; first stage
  float score_change_weight = 0.4F;            ///< of a score unlike the track's, against the overlap's 1
  float doubt = 3;  ///< a detection's box is taken for 1 + doubt × (0.9 - score) times as far off as usual
  ShakeCompensation shake = ShakeCompensation::from_boxes;
  AppearanceConfig appearance;
  /// Group of each class id, for classes that a detector confuses, such as car and truck: a track goes on with any
  /// class of its own group, and with another's only where nothing else explains either (min_iou_other_class). Classes
  /// past the end are groups of their own.
  std::vector<int> class_groups;
};

/// Follows objects from frame to frame: constant-velocity Kalman filter per object, association in stages (sure
/// detections with what is known, unsure ones with what was just seen, sure ones with what is new; then what is left of
/// other classes: an object stays what it is when the detector changes its mind) with an optimal assignment per stage.
/// Correct for any, and for varying, time between frames. Deterministic. One thread at a time. Sources: Bewley et al.,
/// "Simple online and realtime tracking", ICIP 2016; Zhang et al., "ByteTrack", ECCV 2022; those of the cues stand in
/// likeness.cc.
///
/// Looks, where somebody can tell them, are asked for where they decide something: of sure detections that could as
/// well be another known track's, or of which a known track could as well take another (contest.h), and of who is about
/// to get a new id near where somebody was lost. To compare with, each confirmed track is looked at once it is clearly
/// seen, and again every `refresh`. Nobody is asked about who is hidden, small or unsure.
class Tracker {
 public:
  /// `ground` is what the camera sees of it, where somebody measured that: then nobody continues a track who stands
  /// where the tracked person cannot have walked.
  explicit Tracker(const TrackerConfig& config, std::optional<GroundPlane> ground = std::nullopt);
  ~Tracker();
  Tracker(Tracker&&) noexcept;
  Tracker& operator=(Tracker&&) noexcept;

  struct Update {
    std::vector<Track> tracks;  ///< confirmed and lost ones after this frame, by ascending id
    std::vector<Track> ended;   ///< those that were forgotten with this frame; they were confirmed once
  };

  /// Times should increase from call to call; where they do not, no time is taken to have passed. `camera` is how the
  /// picture moved since the last call, where somebody measured it. `appearance` may be null; it is asked in this call
  /// only.
  Update update(media::MediaTime time, std::span<const infer::Detection> detections, const CameraMotion& camera = {},
                AppearanceSource* appearance = nullptr);
  /// The stream is over: what is still followed ends now.
  std::vector<Track> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ocelli::track
