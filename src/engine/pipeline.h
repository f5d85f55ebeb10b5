#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/trace.h"
#include "engine/damage_gate.h"
#include "engine/detection_sink.h"
#include "engine/frame_gate.h"
#include "engine/placeholders.h"
#include "engine/scene_stages.h"
#include "engine/stream.h"
#include "events/sinks.h"
#include "infer/detector.h"
#include "media/decoder.h"

namespace ocelli::engine {

/// What a pipeline has counted since it was made.
struct PipelineCounts {
  std::uint64_t frames_decoded = 0;
  std::uint64_t frames_analysed = 0;
  std::uint64_t frames_dropped = 0;
  std::uint64_t frames_damaged = 0;  ///< left out of the analysis for that
  std::uint64_t packets_corrupt = 0;
  std::uint64_t events = 0;
  bool sink_failed = false;
  media::MediaTime position;
  int width = 0;  ///< of the newest decoded picture
  int height = 0;
  std::chrono::nanoseconds decode_time{};
  std::chrono::nanoseconds preprocess_time{};
  std::chrono::nanoseconds inference_time{};
  std::chrono::nanoseconds total_time{};
};

/// The life of a frame in one stream: decode → gates → detect → track → rules → sinks. The stages call each other;
/// there is no thread and no queue inside. Runs on the stream's strand, one call at a time.
class Pipeline {
 public:
  /// Whether a frame is too late to be analysed, asked once per decoded frame.
  using Overloaded = std::function<bool()>;

  /// `pool` bounds the pictures that are brought from a decoding device into memory, and outlives the pipeline, as does
  /// `detections`, which may be null.
  Pipeline(const StreamConfig& config, std::unique_ptr<infer::Detector> detector, const StreamServices& services,
           media::FramePool& pool, Overloaded overloaded, DetectionSink* detections = nullptr);

  /// From here on packets come from another connection (or the first). Null: the connection is over, and no packet
  /// comes before the next.
  base::Status change_decoder(std::unique_ptr<media::Decoder> decoder);
  /// A packet and all that follows from it. Corrupt packets are counted, not failures. Errors come from the detector
  /// and from sinks. `end_of_stream`: the time window of the configuration is over.
  base::Status consume(const media::Packet& packet);
  /// A picture of this time was lost before it came here.
  void note_lost(media::MediaTime time) { placeholders_.note_lost(time); }
  /// Nothing more comes: what the decoder still holds is analysed unless `delayed` says to discard it; tracks end.
  enum class DelayedFrames { analyse, discard };
  base::Status finish(DelayedFrames delayed);

  const PipelineCounts& counts() const { return counts_; }

 private:
  base::Status receive_frames();
  base::Status admit(const media::FramePtr& frame);
  bool is_whole_enough(const media::Frame& frame);
  base::Status analyse(const media::FramePtr& frame);
  base::Status publish(const events::Rules::Judgement& judgement);
  base::Status delivered(base::Status by_sink);

  const StreamConfig config_;
  const StreamServices services_;
  media::FramePool& pool_;
  const Overloaded overloaded_;
  DetectionSink* const detections_;
  const base::Logger logger_;
  std::unique_ptr<media::Decoder> decoder_;
  DamageGate damage_gate_;
  FrameGate gate_;
  std::unique_ptr<infer::Detector> detector_;
  SceneStages scene_;
  Placeholders placeholders_;
  std::optional<media::FrameInfo> last_decoded_;
  PipelineCounts counts_;
  base::Histogram inference_seconds_;
  base::Histogram decode_delay_seconds_;
  base::Counter frames_downloaded_;
};

}  // namespace ocelli::engine
