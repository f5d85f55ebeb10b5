#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/recording_format.h"
#include "media/clip_writer.h"
#include "media/media_time.h"
#include "media/packet.h"

namespace ocelli::engine {

/// How large a recording may become. A value.
struct RecordingBounds {
  enum class WhenFull {
    stop,         ///< the recording ends, what it is of goes on; one segment
    drop_oldest,  ///< the oldest segments are removed, of earlier recordings in the same place too
  };
  WhenFull when_full = WhenFull::stop;
  std::uint64_t most_bytes = std::uint64_t{10} << 30U;  ///< log and packets; with drop_oldest of all in the place
  std::chrono::milliseconds longest{0};                 ///< of the video; older segments are removed. 0: no bound
};

/// Writes a recording: a folder of segments, each a log (recording_format.h) and the packets of its time as video files
/// that players open. Every record is with the operating system before write() returns, so that a killed process loses
/// at most the record it was writing, and of the packets at most two seconds. One thread at a time.
class RecordingSegments {
 public:
  /// `folder` is made; it must be empty or absent. With drop_oldest, the folder that holds it is the place that
  /// the bounds are of: nothing but recordings may be in it.
  static base::Result<std::unique_ptr<RecordingSegments>> create(const std::string& folder,
                                                                 const RecordingHeader& header,
                                                                 const RecordingBounds& bounds);

  /// A record but a header or a clip; `time` is a frame's.
  base::Status write(std::string_view encoded, std::optional<media::MediaTime> time);
  /// Packets come from another connection, whose zero lies at `origin` on the stream's axis.
  void connect(const media::ClipFormat& format, media::MediaTime origin);
  /// They are copied from the next key frame on.
  base::Status write(const media::Packet& packet);
  /// The packets that follow do not build on those before.
  base::Status end_clip();
  base::Status finish();

  /// The bound is reached and nothing more is taken.
  bool is_full() const { return full_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  RecordingSegments(std::string folder, const RecordingHeader& header, const RecordingBounds& bounds)
      : folder_(std::move(folder)), header_(header), bounds_(bounds) {}

  base::Status begin_segment();
  base::Status append(std::string_view bytes);
  base::Status begin_clip(const media::Packet& key);
  std::uint64_t bytes() const;
  /// Whether the segment has its share of the bounds.
  bool is_due(media::MediaTime time) const;
  void fill();
  void hold_bounds() const;

  const std::string folder_;
  const RecordingHeader header_;
  const RecordingBounds bounds_;
  std::unique_ptr<std::FILE, Close> log_;
  int segment_ = 0;
  int clips_ = 0;  // of this segment
  std::uint64_t log_bytes_ = 0;
  std::uint64_t clip_bytes_ = 0;  // of this segment's clips that are finished
  std::optional<media::MediaTime> segment_begin_;
  std::optional<media::ClipFormat> format_;
  media::MediaTime origin_{};
  std::unique_ptr<media::ClipWriter> clip_;
  bool full_ = false;
};

/// Removes the oldest segments of the recordings in `place` until the rest keeps `most_bytes` and none is older than
/// `longest` (0: however old), but never segment `spared`, nor what is younger. Recordings are in the order of their
/// names. Empty folders go too.
void hold_recording_bounds(const std::string& place, const RecordingBounds& bounds, const std::string& spared);

}  // namespace ocelli::engine
