#include "engine/stream_reader.h"

#include <algorithm>
#include <pthread.h>
#include <utility>

#include "base/memory.h"

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;

// Live packets waiting for the strand: about two seconds of a camera, far more than a worker's hiccup.
constexpr std::size_t kMostLivePackets = 48;
constexpr std::uint64_t kPacketsPerCount = 128;

Error nothing_decodable() {
  return {Code::corrupt, "bytes come, but no picture can be decoded from them; is the camera's encoder in order?"};
}

}  // namespace

StreamReader::StreamReader(const StreamConfig& config, const StreamServices& services, media::FramePool& pool,
                           StreamMetrics& metrics, StreamLife& life, Queue& queue, Callbacks callbacks)
    : config_(config),
      services_(services),
      pool_(pool),
      metrics_(metrics),
      report_(services.metrics, services.logger.for_camera(config.name), config.name),
      life_(life),
      queue_(queue),
      callbacks_(std::move(callbacks)),
      gate_(config.decode) {}

StreamReader::~StreamReader() {
  request_stop();
  join();
}

void StreamReader::join() {
  if (thread_.joinable()) thread_.join();
}

void StreamReader::start() {
  thread_ = std::thread([this] { run(stop_.get_token()); });
}

void StreamReader::pause() {
  const base::MutexLock lock(mutex_);
  paused_ = true;
  connection_.request_stop();
}

void StreamReader::resume() {
  {
    const base::MutexLock lock(mutex_);
    paused_ = false;
  }
  resumed_.notify_all();
}

bool StreamReader::wait_while_paused(const std::stop_token& stop) {
  const base::MutexLock lock(mutex_);
  if (!resumed_.wait(mutex_, stop, [this]() OC_REQUIRES(mutex_) { return !paused_; })) return false;
  connection_ = {};
  return !stop.stop_requested();
}

bool StreamReader::wait_for_next_attempt(base::SteadyTime when, const std::stop_token& stop) {
  std::stop_token connection;
  {
    const base::MutexLock lock(mutex_);
    connection = connection_.get_token();
  }
  return services_.clock.wait_until(when, std::move(connection)) || !stop.stop_requested();
}

void StreamReader::run(std::stop_token stop) {
  pthread_setname_np(pthread_self(), ("in-" + config_.name).substr(0, 15).c_str());
  const std::stop_callback stop_connection(stop, [this] {
    const base::MutexLock lock(mutex_);
    connection_.request_stop();
  });
  while (wait_while_paused(stop)) {
    std::stop_token connection;
    {
      const base::MutexLock lock(mutex_);
      connection = connection_.get_token();
    }
    const auto before = newest_;
    base::Status status = play_once(connection);
    if (stop.stop_requested()) break;
    if (connection.stop_requested()) continue;  // paused
    const bool reached_end = !status && status.error().code() == Code::end_of_stream;
    const bool loops = reached_end && config_.loop && !live_;
    if (loops && newest_ > before) continue;
    if (reached_end && !loops && !(live_ && config_.reconnect)) return callbacks_.ended({});
    if (!loops && !config_.reconnect) return callbacks_.ended(std::move(status));
    const auto next = life_.interrupted(status.error(), services_.clock.now());
    if (!loops) callbacks_.interrupted(status.error());
    if (!wait_for_next_attempt(next, stop)) break;
    if (newest_ > before) base::release_free_memory();
  }
  callbacks_.ended(Error(Code::cancelled, "stopped"));
}

base::Status StreamReader::play_once(const std::stop_token& stop) {
  media::SourceConfig source_config = config_.source;
  source_config.timeout = life_.begin_attempt(services_.clock.now());
  source_config.read_timeout = life_.longest_silence();
  if (transport_) source_config.worked_before = *transport_;
  OC_TRY(auto source, media::Source::open(source_config, services_.clock, stop));
  life_.opened(services_.clock.now(), source->info().reopening);
  if (source->info().transport) transport_ = source->info().transport;
  live_ = source->info().live;
  waits_for_pipeline_ = !live_ && config_.pace == Pace::as_fast_as_possible;
  if (live_) place_on_axis();
  if (config_.from && !live_) {
    // Where seeking is impossible it is read from the start: the pipeline leaves out what lies before.
    auto sought = source->seek(*config_.from);
    if (!sought && sought.error().code() != Code::unsupported) return sought;
  }

  media::Decoder::Config decoder_config;
  decoder_config.origin = origin_;
  decoder_config.device = config_.decode_device;
  decoder_config.hardware = services_.hardware;
  decoder_config.on_use = [this](const media::DecodeUse& use) { report_.tell(use); };
  if (waits_for_pipeline_) decoder_config.recording_start = source->info().recording_start.value_or(base::WallTime{});
  OC_TRY(auto decoder, media::Decoder::create(*source, decoder_config, pool_, services_.clock, metrics_.decoder));
  callbacks_.opened(source->info());
  OC_TRY_STATUS(queue(std::move(decoder), stop));

  gate_.begin(source->info().nal_format);
  connection_began_.reset();
  newest_in_connection_ = {};
  steps_.begin();
  skipping_to_key_ = false;
  for (auto* sink : sinks_) sink->connected(*source, origin_);
  packet_clock_.begin(source->info(), [this, stop](SettledItem& item) {
    return std::visit([&](auto& settled) { return hand_on(settled, stop); }, item);
  });
  base::Status status = read_all(*source);
  for (auto* sink : sinks_) sink->disconnected();
  // What it still holds comes out now, and its memory is free for the next one.
  [[maybe_unused]] const auto stopped = queue(std::unique_ptr<media::Decoder>(), stop);
  const double rate = source->info().frames_per_second;
  const auto frame_interval = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / (rate > 0 ? rate : 25)));
  origin_ = newest_ + frame_interval;
  if (!live_ && connection_began_) {  // the last picture lasts as long as the others
    const auto end = *connection_began_ + newest_in_connection_ + frame_interval;
    if (!services_.clock.wait_until(end, stop)) return Error(Code::cancelled, "stopped");
  }
  return status;
}

