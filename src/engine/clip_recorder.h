#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/clip_archive.h"
#include "engine/packet_sink.h"
#include "engine/record_config.h"
#include "events/sinks.h"
#include "media/gop_ring.h"
#include "media/source.h"

namespace ocelli::engine {

/// Keeps a camera's newest packets and has a clip written around each wanted event: from the key frame at or before
/// `before` until `after` it. Events that come meanwhile extend the clip; one that would make it longer than `longest`
/// begins another, with its own history. A new connection, or time that runs backwards, ends a clip: nothing tells how
/// far apart the two sides are. Thread-safe: the I/O thread brings packets, the strand events; neither ever waits for
/// the disk. What cannot be recorded is logged and counted; the stream goes on.
class ClipRecorder final : public PacketSink, public events::EventSink {
 public:
  /// Told without a lock, on the strand, which event is part of which clip.
  using OnClip = std::function<void(const EventClip&)>;
  /// `archive` outlives the recorder; `logger` is the camera's; `on_clip` may be null.
  ClipRecorder(const RecordConfig& config, const std::string& camera, ClipArchive& archive, base::Logger logger,
               base::Metrics& metrics, OnClip on_clip);
  ~ClipRecorder() override;
  ClipRecorder(const ClipRecorder&) = delete;
  ClipRecorder& operator=(const ClipRecorder&) = delete;

  void connected(const media::Source& source, media::MediaTime origin) override OC_EXCLUDES(mutex_);
  void add(const media::Packet& packet) override OC_EXCLUDES(mutex_);
  void disconnected() override OC_EXCLUDES(mutex_);

  /// Never fails: a clip is not worth a stream.
  base::Status accept(const events::Event& event) override OC_EXCLUDES(mutex_);
  /// Ends the clip under way. Idempotent.
  void close() OC_EXCLUDES(mutex_);

 private:
  /// What is to be logged once the lock is gone.
  struct Notes {
    std::string recorded_as;  ///< path of the clip that the event is part of
    std::string warning;
    std::vector<std::string> dropped;  ///< "<event>: <reason>" of each clip
  };
  struct Clip {
    std::shared_ptr<PendingClip> pending;  // co-owned by the archive's thread
    std::string event;
    media::MediaTime end;     // on the source's axis, as all times here
    media::MediaTime latest;  // whatever events come
    bool has_packets = false;
  };

  bool wants(const events::Event& event) const;
  void begin(const events::Event& event, media::MediaTime time, Notes& notes) OC_REQUIRES(mutex_);
  void append(std::vector<media::Packet> packets, Notes& notes) OC_REQUIRES(mutex_);
  void extend(const media::Packet& packet, Notes& notes) OC_REQUIRES(mutex_);
  void end_clip(Notes& notes) OC_REQUIRES(mutex_);
  void drop_clip(const char* reason, Notes& notes) OC_REQUIRES(mutex_);
  void note_given_up_groups(Notes& notes) OC_REQUIRES(mutex_);
  void tell(const Notes& notes) const;

  const RecordConfig config_;
  const std::string camera_;
  ClipArchive& archive_;
  const base::Logger logger_;
  const OnClip on_clip_;
  base::Counter written_;
  base::Counter dropped_;
  base::Counter groups_given_up_;
  base::Gauge bytes_kept_;
  const std::shared_ptr<std::atomic<std::size_t>> waiting_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);

  base::Mutex mutex_;
  media::GopRing ring_ OC_GUARDED_BY(mutex_);
  std::optional<media::ClipFormat> format_ OC_GUARDED_BY(mutex_);  // none: this connection cannot be recorded
  std::optional<Clip> clip_ OC_GUARDED_BY(mutex_);
  media::MediaTime origin_ OC_GUARDED_BY(mutex_){};
  std::optional<media::MediaTime> newest_ OC_GUARDED_BY(mutex_);
  std::uint64_t groups_told_ OC_GUARDED_BY(mutex_) = 0;
  bool connected_ OC_GUARDED_BY(mutex_) = false;
};

}  // namespace ocelli::engine
