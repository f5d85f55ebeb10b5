#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "media/internal/ffmpeg.h"

extern "C" {
#include <libavcodec/bsf.h>
}

namespace ocelli::media::internal {

/// Finds the parameter sets (SPS, PPS, VPS) that a stream carries in its packets; for streams without lengths before
/// their NAL units. Others carry them in their extradata. One thread at a time.
class ParameterSetFinder {
 public:
  /// Null where packets of this codec hold none, or FFmpeg was built without the filter.
  static std::unique_ptr<ParameterSetFinder> create(const AVCodecParameters& parameters);

  /// In the form of extradata. Nothing when the packet has no complete ones.
  std::optional<std::vector<std::uint8_t>> find(const AVPacket& packet);

 private:
  struct FreeFilter {
    void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
  };
  using FilterPtr = std::unique_ptr<AVBSFContext, FreeFilter>;
  explicit ParameterSetFinder(FilterPtr filter) : filter_(std::move(filter)) {}

  FilterPtr filter_;
};

/// Whether a decoder that has seen nothing of the stream can begin with this packet and lacks nothing from then on: an
/// IDR picture that brings its parameter sets. Streams with lengths before their NAL units never do.
bool stands_alone(const AVPacket& packet, const AVCodecParameters& parameters);

/// The picture size that parameter sets tell. Nothing when they cannot be read.
struct PictureSize {
  int width = 0;
  int height = 0;
};
std::optional<PictureSize> picture_size(const AVPacket& key_frame, AVCodecID codec);

}  // namespace ocelli::media::internal