/// A live stream's axis goes on while it is away, so that somebody seen before and somebody seen after an outage are
/// not taken for one.
void StreamReader::place_on_axis() {
  const auto now = services_.clock.now();
  if (!first_connected_) first_connected_ = now;
  origin_ = std::max(origin_, media::MediaTime(now - *first_connected_));
}

base::Status StreamReader::read_all(media::Source& source) {
  media::TimelineCounters counted;
  base::Status status;
  for (std::uint64_t packets = 1; status; ++packets) {
    status = read_one(source);
    if (!status || packets % kPacketsPerCount == 0) metrics_.count_repairs(packet_clock_.counters(), counted);
  }
  packet_clock_.end();
  return status;
}

base::Status StreamReader::read_one(media::Source& source) {
  // A line that is disturbed lets a packet through now and then, which proves nothing.
  auto packet = live_ ? source.read(life_.dead_at()) : source.read();
  if (!packet) {
    OC_TRY_STATUS(packet_clock_.flush());
    const bool fed = live_ && packet.error().code() == Code::timeout && life_.gets_packets(services_.clock.now());
    return fed ? nothing_decodable() : std::move(packet).error();
  }
  if (live_) {
    const auto now = services_.clock.now();
    life_.packet(now);
    if (packet->is_key()) life_.key_frame(now);
    if (life_.is_dead(now)) return nothing_decodable();
  }
  OC_TRY_STATUS(packet_clock_.push(*std::move(packet)));
  if (packet_clock_.deadline()) callbacks_.item_ready();
  return {};
}

/// On the strand. It may not wait for room in the queue, since it is the one to make it; only live streams come here,
/// and those never wait: see has_room_for().
void StreamReader::expire_holds(base::SteadyTime now) {
  [[maybe_unused]] const auto stopped = packet_clock_.expire(now);
}

/// Paces, gates and queues it.
base::Status StreamReader::hand_on(media::Packet& packet, const std::stop_token& stop) {
  if (!pace(packet, stop)) return Error(Code::cancelled, "stopped");
  if (live_ && steps_.skips(packet.time())) life_.disturbed(services_.clock.now());
  newest_in_connection_ = std::max(newest_in_connection_, packet.time().time_since_epoch());
  newest_ = std::max(newest_, origin_ + packet.time().time_since_epoch());
  for (auto* sink : sinks_) sink->add(packet);
  const media::GateVerdict verdict = gate_.admit(packet);
  if (verdict == media::GateVerdict::pass_last) packet.mark_end_of_run();
  if (verdict == media::GateVerdict::leave_out) {
    metrics_.packets_left_out.add();
    return {};
  }
  return has_room_for(packet) ? queue(std::move(packet), stop) : base::Status();
}

/// Where only some pictures are decoded, nobody can tell whether this would have been one of them.
base::Status StreamReader::hand_on(const LostPicture& lost, const std::stop_token& stop) {
  if (gate_.level() != media::DecodeLevel::every) return {};
  if (live_ && (skipping_to_key_ || queue_.depth() >= kMostLivePackets)) return {};
  return queue(LostPicture{origin_ + lost.time.time_since_epoch()}, stop);
}

base::Status StreamReader::queue(ReaderItem item, const std::stop_token& stop) {
  if (!queue_.push(std::move(item), stop)) return Error(Code::cancelled, "stopped");
  callbacks_.item_ready();
  return {};
}

/// Holds a packet back until its time has come. Live sources bring their own pace.
bool StreamReader::pace(const media::Packet& packet, const std::stop_token& stop) {
  if (live_ || config_.pace == Pace::as_fast_as_possible) return !stop.stop_requested();
  const auto since_begin = packet.time().time_since_epoch();
  if (!connection_began_) connection_began_ = services_.clock.now() - since_begin;
  const auto due = *connection_began_ + std::chrono::duration_cast<base::SteadyTime::duration>(since_begin);
  return due <= services_.clock.now() ? !stop.stop_requested() : services_.clock.wait_until(due, stop);
}

/// A live source cannot wait: when the strand is far behind, packets are dropped here, from one up to the next key
/// frame.
bool StreamReader::has_room_for(const media::Packet& packet) {
  if (waits_for_pipeline_) return true;
  if (queue_.depth() >= kMostLivePackets) skipping_to_key_ = true;
  if (skipping_to_key_ && packet.is_key() && queue_.depth() < kMostLivePackets / 2) skipping_to_key_ = false;
  if (!skipping_to_key_) return true;
  packets_dropped_.fetch_add(1);
  metrics_.packets_dropped.add();
  return false;
}

}  // namespace ocelli::engine
