#include "media/capabilities.h"

#include <array>
#include <utility>

#include "media/internal/ffmpeg.h"

namespace ocelli::media {

std::vector<DecoderInfo> decoders() {
  constexpr std::array<std::pair<const char*, AVCodecID>, 4> kCodecs{{{"H.264", AV_CODEC_ID_H264},
                                                                      {"H.265", AV_CODEC_ID_HEVC},
                                                                      {"MPEG-4", AV_CODEC_ID_MPEG4},
                                                                      {"MJPEG", AV_CODEC_ID_MJPEG}}};
  std::vector<DecoderInfo> infos;
  for (const auto& [codec, id] : kCodecs) {
    const AVCodec* decoder = avcodec_find_decoder(id);
    infos.push_back({codec, decoder != nullptr ? decoder->name : "", decoder != nullptr});
  }
  return infos;
}

std::string video_encoder_name() {
  const AVCodec* encoder = internal::best_video_encoder();
  return encoder != nullptr ? encoder->name : "none: annotated videos cannot be written";
}

}  // namespace ocelli::media
