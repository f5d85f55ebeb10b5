#include "engine/pipeline.h"

#include <chrono>
#include <utility>

#include "media/download.h"

namespace ocelli::engine {
namespace {

using base::Code;
using SteadyClock = std::chrono::steady_clock;  // measures the machine, so not the injected clock

/// Adds the time of its own scope to a sum.
class Stopwatch {
 public:
  explicit Stopwatch(std::chrono::nanoseconds& sum) : sum_(sum), begin_(SteadyClock::now()) {}
  ~Stopwatch() { sum_ += SteadyClock::now() - begin_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::chrono::nanoseconds& sum_;
  SteadyClock::time_point begin_;
};

/// Its class groups are the model's.
SceneConfig scene_of(const StreamConfig& config, const infer::Detector& detector) {
  SceneConfig scene{config.name, config.labels, config.tracker, config.rules, detector.labels()};
  scene.tracker.class_groups = detector.class_groups();
  return scene;
}

/// A stream that is thinned has no picture of its own to miss.
std::vector<events::TrackSink*> sinks_of_placeholders(const StreamConfig& config, const StreamServices& services) {
  std::vector<events::TrackSink*> sinks;
  for (auto* sink : services.track_sinks) {
    if (config.max_fps == 0 && sink->shows_placeholders()) sinks.push_back(sink);
  }
  return sinks;
}

}  // namespace

Pipeline::Pipeline(const StreamConfig& config, std::unique_ptr<infer::Detector> detector,
                   const StreamServices& services, media::FramePool& pool, Overloaded overloaded,
                   DetectionSink* detections)
    : config_(config),
      services_(services),
      pool_(pool),
      overloaded_(std::move(overloaded)),
      detections_(detections),
      logger_(services.logger.for_camera(config.name)),
      damage_gate_(config.damage_credit),
      gate_(config.max_fps),
      detector_(std::move(detector)),
      scene_(scene_of(config, *detector_)),
      placeholders_(config.name, sinks_of_placeholders(config, services), pool),
      inference_seconds_(services.metrics.histogram("ocelli_inference_seconds", "Duration of one model run",
                                                    {{"camera", config.name}})),
      decode_delay_seconds_(services.metrics.histogram("ocelli_decode_delay_seconds",
                                                       "From the arrival of a packet to its decoded picture",
                                                       {{"camera", config.name}})),
      frames_downloaded_(services.metrics.counter("ocelli_frames_downloaded_total",
                                                  "Frames copied from a decoding device into memory",
                                                  {{"camera", config.name}})) {}

base::Status Pipeline::change_decoder(std::unique_ptr<media::Decoder> decoder) {
  if (decoder_) {
    OC_TRY_STATUS(decoder_->drain());
    OC_TRY_STATUS(receive_frames());
  }
  decoder_ = std::move(decoder);
  if (decoder_ && last_decoded_) decoder_->continue_after(*last_decoded_);
  return {};
}

base::Status Pipeline::consume(const media::Packet& packet) {
  const Stopwatch total(counts_.total_time);
  bool sent = false;
  while (!sent) {
    base::Status status;
    {
      const Stopwatch decode(counts_.decode_time);
      const base::TraceSpan span(services_.tracer, "decode");
      status = decoder_->send(packet);
    }
    sent = status || status.error().code() != Code::exhausted;  // exhausted: it wants to give frames first
    if (sent && !status) ++counts_.packets_corrupt;
    OC_TRY_STATUS(receive_frames());
  }
  if (packet.ends_run()) {
    OC_TRY_STATUS(decoder_->drain());
    OC_TRY_STATUS(receive_frames());
  }
  return {};
}

base::Status Pipeline::receive_frames() {
  while (true) {
    base::Result<media::FramePtr> frame = [this] {
      const Stopwatch decode(counts_.decode_time);
      const base::TraceSpan span(services_.tracer, "decode");
      return decoder_->receive();
    }();
    if (frame) {
      ++counts_.frames_decoded;
      last_decoded_ = (*frame)->info();
      counts_.width = last_decoded_->width;
      counts_.height = last_decoded_->height;
      decode_delay_seconds_.observe_s(
          std::chrono::duration<double>(services_.clock.now() - last_decoded_->arrived).count());
      OC_TRY_STATUS(admit(*frame));
      continue;
    }
    switch (frame.error().code()) {
      case Code::need_input:
      case Code::end_of_stream:
        return {};
      case Code::corrupt:
        ++counts_.packets_corrupt;
        break;
      case Code::exhausted:
        ++counts_.frames_dropped;
        break;  // no room for this one: whoever holds frames loses
      default:
        return std::move(frame).error();
    }
  }
}

base::Status Pipeline::admit(const media::FramePtr& frame) {
  if (config_.from && frame->time() < *config_.from) return {};
  if (config_.to && frame->time() > *config_.to) return base::Error(Code::end_of_stream, "the end of the time window");
  if (!is_whole_enough(*frame) || !gate_.admit(frame->time())) return {};
  if (overloaded_()) {
    ++counts_.frames_dropped;
    return {};
  }
  const auto in_memory = media::download(frame, pool_, frames_downloaded_);
  if (in_memory) return analyse(*in_memory);
  ++counts_.frames_dropped;  // the pool is dry, or the device gone: then the decoder meets that too, and tells why
  return {};
}

/// Who shows pictures one after the other gets the last whole one again in place of those that are left out.
bool Pipeline::is_whole_enough(const media::Frame& frame) {
  const bool took_damaged = damage_gate_.takes_damaged();
  const bool is_admitted = damage_gate_.admit(frame.info());
  if (damage_gate_.takes_damaged() && !took_damaged) {
    logger_.warn("hardly a picture comes without damage: all are analysed as they are",
                 {{"remedy", "if packets are lost on the way: transport: tcp, or a better line to the camera"}});
  }
  if (is_admitted) return true;
  ++counts_.frames_damaged;
  placeholders_.note_lost(frame.time());
  return false;
}

base::Status Pipeline::analyse(const media::FramePtr& frame) {
  auto detected = detector_->detect(*frame, services_.tracer);
  if (!detected && (detected.error().code() == Code::exhausted || detected.error().code() == Code::timeout)) {
    ++counts_.frames_dropped;  // the model has too much to do: this camera loses a frame, not its life
    return {};
  }
  OC_TRY(auto detections, std::move(detected));
  const auto& times = detector_->last_times();
  counts_.preprocess_time += times.preprocess;
  counts_.inference_time += times.run;
  inference_seconds_.observe_s(std::chrono::duration<double>(times.run).count());

  OC_TRY_STATUS(delivered(placeholders_.show_before(frame->time())));
  if (detections_ != nullptr) OC_TRY_STATUS(delivered(detections_->accept(frame->info(), detections)));
  auto update = scene_.follow(frame->info(), std::move(detections));
  for (auto* sink : services_.track_sinks) {
    OC_TRY_STATUS(delivered(sink->accept({config_.name, frame, update.tracks})));
  }
  OC_TRY_STATUS(publish(scene_.judge(frame->info(), update)));
  placeholders_.keep(frame, std::move(update.tracks));
  ++counts_.frames_analysed;
  counts_.position = frame->time();
  return {};
}

base::Status Pipeline::publish(const events::Rules::Judgement& judgement) {
  for (const auto& miss : judgement.near_misses) {
    for (auto* sink : services_.event_sinks) OC_TRY_STATUS(delivered(sink->accept_near_miss(miss)));
  }
  for (const auto& event : judgement.events) {
    for (auto* sink : services_.event_sinks) OC_TRY_STATUS(delivered(sink->accept(event)));
    ++counts_.events;
    const std::string type(events::event_type_name(event.type));
    services_.metrics.counter("ocelli_events_total", "Events by type", {{"camera", config_.name}, {"type", type}})
        .add();
  }
  return {};
}

base::Status Pipeline::delivered(base::Status by_sink) {
  if (!by_sink) counts_.sink_failed = true;
  return by_sink;
}

base::Status Pipeline::finish(DelayedFrames delayed) {
  const Stopwatch total(counts_.total_time);
  if (delayed == DelayedFrames::analyse) {
    if (decoder_) OC_TRY_STATUS(change_decoder(nullptr));
    OC_TRY_STATUS(delivered(placeholders_.show_before(media::MediaTime::max())));
  }
  if (detections_ != nullptr) OC_TRY_STATUS(delivered(detections_->accept_end()));
  return publish(scene_.finish());
}

}  // namespace ocelli::engine
