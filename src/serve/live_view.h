#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/stream.h"
#include "events/rules.h"
#include "events/sinks.h"
#include "media/frame.h"
#include "media/jpeg.h"
#include "serve/event_ring.h"
#include "track/track.h"

namespace ocelli::serve {

/// What the view must know of a camera besides its frames.
struct LiveCamera {
  std::string name;
  events::RulesConfig rules;                     ///< drawn into the picture
  std::vector<std::string> labels;               ///< class names by class id
  std::function<engine::StreamStatus()> status;  ///< called from any thread, must not block
};

/// How a camera does now.
struct CameraOverview {
  std::string name;
  engine::StreamStatus status;
  double frames_per_second = 0;       ///< analysed, measured over the last two seconds
  std::optional<double> staleness_s;  ///< since the newest frame; empty before the first
  std::size_t tracks = 0;             ///< in the newest frame
  std::uint64_t events = 0;           ///< since the camera was added
};

/// The tracks of the newest frame.
struct CameraTracks {
  std::string camera;
  std::optional<media::FrameInfo> frame;  ///< empty before the first frame
  std::vector<track::Track> tracks;
  std::vector<std::string> labels;
};

/// An annotated JPEG. Co-owned by the camera's cache and by the answers being written.
struct Picture {
  std::uint64_t generation = 0;  ///< of the frame that it shows
  media::Bytes jpeg;
};
using PicturePtr = std::shared_ptr<const Picture>;

/// Told that something new is there. Called from the cameras' strands: must only hand on, never block.
class LiveListener {
 public:
  virtual ~LiveListener() = default;
  virtual void on_frame(const std::string& camera) = 0;
  virtual void on_event() = 0;
};

/// What viewers may look at: of each camera the newest frame with its tracks, and a bounded ring of recent events of
/// all. accept() only swaps pointers. A picture is drawn and encoded when somebody asks for it, on the asker's thread,
/// at most once per frame. Holds one frame per camera, and a second one only while the pixels of a picture are copied.
/// Thread-safe; a camera that was never added or is removed is ignored by accept() and `not_found` elsewhere.
class LiveView final : public events::EventSink, public events::TrackSink {
 public:
  struct Config {
    std::size_t max_events = 1000;
    int jpeg_quality = 80;  ///< 1…100
  };

  /// All references outlive the view.
  LiveView(const Config& config, base::Clock& clock, base::Metrics& metrics);
  ~LiveView() override;

  /// A camera of the same name is replaced.
  void add_camera(LiveCamera camera) OC_EXCLUDES(mutex_);
  void remove_camera(const std::string& name) OC_EXCLUDES(mutex_);
  /// Null: nobody. A call already under way may still reach the previous listener, hence shared ownership.
  void set_listener(std::shared_ptr<LiveListener> listener) OC_EXCLUDES(mutex_);

  base::Status accept(const events::Event& event) override;
  base::Status accept(const events::FrameTracks& tracks) override;

  /// In the order in which they were added.
  std::vector<CameraOverview> cameras() const;
  base::Result<CameraTracks> tracks(const std::string& name) const;
  /// Counts the camera's frames: a new number is a new picture. 0 before the first frame.
  base::Result<std::uint64_t> generation(const std::string& name) const;
  /// The annotated newest frame; draws it unless that was done. `unavailable` before the first frame.
  base::Result<PicturePtr> picture(const std::string& name);

  const EventRing& events() const { return events_; }

 private:
  struct Camera;
  std::shared_ptr<Camera> find(const std::string& name) const OC_EXCLUDES(mutex_);
  base::Result<std::shared_ptr<Camera>> require(const std::string& name) const OC_EXCLUDES(mutex_);
  base::Result<PicturePtr> draw(const Camera& camera, media::JpegEncoder& encoder) const;

  const Config config_;
  base::Clock& clock_;
  base::Counter pictures_drawn_;
  EventRing events_;
  mutable base::Mutex mutex_;
  std::vector<std::shared_ptr<Camera>> cameras_ OC_GUARDED_BY(mutex_);  // co-owned by calls under way
  std::shared_ptr<LiveListener> listener_ OC_GUARDED_BY(mutex_);        // co-owned by calls under way
};

}  // namespace ocelli::serve
