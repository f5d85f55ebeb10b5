#include "serve/live_view.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "base/suggest.h"
#include "events/event_json.h"
#include "serve/annotate.h"

namespace ocelli::serve {
namespace {

constexpr std::chrono::seconds kRateWindow{2};
constexpr std::size_t kMaxArrivals = 512;

/// Frames per second from the times of the last arrivals; 0 when nothing came within the window.
class RateMeter {
 public:
  void arrived(base::SteadyTime now) {
    times_.push_back(now);
    while (times_.size() > kMaxArrivals || now - times_.front() > kRateWindow) times_.pop_front();
  }

  double per_second(base::SteadyTime now) const {
    if (times_.size() < 2 || now - times_.back() > kRateWindow) return 0;
    const double span_s = std::chrono::duration<double>(times_.back() - times_.front()).count();
    return span_s > 0 ? static_cast<double>(times_.size() - 1) / span_s : 0;
  }

 private:
  std::deque<base::SteadyTime> times_;
};

std::string run_name(base::WallTime start) {
  return fmt::format("{:x}", std::chrono::duration_cast<std::chrono::microseconds>(start.time_since_epoch()).count());
}

}  // namespace

struct LiveView::Camera {
  explicit Camera(LiveCamera wanted) : config(std::move(wanted)) {}

  const LiveCamera config;
  std::atomic<std::uint64_t> events = 0;

  mutable base::Mutex mutex;
  media::FramePtr frame OC_GUARDED_BY(mutex);
  std::vector<track::Track> tracks OC_GUARDED_BY(mutex);
  std::uint64_t generation OC_GUARDED_BY(mutex) = 0;
  std::optional<base::SteadyTime> newest OC_GUARDED_BY(mutex);
  RateMeter rate OC_GUARDED_BY(mutex);

