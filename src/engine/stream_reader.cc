#include "engine/stream_reader.h"

#include <algorithm>
#include <pthread.h>
#include <utility>

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;

// Live packets waiting for the strand: about two seconds of a camera, far more than a worker's hiccup.
constexpr std::size_t kMostLivePackets = 48;
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::milliseconds kLongestPause{30'000};

}  // namespace

StreamReader::StreamReader(const StreamConfig& config, const StreamServices& services, media::FramePool& pool,
                           StreamMetrics& metrics, Queue& queue, Callbacks callbacks)
    : config_(config),
      services_(services),
      pool_(pool),
      metrics_(metrics),
      queue_(queue),
      callbacks_(std::move(callbacks)) {}

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

void StreamReader::run(std::stop_token stop) {
  pthread_setname_np(pthread_self(), ("in-" + config_.name).substr(0, 15).c_str());
  auto pause = kFirstPause;
  while (true) {
    const auto before = newest_;
    base::Status status = play_once(stop);
    const bool reached_end = !status && status.error().code() == Code::end_of_stream;
    if (stop.stop_requested()) return callbacks_.ended(Error(Code::cancelled, "stopped"));
    const bool delivered = newest_ > before;
    if (delivered) pause = kFirstPause;  // so what ended it is new
    const bool loops = reached_end && config_.loop && !live_;
    if (loops && delivered) continue;
    if (reached_end && !loops && !(live_ && config_.reconnect)) return callbacks_.ended({});
    if (!loops && !config_.reconnect) return callbacks_.ended(std::move(status));
    if (!loops) callbacks_.interrupted(status.error());
    if (!services_.clock.wait_until(services_.clock.now() + pause, stop)) {
      return callbacks_.ended(Error(Code::cancelled, "stopped"));
    }
    pause = std::min(pause * 2, kLongestPause);
  }
}

base::Status StreamReader::play_once(const std::stop_token& stop) {
  OC_TRY(auto source, media::Source::open(config_.source, services_.clock, stop));
  live_ = source->info().live;
  waits_for_pipeline_ = !live_ && config_.pace == Pace::as_fast_as_possible;
  if (live_) place_on_axis();
  if (config_.from && !live_) {
    // Where seeking is impossible it is read from the start: the pipeline leaves out what lies before.
    auto sought = source->seek(*config_.from);
    if (!sought && sought.error().code() != Code::unsupported) return sought;
  }

  media::Decoder::Config decoder_config{.origin = origin_, .recording_start = {}};
  if (waits_for_pipeline_) decoder_config.recording_start = source->info().recording_start.value_or(base::WallTime{});
  OC_TRY(auto decoder, media::Decoder::create(*source, decoder_config, pool_, services_.clock, metrics_.decoder));
  callbacks_.opened(source->info());
  if (!queue_.push(std::move(decoder), stop)) return Error(Code::cancelled, "stopped");
  callbacks_.item_ready();

  connection_began_.reset();
  newest_in_connection_ = {};
  skipping_to_key_ = false;
  base::Status status = read_all(*source, stop);
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

base::Status StreamReader::read_all(media::Source& source, const std::stop_token& stop) {
  while (true) {
    OC_TRY(auto packet, source.read());
    if (!pace(packet, stop)) return Error(Code::cancelled, "stopped");
    newest_in_connection_ = std::max(newest_in_connection_, packet.time().time_since_epoch());
    newest_ = std::max(newest_, origin_ + packet.time().time_since_epoch());
    if (!has_room_for(packet)) continue;
    if (!queue_.push(std::move(packet), stop)) return Error(Code::cancelled, "stopped");
    callbacks_.item_ready();
  }
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
