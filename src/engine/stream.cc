#include "engine/stream.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "base/bounded_queue.h"
#include "base/mutex.h"
#include "base/suggest.h"
#include "engine/clip_recorder.h"
#include "engine/pipeline.h"
#include "engine/recorded_stream.h"
#include "engine/stream_life.h"
#include "engine/stream_metrics.h"
#include "engine/stream_reader.h"
#include "events/object.h"

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;
using base::StepOutcome;

constexpr std::size_t kPacketQueue = 64;
// With more packets than this waiting, a live frame is old news: it is decoded, since others predict from it, but not
// analysed. Whoever records a camera rather than watching it may fall behind further, as after the burst of an opening.
std::size_t late_backlog(Pace pace) {
  return pace == Pace::natural ? 3 : 32;
}

StreamConfig with_rate(StreamConfig config) {
  if (config.decode.level == media::DecodeLevel::automatic) config.decode.frames_per_second = config.max_fps;
  return config;
}

LifeConfig life_of(const StreamConfig& config) {
  LifeConfig life = config.life;
  life.first_open_timeout = config.source.timeout;
  life.shortest_open_timeout = std::min(life.shortest_open_timeout, life.first_open_timeout);
  return life;
}

/// Null where nothing is to be recorded.
std::unique_ptr<ClipRecorder> make_recorder(const StreamConfig& config, const StreamServices& services) {
  if (!config.record.enabled() || services.clips == nullptr) return nullptr;
  return std::make_unique<ClipRecorder>(config.record, config.name, *services.clips,
                                        services.logger.for_camera(config.name), services.metrics, services.on_clip);
}

StreamServices with_recorders(StreamServices services, ClipRecorder* clips, RunRecorder* run) {
  if (clips != nullptr) services.event_sinks.push_back(clips);
  if (run != nullptr) services.event_sinks.push_back(run);
  return services;
}

class PipelineStream final : public Stream {
 public:
  /// `run_recorder`: null: the run is not recorded.
  PipelineStream(const StreamConfig& config, std::unique_ptr<infer::Detector> detector, const StreamServices& services,
                 RunRecorder* run_recorder);
  ~PipelineStream() override;

  const std::string& name() const override { return config_.name; }
  StreamStatus status() const override;
  void pause() override;
  void resume() override;
  void set_decode(const media::DecodeDemand& demand) override { reader_.set_demand(demand); }
  void stop() override;
  base::Status wait() override;
  bool wait_for(std::chrono::milliseconds timeout) override;

 private:
  StepOutcome step();
  void keep_holds_short();
  void handle(ReaderItem item);
  void end(base::Status status);
  void publish_counts() OC_EXCLUDES(mutex_);
  void count_interruptions() OC_EXCLUDES(mutex_);
  StreamReader::Callbacks reader_callbacks();

  const StreamConfig config_;
  const std::unique_ptr<ClipRecorder> recorder_;  // null: nothing is recorded
  const StreamServices services_;
  const base::Logger logger_;
  StreamMetrics metrics_;
  media::FramePool pool_;
  mutable StreamLife life_;
  StreamReader::Queue queue_{kPacketQueue, base::OverflowPolicy::block};

  base::Role strand_;
  Pipeline pipeline_ OC_GUARDED_BY(strand_);
  PipelineCounts published_ OC_GUARDED_BY(strand_);
  bool finished_ OC_GUARDED_BY(strand_) = false;

  mutable base::Mutex mutex_;
  base::CondVar ended_;
  StreamStatus status_ OC_GUARDED_BY(mutex_);
  std::optional<base::SteadyTime> last_frame_ OC_GUARDED_BY(mutex_);
  std::uint64_t interruptions_counted_ OC_GUARDED_BY(mutex_) = 0;
  std::optional<base::Status> input_ended_ OC_GUARDED_BY(mutex_);
  std::optional<base::Status> outcome_ OC_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_{false};

  // The reader wakes the strand, and the strand stops the reader: so the one is silent before either is destroyed (see
  // the destructor), and the other goes first.
  StreamReader reader_;
  base::Strand work_;
};

PipelineStream::PipelineStream(const StreamConfig& config, std::unique_ptr<infer::Detector> detector,
                               const StreamServices& services, RunRecorder* run_recorder)
    : config_(with_rate(config)),
      recorder_(make_recorder(config_, services)),
      services_(with_recorders(services, recorder_.get(), run_recorder)),
      logger_(services.logger.for_camera(config.name)),
      metrics_(services.metrics, config.name),
      pool_(config.max_frames_alive),
      life_(life_of(config), std::hash<std::string>()(config.name)),
      pipeline_(
          config_, std::move(detector), services_, pool_,
          [this] { return !reader_.waits_for_pipeline() && queue_.depth() > late_backlog(config_.pace); },
          run_recorder),
      reader_(config_, services_, pool_, metrics_, life_, queue_, reader_callbacks()),
      work_(services_.workers, [this] { return step(); }) {
  if (recorder_) reader_.add_sink(*recorder_);
  if (run_recorder != nullptr) reader_.add_sink(*run_recorder);
  reader_.start();
}

