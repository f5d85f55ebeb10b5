#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/executor.h"
#include "engine/decoder_report.h"
#include "engine/packet_clock.h"
#include "engine/packet_sink.h"
#include "engine/step_watch.h"
#include "engine/stream.h"
#include "engine/stream_life.h"
#include "engine/stream_metrics.h"
#include "media/decoder.h"
#include "media/packet_gate.h"

namespace ocelli::engine {

/// What the I/O thread hands to the strand: a decoder when a connection begins, then that connection's packets and word
/// of pictures that were lost, on the stream's axis; no decoder when it is over.
using ReaderItem = std::variant<std::unique_ptr<media::Decoder>, media::Packet, LostPicture>;

/// The I/O thread of one stream: opens the source, reads packets into the queue, plays files at their own rate, begins
/// again at the end of a looping file, and opens a failed source again when StreamLife says so. It sleeps nearly
/// always.
class StreamReader {
 public:
  struct Callbacks {
    std::function<void()> item_ready;  ///< or a packet waits for its deadline; from expire_holds() too
    std::function<void(const media::StreamInfo&)> opened;
    std::function<void(const base::Error&)> interrupted;  ///< it will open the source again
    std::function<void(base::Status)> ended;              ///< it will not; the last call
  };
  using Queue = base::BoundedQueue<ReaderItem>;

  /// References outlive the reader; callbacks run on its thread unless they say otherwise.
  StreamReader(const StreamConfig& config, const StreamServices& services, media::FramePool& pool,
               StreamMetrics& metrics, StreamLife& life, Queue& queue, Callbacks callbacks);
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  /// Before start(): every packet that is read goes to `sink` too, which outlives the reader.
  void add_sink(PacketSink& sink) { sinks_.push_back(&sink); }
  void start();
  /// Ends reading and waiting soon; the last callback follows. Thread-safe.
  void request_stop() { stop_.request_stop(); }
  /// Closes the source soon, and opens none until resume(). Thread-safe.
  void pause() OC_EXCLUDES(mutex_);
  void resume() OC_EXCLUDES(mutex_);
  /// Waits for the thread after request_stop(). Idempotent.
  void join();
  /// Hands on packets that may not wait any longer for the next one, which read() waits for. To be called at
  /// hold_deadline(), which may change whenever an item is ready. Thread-safe.
  void expire_holds(base::SteadyTime now);
  std::optional<base::SteadyTime> hold_deadline() const { return packet_clock_.deadline(); }
  /// Which pictures are decoded. Thread-safe.
  void set_demand(const media::DecodeDemand& demand) { gate_.set_demand(demand); }
  const media::PacketGate& gate() const { return gate_; }
  std::uint64_t packets_dropped() const { return packets_dropped_.load(); }
  /// A file at full speed waits for the pipeline, so that nothing is lost. A camera does not.
  bool waits_for_pipeline() const { return waits_for_pipeline_.load(); }

 private:
  void run(std::stop_token stop);
  /// False when the thread should end instead.
  bool wait_while_paused(const std::stop_token& stop) OC_EXCLUDES(mutex_);
  bool wait_for_next_attempt(base::SteadyTime when, const std::stop_token& stop) OC_EXCLUDES(mutex_);
  base::Status play_once(const std::stop_token& stop);
  base::Status read_all(media::Source& source);
  base::Status read_one(media::Source& source);
  base::Status hand_on(media::Packet& packet, const std::stop_token& stop);
  base::Status hand_on(const LostPicture& lost, const std::stop_token& stop);
  base::Status queue(ReaderItem item, const std::stop_token& stop);
  void place_on_axis();
  bool pace(const media::Packet& packet, const std::stop_token& stop);
  bool has_room_for(const media::Packet& packet);

  const StreamConfig& config_;
  const StreamServices& services_;
  media::FramePool& pool_;
  StreamMetrics& metrics_;
  DecoderReport report_;  // outlives the decoders, which tell it on the strand
  StreamLife& life_;
  Queue& queue_;
  std::vector<PacketSink*> sinks_;
  const Callbacks callbacks_;
  media::PacketGate gate_;
  PacketClock packet_clock_;
  std::atomic<bool> waits_for_pipeline_{true};

  // Of the reader's thread between connections, and of whom packet_clock_ lets hand on while one lasts.
  bool live_ = false;
  std::optional<media::RtspTransport> transport_;  ///< that worked last
  bool skipping_to_key_ = false;                   ///< packets were lost, so what predicts from them is useless
  media::MediaTime origin_;                        ///< where the next connection begins on the stream's axis
  media::MediaTime newest_;                        ///< newest packet, same axis
  std::chrono::nanoseconds newest_in_connection_{};
  StepWatch steps_;
  std::optional<base::SteadyTime> connection_began_;  ///< of a paced file: when its zero was due
  std::optional<base::SteadyTime> first_connected_;   ///< of a live source: zero of the axis
  std::atomic<std::uint64_t> packets_dropped_{0};
  std::stop_source stop_;
  base::Mutex mutex_;
  base::CondVar resumed_;
  bool paused_ OC_GUARDED_BY(mutex_) = false;
  std::stop_source connection_ OC_GUARDED_BY(mutex_);  // ends what is being opened, read or waited for
  std::thread thread_;
};

}  // namespace ocelli::engine
