#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/trace.h"
#include "engine/record_config.h"
#include "engine/stream_life.h"
#include "events/rules.h"
#include "events/sinks.h"
#include "infer/detector.h"
#include "media/hardware.h"
#include "media/packet_gate.h"
#include "media/source.h"
#include "track/tracker.h"

namespace ocelli::engine {

enum class Pace {
  as_fast_as_possible,  ///< files: the reader waits for the pipeline, nothing is dropped
  natural,              ///< files played at their own rate, as a camera would: late frames are dropped and counted
};

class ClipArchive;

/// Everything that one camera (or file) needs to be analysed. A value.
struct StreamConfig {
  std::string name;
  media::SourceConfig source;
  double max_fps = 0;          ///< analysed frames per second of media time; 0: every frame
  media::DecodeDemand decode;  ///< which pictures are decoded; `automatic` goes by max_fps
  media::DecodeDevice decode_device = media::DecodeDevice::automatic;  ///< what decodes them
  std::vector<std::string> labels;  ///< classes that are reported; empty: all of the model
  track::TrackerConfig tracker;
  events::RulesConfig rules;
  Pace pace = Pace::as_fast_as_possible;  ///< ignored for live sources, which set their own
  bool loop = false;                      ///< files: begin again at the end
  bool reconnect = false;                 ///< open again after a failure, as `life` says
  LifeConfig life;                        ///< its first_open_timeout is source.timeout
  std::optional<media::MediaTime> from;   ///< files only
  std::optional<media::MediaTime> to;
  std::chrono::milliseconds damage_credit{2'000};  ///< damaged pictures left out at a stretch, at most; see DamageGate
  RecordConfig record;                             ///< clips of events; needs StreamServices::clips
  std::size_t max_frames_alive = 16;               ///< bound on decoded pictures, whoever holds them
};

/// What a stream has done so far. A snapshot, consistent in itself.
struct StreamStatus {
  LifeState state = LifeState::connecting;
  std::string reason;                     ///< why it is not live; empty when it is
  std::uint64_t interruptions = 0;        ///< times it was live and is not any more
  std::optional<media::StreamInfo> info;  ///< once opened
  std::uint64_t frames_decoded = 0;
  std::uint64_t frames_analysed = 0;
  std::uint64_t frames_dropped = 0;    ///< by overload: came too late or found no room
  std::uint64_t frames_damaged = 0;    ///< left out of the analysis because an error had reached them
  std::uint64_t packets_left_out = 0;  ///< not decoded because nobody wanted them
  media::DecodeLevel decode_level = media::DecodeLevel::every;
  std::uint64_t packets_dropped = 0;  ///< by overload, before decoding, up to the next key frame
  std::uint64_t packets_corrupt = 0;
  std::uint64_t events = 0;
  bool sink_failed = false;  ///< it failed because results could not be delivered, not by its input
  std::optional<std::chrono::nanoseconds> staleness;  ///< since the newest analysed frame, by the clock
  media::MediaTime position;                          ///< media time of the newest analysed frame
  std::chrono::nanoseconds decode_time{};             ///< sums over all frames, for honest sizing
  std::chrono::nanoseconds preprocess_time{};
  std::chrono::nanoseconds inference_time{};
  std::chrono::nanoseconds total_time{};  ///< of all steps of the pipeline
};

/// Whether the model knows every class that the configuration names; `invalid` suggests the nearest one.
base::Status check_labels(const StreamConfig& config, const std::vector<std::string>& known);

/// What streams share. All outlive the stream.
struct StreamServices {
  base::Clock& clock;
  base::Executor& workers;
  base::Logger logger;
  base::Metrics& metrics;
  base::Tracer* tracer = nullptr;
  std::vector<events::EventSink*> event_sinks;
  std::vector<events::TrackSink*> track_sinks;
  media::HardwareDevices* hardware = nullptr;  ///< absent: this program decodes in software only
  ClipArchive* clips = nullptr;                ///< where clips go; null: nothing is recorded
  /// An event is part of a clip, which will be there once it is complete. On the stream's strand; must not block.
  std::function<void(const EventClip&)> on_clip = nullptr;
};

/// One stream from its URL to its sinks: an I/O thread that reads packets, and a strand on the workers that decodes,
/// detects, tracks and judges. status() may be called from any thread. Destruction stops it within the time of one
/// frame, or of a name look-up, which nothing can interrupt.
class Stream {
 public:
  /// Does not block: opening happens on the I/O thread. The detector is this stream's own.
  static std::unique_ptr<Stream> start(const StreamConfig& config, std::unique_ptr<infer::Detector> detector,
                                       const StreamServices& services);
  virtual ~Stream() = default;

  virtual const std::string& name() const = 0;
  virtual StreamStatus status() const = 0;
  /// Closes the source and opens nothing until resume(). Both idempotent; of no effect once it has ended.
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// Which pictures are decoded from now on (more of them: from the next key frame on), e.g. all while somebody looks.
  virtual void set_decode(const media::DecodeDemand& demand) = 0;
  /// Asks it to end soon: packets and frames under way are discarded, tracks end and tell so.
  virtual void stop() = 0;
  /// Waits for its end: the reason if it failed. `cancelled` after stop().
  virtual base::Status wait() = 0;
  /// Waits for its end, but no longer than this: whether it has ended.
  virtual bool wait_for(std::chrono::milliseconds timeout) = 0;
};

}  // namespace ocelli::engine
