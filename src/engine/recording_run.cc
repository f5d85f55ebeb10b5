#include "engine/recording_run.h"

#include <pthread.h>
#include <utility>

#include "events/event_json.h"

namespace ocelli::engine {
namespace {

// Some two seconds of a busy camera: frames, events and packets together.
constexpr std::size_t kMostWaiting = 512;
// Two threads look for room and then push without asking again.
constexpr std::size_t kSpareRoom = 16;

}  // namespace

base::Result<std::unique_ptr<RunRecorder>> RunRecorder::create(const RunRecording& config, const base::Logger& logger,
                                                               base::Metrics& metrics) {
  OC_TRY(auto segments, RecordingSegments::create(config.folder, config.header, config.bounds));
  return std::unique_ptr<RunRecorder>(new RunRecorder(config, std::move(segments), logger, metrics));
}

RunRecorder::RunRecorder(const RunRecording& config, std::unique_ptr<RecordingSegments> segments,
                         const base::Logger& logger, base::Metrics& metrics)
    : config_(config),
      logger_(logger.for_camera(config.header.camera)),
      lost_(metrics.counter("ocelli_replay_recording_lost_total",
                            "Frames, events and packets for which a recording for replay had no room",
                            {{"camera", config.header.camera}})),
      failures_(metrics.counter("ocelli_replay_recording_failures_total",
                                "Recordings for replay that ended with an error", {{"camera", config.header.camera}})),
      queue_(kMostWaiting + kSpareRoom, base::OverflowPolicy::block),
      segments_(std::move(segments)),
      thread_([this] { run(); }) {}

RunRecorder::~RunRecorder() {
  [[maybe_unused]] const auto told = close();
}

base::Status RunRecorder::close() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
  return failure();
}

base::Status RunRecorder::failure() const {
  const base::MutexLock lock(mutex_);
  if (failure_) return *failure_;
  return {};
}

void RunRecorder::connected(const media::Source& source, media::MediaTime origin) {
  auto format = media::ClipFormat::of(source);
  {
    const base::MutexLock lock(mutex_);
    records_packets_ = format.has_value();
    missing_.packets = false;
  }
  if (format) {
    queue_.push(Connection{*std::move(format), origin});
  } else {
    logger_.warn("the recording has no packets, so another model cannot be tried on it",
                 {{"reason", format.error().message()}});
  }
}

void RunRecorder::disconnected() {
  queue_.push(ClipEnds{});
}

void RunRecorder::add(const media::Packet& packet) {
  bool resumes = false;
  {
    const base::MutexLock lock(mutex_);
    if (!records_packets_ || failure_) return;
    if (!has_room()) missing_.packets = true;
    if (missing_.packets && (!has_room() || !packet.is_key())) {
      lost_.add();
      return;
    }
    resumes = std::exchange(missing_.packets, false);
  }
  if (resumes) queue_.push(ClipEnds{});
  if (auto handle = packet.share()) {
    queue_.push(*std::move(handle));
    return;
  }
  lost_.add();
  const base::MutexLock lock(mutex_);
  missing_.packets = true;
}

bool RunRecorder::has_room() const {
  return config_.duty == RunRecording::Duty::whole || queue_.depth() < kMostWaiting;
}

base::Status RunRecorder::log(LogItem item) {
  std::uint64_t lost_before = 0;
  {
    const base::MutexLock lock(mutex_);
    if (failure_) {
      if (config_.duty == RunRecording::Duty::whole) return *failure_;
      return {};
    }
    if (!has_room()) {
      ++missing_.frames;
      lost_.add();
      return {};
    }
    lost_before = std::exchange(missing_.frames, 0);
  }
  if (lost_before > 0) {
    logger_.warn("a replay recording lost frames: the disk is too slow", {{"frames_and_events", lost_before}});
    queue_.push(LogItem{encode_record(RecordedGap{lost_before}), {}});
  }
  queue_.push(std::move(item));
  return {};
}

base::Status RunRecorder::accept(const media::FrameInfo& frame, std::span<const infer::Detection> detections) {
  return log({encode_record(RecordedFrame{frame, {detections.begin(), detections.end()}}), frame.time});
}

base::Status RunRecorder::accept(const events::Event& event) {
  return log({encode_record(RecordedEvent{events::to_cloud_event(event)}), {}});
}

base::Status RunRecorder::accept_end() {
  return log({encode_record(RecordedEnd{RecordedEnd::Reason::finished}), {}});
}

void RunRecorder::run() {
  pthread_setname_np(pthread_self(), "recording");
  base::Status status;
  while (auto item = queue_.pop()) {
    if (!status) continue;  // whoever brings more need not wait
    status = write(*item);
    if (!status) {
      logger_.error("replay recording ended", {{"reason", status.error().message()}});
      failures_.add();
      const base::MutexLock lock(mutex_);
      failure_ = status.error();
    }
    tell_if_full();
  }
  if (!status) return;
  if (auto finished = segments_->finish(); !finished) {
    failures_.add();
    const base::MutexLock lock(mutex_);
    failure_ = std::move(finished).error();
  }
}

base::Status RunRecorder::write(const Item& item) {
  if (const auto* record = std::get_if<LogItem>(&item)) return segments_->write(record->encoded, record->time);
  if (const auto* packet = std::get_if<media::Packet>(&item)) return segments_->write(*packet);
  if (const auto* connection = std::get_if<Connection>(&item)) {
    OC_TRY_STATUS(segments_->end_clip());
    segments_->connect(connection->format, connection->origin);
    return {};
  }
  return segments_->end_clip();
}

void RunRecorder::tell_if_full() {
  if (full_told_ || !segments_->is_full()) return;
  full_told_ = true;
  logger_.warn("the recording is full: what follows is not in it", {{"folder", config_.folder}});
}

}  // namespace ocelli::engine