PipelineStream::~PipelineStream() {
  stop();
  reader_.join();
}

StreamReader::Callbacks PipelineStream::reader_callbacks() {
  StreamReader::Callbacks callbacks;
  callbacks.item_ready = [this] { work_.wake(); };
  callbacks.opened = [this](const media::StreamInfo& info) {
    {
      const base::MutexLock lock(mutex_);
      status_.info = info;
    }
    logger_.info("stream opened", {{"url", media::redact_url(config_.source.url)},
                                   {"codec", info.codec},
                                   {"width", info.width},
                                   {"height", info.height},
                                   {"fps", info.frames_per_second}});
  };
  callbacks.interrupted = [this](const Error& error) {
    count_interruptions();
    logger_.warn("stream interrupted, will be opened again", {{"reason", interruption_reason(error)}});
  };
  callbacks.ended = [this](base::Status status) {
    {
      const base::MutexLock lock(mutex_);
      input_ended_ = std::move(status);
    }
    work_.wake();
  };
  return callbacks;
}

StepOutcome PipelineStream::step() {
  strand_.assert_held();
  if (finished_) return StepOutcome::idle;
  std::optional<base::Status> input_ended;
  {
    const base::MutexLock lock(mutex_);
    input_ended = input_ended_;
  }
  keep_holds_short();
  // The end is asked for before the queue, so that an empty queue after it means that nothing is left.
  std::optional<ReaderItem> item = stopping_.load() ? std::nullopt : queue_.try_pop();
  if (item) {
    handle(std::move(*item));
    publish_counts();
    return StepOutcome::again;
  }
  if (input_ended) end(stopping_.load() ? Error(Code::cancelled, "stopped") : std::move(*input_ended));
  return StepOutcome::idle;
}

/// While the reader waits for its camera, nobody else would let go the packets that wait for the next one.
void PipelineStream::keep_holds_short() {
  const auto now = services_.clock.now();
  reader_.expire_holds(now);
  if (const auto due = reader_.hold_deadline()) work_.wake_after(*due - now);
}

void PipelineStream::handle(ReaderItem item) {
  strand_.assert_held();
  base::Status status;
  if (auto* decoder = std::get_if<std::unique_ptr<media::Decoder>>(&item)) {
    status = pipeline_.change_decoder(std::move(*decoder));
  } else if (const auto* lost = std::get_if<LostPicture>(&item)) {
    pipeline_.note_lost(lost->time);
  } else {
    status = pipeline_.consume(std::get<media::Packet>(item));
  }
  if (!status) end(std::move(status));
}

void PipelineStream::end(base::Status status) {
  strand_.assert_held();
  finished_ = true;
  stopping_ = true;
  reader_.request_stop();
  queue_.close();
  const auto ended_with = [&](Code code) { return !status && status.error().code() == code; };
  const bool discard = ended_with(Code::end_of_stream) || ended_with(Code::cancelled);
  if (ended_with(Code::end_of_stream)) status = {};  // the time window is over
  base::Status finished =
      pipeline_.finish(discard ? Pipeline::DelayedFrames::discard : Pipeline::DelayedFrames::analyse);
  // A result that cannot be delivered outweighs how the input ended.
  const bool failed_now = !finished && finished.error().code() != Code::end_of_stream;
  if (failed_now && (status || pipeline_.counts().sink_failed)) status = std::move(finished);
  if (recorder_) recorder_->close();  // whoever waits for the end finds its clips on their way
  publish_counts();
  const bool failed = !status && !ended_with(Code::cancelled);
  life_.end(failed ? status.error().message() : "", failed ? LifeState::failed : LifeState::ended);
  {
    const base::MutexLock lock(mutex_);
    outcome_ = status;
  }
  ended_.notify_all();
  if (failed) {
    logger_.error("stream failed", {{"reason", status.error().message()}});
  } else {
    logger_.info("stream ended", {{"frames", pipeline_.counts().frames_analysed}});
  }
}

