#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "infer/detection.h"
#include "track/box_filter.h"
#include "track/camera_motion.h"
#include "track/ground_filter.h"
#include "track/looks.h"
#include "track/track.h"

namespace ocelli::track {

/// An object that is followed, with what the reported Track does not show. A value; one thread at a time.
class Target {
 public:
  Target(const infer::Detection& detection, media::MediaTime time);

  void predict(double dt_s);
  void follow(const CameraMotion& motion);
  void follow(vision::PixelPoint jump_px, vision::PixelPoint drift_px_s);
  /// Where it stands on the ground moved with the picture, too.
  void follow_on(const GroundPlane& ground, const CameraMotion& motion);

  /// It is seen now; a detection that the detector doubts moves the filter less, `noise` times as unsure as usual.
  void see(const infer::Detection& detection, media::MediaTime time, double noise);
  void stand(const Footing& seen);
  /// Whether that is within what people can have walked; true where nobody knows where it stood.
  bool may_stand(const Footing& there) const;
  /// It was not seen in this frame: it is lost, if it was confirmed before.
  void miss();
  /// It is seen and believed; `id` counts where it has none yet.
  void confirm(std::uint64_t id);
  /// It is who was lost as `before`: id, beginning, looks and what it was taken for go on.
  void go_on_as(const Target& before);

  TrackState state() const { return track_.state; }
  int class_id() const { return track_.class_id; }
  media::MediaTime first_seen() const { return track_.first_seen; }
  media::MediaTime last_seen() const { return track_.last_seen; }
  int hits() const { return hits_; }
  bool seen_now() const { return seen_now_; }
  vision::PixelBox box() const { return filter_.box(); }
  const infer::Detection& newest() const { return newest_; }
  Looks& looks() { return looks_; }
  const Looks& looks() const { return looks_; }
  Track snapshot() const;

  float last_score() const { return track_.score; }
  /// The score that the next detection should have if it goes on as between the last two.
  float expected_score() const;
  /// How well going to `point` goes on in the direction of late: 1 straight on, 0 to the side, -1 back.
  float straightness(vision::PixelPoint point) const;

 private:
  struct Sighting {
    media::MediaTime time;
    vision::PixelPoint center;
  };

  void count(const infer::Detection& detection, media::MediaTime time);
  void vote(int class_id, double score);
  void judge(float score);
  const Sighting& sighting(std::size_t ago) const { return sightings_[(last_sighting_ - ago) % sightings_.size()]; }
  /// The newest sighting that is old enough to tell a direction from noise, or the oldest kept.
  const Sighting& anchor() const;

  BoxFilter filter_;
  std::optional<GroundFilter> ground_filter_;
  Track track_;  // box and velocity live in the filter
  infer::Detection newest_;
  Looks looks_;
  int hits_ = 0;
  bool seen_now_ = false;
  double step_s_ = 0;  // since the frame before
  float score_before_ = 0;
  std::vector<std::pair<int, double>> votes_;  // class, summed score
  std::array<Sighting, 8> sightings_{};        // ring, as many as hits
  std::size_t last_sighting_ = sightings_.size() - 1;
};

}  // namespace ocelli::track
