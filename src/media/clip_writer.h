#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "media/packet.h"
#include "media/source.h"

struct AVCodecParameters;

namespace ocelli::media {

/// How the packets of one connection are to be read: a copy of what the demuxer knows, which outlives it. A cheap
/// value.
class ClipFormat {
 public:
  /// `unsupported`, with the codec's name, when no container of ours holds it.
  static base::Result<ClipFormat> of(const Source& source);

  /// "mp4" where its standard and players know the codec, else "mkv".
  std::string_view extension() const;
  const AVCodecParameters& parameters() const { return *parameters_; }
  std::chrono::nanoseconds frame_interval() const { return frame_interval_; }

 private:
  ClipFormat(std::shared_ptr<const AVCodecParameters> parameters, std::chrono::nanoseconds frame_interval)
      : parameters_(std::move(parameters)), frame_interval_(frame_interval) {}

  std::shared_ptr<const AVCodecParameters> parameters_;  // co-owned by the copies; never changes
  std::chrono::nanoseconds frame_interval_;              // nominal
};

/// Packets into a video file as they are, without decoding. Times begin at zero with the first key frame; pictures
/// before it in presentation order, which predict from what is not in the clip, are left out; decoding times increase
/// strictly. MP4 is written in fragments of at most two seconds: browsers play it, a file that was cut off by a kill or
/// a power cut plays up to its last fragment, and nothing has to be moved at the end, unlike with an index in front.
/// Writes to `path` as given; the caller renames it once finish() succeeded. One thread at a time.
class ClipWriter {
 public:
  static std::unique_ptr<ClipWriter> create(const std::string& path, const ClipFormat& format);
  virtual ~ClipWriter() = default;

  /// Opens the file at the first packet, which must be a key frame. `end_of_stream`: the codec's parameters changed, so
  /// this packet needs another clip, and this one can only be finished.
  virtual base::Status write(const Packet& packet) = 0;
  /// `invalid` when nothing was written.
  virtual base::Status finish() = 0;

  virtual std::uint64_t bytes_written() const = 0;
  virtual std::chrono::nanoseconds duration() const = 0;
};

}  // namespace ocelli::media