void PipelineStream::publish_counts() {
  strand_.assert_held();
  const PipelineCounts& counts = pipeline_.counts();
  metrics_.frames_decoded.add(static_cast<double>(counts.frames_decoded - published_.frames_decoded));
  metrics_.frames_analysed.add(static_cast<double>(counts.frames_analysed - published_.frames_analysed));
  metrics_.frames_dropped.add(static_cast<double>(counts.frames_dropped - published_.frames_dropped));
  metrics_.frames_left_out.add(static_cast<double>(counts.frames_damaged - published_.frames_damaged));
  metrics_.frame_bytes.set(static_cast<double>(pool_.bytes_alive()));
  const bool new_frame = counts.frames_analysed > published_.frames_analysed;
  const auto now = services_.clock.now();
  if (counts.frames_decoded > published_.frames_decoded) {
    count_interruptions();  // the stall, if it was one, ends with this picture
    life_.picture(now);
  }
  published_ = counts;
  const base::MutexLock lock(mutex_);
  if (new_frame) last_frame_ = now;
  status_.frames_decoded = counts.frames_decoded;
  status_.frames_analysed = counts.frames_analysed;
  status_.frames_dropped = counts.frames_dropped;
  status_.frames_damaged = counts.frames_damaged;
  status_.packets_corrupt = counts.packets_corrupt;
  status_.events = counts.events;
  status_.sink_failed = counts.sink_failed;
  status_.position = counts.position;
  if (status_.info && counts.width > 0) {  // it may change in mid-stream
    status_.info->width = counts.width;
    status_.info->height = counts.height;
  }
  status_.decode_time = counts.decode_time;
  status_.preprocess_time = counts.preprocess_time;
  status_.inference_time = counts.inference_time;
  status_.total_time = counts.total_time;
}

void PipelineStream::count_interruptions() {
  const std::uint64_t interruptions = life_.snapshot(services_.clock.now()).interruptions;
  const base::MutexLock lock(mutex_);
  metrics_.interruptions.add(static_cast<double>(interruptions - interruptions_counted_));
  interruptions_counted_ = interruptions;
}

StreamStatus PipelineStream::status() const {
  const auto now = services_.clock.now();
  const base::MutexLock lock(mutex_);
  StreamStatus status = status_;
  StreamLife::Snapshot life = life_.snapshot(now);
  status.state = life.state;
  status.reason = std::move(life.reason);
  status.interruptions = life.interruptions;
  status.packets_dropped = reader_.packets_dropped();
  status.packets_left_out = reader_.gate().left_out();
  status.decode_level = reader_.gate().level();
  if (last_frame_) status.staleness = std::max(now - *last_frame_, base::SteadyTime::duration::zero());
  return status;
}

void PipelineStream::pause() {
  life_.pause();
  reader_.pause();
}

void PipelineStream::resume() {
  life_.resume();
  reader_.resume();
}

void PipelineStream::stop() {
  stopping_ = true;
  reader_.request_stop();
  queue_.close();
}

base::Status PipelineStream::wait() {
  const base::MutexLock lock(mutex_);
  ended_.wait(mutex_, {}, [this]() OC_REQUIRES(mutex_) { return outcome_.has_value(); });
  return *outcome_;
}

bool PipelineStream::wait_for(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const base::MutexLock lock(mutex_);
  return ended_.wait_until(mutex_, {}, deadline, [this]() OC_REQUIRES(mutex_) { return outcome_.has_value(); });
}

}  // namespace

base::Status check_labels(const StreamConfig& config, const std::vector<std::string>& known) {
  const std::string whose = config.name.empty() ? "" : "camera " + config.name + ": ";
  const auto check = [&](const std::vector<std::string>& labels) -> base::Status {
    for (const auto& label : labels) {
      if (std::find(known.begin(), known.end(), label) == known.end()) {
        return Error(Code::invalid,
                     whose + "the model knows no class '" + label + "'" + base::did_you_mean(label, known));
      }
    }
    return {};
  };
  OC_TRY_STATUS(check(config.labels));
  for (const auto& line : config.rules.lines) OC_TRY_STATUS(check(line.labels));
  for (const auto& zone : config.rules.zones) {
    OC_TRY_STATUS(check(zone.labels));
    const bool watches_things = zone.left_after.count() > 0 || zone.removed_after.count() > 0;
    if (watches_things) OC_TRY_STATUS(check(zone.things));
  }
  if (config.rules.crowd.enabled) OC_TRY_STATUS(check(config.rules.crowd.labels));
  if (config.rules.behaviour.classes.empty()) return {};
  OC_TRY_STATUS(check({events::kPerson}));
  const auto& wanted = config.labels;
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), events::kPerson) == wanted.end()) {
    return Error(Code::invalid, whose + "behaviour is that of people: add person to classes, or remove behaviour");
  }
  return {};
}

std::unique_ptr<Stream> Stream::start(const StreamConfig& config, std::unique_ptr<infer::Detector> detector,
                                      const StreamServices& services) {
  return std::make_unique<PipelineStream>(config, std::move(detector), services, nullptr);
}

std::unique_ptr<Stream> start_recorded_stream(const StreamConfig& config, std::unique_ptr<infer::Detector> detector,
                                              const StreamServices& services, RunRecorder& recorder) {
  return std::make_unique<PipelineStream>(config, std::move(detector), services, &recorder);
}

}  // namespace ocelli::engine
