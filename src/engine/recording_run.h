#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <variant>

#include "base/bounded_queue.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/detection_sink.h"
#include "engine/packet_sink.h"
#include "engine/recording_segments.h"
#include "events/sinks.h"
#include "media/clip_writer.h"
#include "media/packet.h"
#include "media/source.h"

namespace ocelli::engine {

/// What is recorded of a run, and where. A value.
struct RunRecording {
  enum class Duty {
    whole,        ///< the run waits for the disk, and fails when the recording does (files)
    best_effort,  ///< the run never waits: what finds no room is lost, counted and told (cameras)
  };
  std::string folder;
  RecordingHeader header;
  RecordingBounds bounds;
  Duty duty = Duty::whole;
};

/// Records one run of a stream, so that `ocelli replay` can do it again: its packets, what the detector saw in each
/// analysed frame, and the events that came of it. Everything is written by a thread of its own, `recording`.
/// Thread-safe: the I/O thread brings packets, the strand the rest. Outlives the stream.
class RunRecorder final : public PacketSink, public DetectionSink, public events::EventSink {
 public:
  /// Fails as RecordingSegments::create().
  static base::Result<std::unique_ptr<RunRecorder>> create(const RunRecording& config, const base::Logger& logger,
                                                           base::Metrics& metrics);
  ~RunRecorder() override;
  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

  /// Packets of codecs that no container holds are left out: then nothing but detections is recorded.
  void connected(const media::Source& source, media::MediaTime origin) override OC_EXCLUDES(mutex_);
  void add(const media::Packet& packet) override OC_EXCLUDES(mutex_);
  void disconnected() override OC_EXCLUDES(mutex_);

  base::Status accept(const media::FrameInfo& frame, std::span<const infer::Detection> detections) override
      OC_EXCLUDES(mutex_);
  base::Status accept(const events::Event& event) override OC_EXCLUDES(mutex_);
  base::Status accept_end() override OC_EXCLUDES(mutex_);

  /// Writes what was taken and ends the thread: why the recording is not whole, if it is not. Idempotent.
  base::Status close() OC_EXCLUDES(mutex_);

 private:
  struct LogItem {
    std::string encoded;
    std::optional<media::MediaTime> time;  // of a frame
  };
  struct Connection {
    media::ClipFormat format;
    media::MediaTime origin;
  };
  struct ClipEnds {};
  using Item = std::variant<LogItem, media::Packet, Connection, ClipEnds>;
  struct Lost {
    std::uint64_t frames = 0;  // and events
    bool packets = false;
  };

  RunRecorder(const RunRecording& config, std::unique_ptr<RecordingSegments> segments, const base::Logger& logger,
              base::Metrics& metrics);

  bool has_room() const;
  base::Status log(LogItem item) OC_EXCLUDES(mutex_);
  base::Status failure() const OC_EXCLUDES(mutex_);
  void run();
  base::Status write(const Item& item);
  void tell_if_full();

  const RunRecording config_;
  const base::Logger logger_;
  base::Counter lost_;
  base::Counter failures_;
  base::BoundedQueue<Item> queue_;
  const std::unique_ptr<RecordingSegments> segments_;  // the thread's
  bool full_told_ = false;                             // the thread's

  mutable base::Mutex mutex_;
  std::optional<base::Error> failure_ OC_GUARDED_BY(mutex_);
  Lost missing_ OC_GUARDED_BY(mutex_);
  bool records_packets_ OC_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ocelli::engine