  base::Mutex drawing;  // taken before `mutex`; held while one asker draws, so that the others find the picture done
  std::unique_ptr<media::JpegEncoder> encoder OC_GUARDED_BY(drawing);
  PicturePtr picture OC_GUARDED_BY(drawing);
};

LiveView::LiveView(const Config& config, base::Clock& clock, base::Metrics& metrics)
    : config_(config),
      clock_(clock),
      pictures_drawn_(
          metrics.counter("ocelli_live_pictures_drawn_total", "Annotated pictures drawn and encoded for viewers")),
      events_(config.max_events, run_name(clock.wall_now())) {}

LiveView::~LiveView() = default;

void LiveView::add_camera(LiveCamera camera) {
  auto added = std::make_shared<Camera>(std::move(camera));
  const base::MutexLock lock(mutex_);
  const auto same = std::find_if(cameras_.begin(), cameras_.end(),
                                 [&](const auto& other) { return other->config.name == added->config.name; });
  if (same == cameras_.end()) {
    cameras_.push_back(std::move(added));
  } else {
    std::swap(*same, added);
  }
}

void LiveView::remove_camera(const std::string& name) {
  std::shared_ptr<Camera> removed;  // dies after the lock is given back
  const base::MutexLock lock(mutex_);
  const auto found =
      std::find_if(cameras_.begin(), cameras_.end(), [&](const auto& camera) { return camera->config.name == name; });
  if (found == cameras_.end()) return;
  removed = std::move(*found);
  cameras_.erase(found);
}

void LiveView::set_listener(std::shared_ptr<LiveListener> listener) {
  const base::MutexLock lock(mutex_);
  std::swap(listener_, listener);
}

base::Status LiveView::accept(const events::Event& event) {
  const std::shared_ptr<Camera> camera = find(event.camera);
  if (!camera) return {};
  ++camera->events;
  events_.push(event.camera, events::to_cloud_event(event));
  std::shared_ptr<LiveListener> listener;
  {
    const base::MutexLock lock(mutex_);
    listener = listener_;
  }
  if (listener) listener->on_event();
  return {};
}

base::Status LiveView::accept(const events::FrameTracks& tracks) {
  const std::shared_ptr<Camera> camera = find(tracks.camera);
  if (!camera) return {};
  media::FramePtr frame = tracks.frame;
  std::vector<track::Track> copy(tracks.tracks.begin(), tracks.tracks.end());
  const base::SteadyTime now = clock_.now();
  {
    const base::MutexLock lock(camera->mutex);
    std::swap(camera->frame, frame);  // the previous frame is let go after the lock
    std::swap(camera->tracks, copy);
    ++camera->generation;
    camera->newest = now;
    camera->rate.arrived(now);
  }
  std::shared_ptr<LiveListener> listener;
  {
    const base::MutexLock lock(mutex_);
    listener = listener_;
  }
  if (listener) listener->on_frame(tracks.camera);
  return {};
}

std::vector<CameraOverview> LiveView::cameras() const {
  std::vector<std::shared_ptr<Camera>> all;
  {
    const base::MutexLock lock(mutex_);
    all = cameras_;
  }
  std::vector<CameraOverview> overviews;
  for (const auto& camera : all) {
    CameraOverview overview;
    overview.name = camera->config.name;
    overview.status = camera->config.status();
    overview.events = camera->events;
    const base::SteadyTime now = clock_.now();
    const base::MutexLock lock(camera->mutex);
    overview.frames_per_second = camera->rate.per_second(now);
    if (camera->newest) overview.staleness_s = std::chrono::duration<double>(now - *camera->newest).count();
    overview.tracks = camera->tracks.size();
    overviews.push_back(std::move(overview));
  }
  return overviews;
}

base::Result<CameraTracks> LiveView::tracks(const std::string& name) const {
  OC_TRY(const auto camera, require(name));
  CameraTracks result;
  result.camera = name;
  result.labels = camera->config.labels;
  const base::MutexLock lock(camera->mutex);
  if (camera->frame) result.frame = camera->frame->info();
  result.tracks = camera->tracks;
  return result;
}

base::Result<std::uint64_t> LiveView::generation(const std::string& name) const {
  OC_TRY(const auto camera, require(name));
  const base::MutexLock lock(camera->mutex);
  return camera->generation;
}

base::Result<PicturePtr> LiveView::picture(const std::string& name) {
  OC_TRY(const auto camera, require(name));
  const base::MutexLock drawing(camera->drawing);
  {
    const base::MutexLock lock(camera->mutex);
    if (!camera->frame) {
      return base::Error(base::Code::unavailable, fmt::format("camera '{}' has not delivered a picture yet", name));
    }
    if (camera->picture && camera->picture->generation == camera->generation) return camera->picture;
  }
  if (!camera->encoder) {
    OC_TRY(camera->encoder, media::JpegEncoder::create());
  }
  OC_TRY(camera->picture, draw(*camera, *camera->encoder));
  pictures_drawn_.add();
  return camera->picture;
}

base::Result<PicturePtr> LiveView::draw(const Camera& camera, media::JpegEncoder& encoder) const {
  media::FramePtr frame;
  std::vector<track::Track> tracks;
  auto picture = std::make_shared<Picture>();
  {
    const base::MutexLock lock(camera.mutex);
    frame = camera.frame;
    tracks = camera.tracks;
    picture->generation = camera.generation;
  }
  OC_TRY(const auto annotated, annotate(*frame, tracks, camera.config.rules, camera.config.labels));
  frame.reset();  // the camera gets its place in the pool back before the slow part begins
  OC_TRY(picture->jpeg, encoder.encode(*annotated, config_.jpeg_quality));
  return PicturePtr(std::move(picture));
}

std::shared_ptr<LiveView::Camera> LiveView::find(const std::string& name) const {
  const base::MutexLock lock(mutex_);
  for (const auto& camera : cameras_) {
    if (camera->config.name == name) return camera;
  }
  return nullptr;
}

base::Result<std::shared_ptr<LiveView::Camera>> LiveView::require(const std::string& name) const {
  if (auto camera = find(name)) return camera;
  std::vector<std::string> names;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& camera : cameras_) names.push_back(camera->config.name);
  }
  return base::Error(base::Code::not_found,
                     fmt::format("no camera is called '{}'{}", name, base::did_you_mean(name, names)));
}

}  // namespace ocelli::serve
