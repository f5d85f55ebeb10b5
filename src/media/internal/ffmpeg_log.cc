#include "media/internal/ffmpeg_log.h"

#include <cstdarg>
#include <string_view>

#include "media/internal/codec.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace ocelli::media::internal {
namespace {

void hear_input(const AVFormatContext& input, std::string_view format) {
  constexpr std::string_view kLost = "RTP: missed";
  const bool is_rtsp = input.iformat != nullptr && std::string_view(input.iformat->name) == "rtsp";
  if (!is_rtsp || !format.starts_with(kLost)) return;
  if (auto* notes = static_cast<RtpNotes*>(input.opaque)) notes->lost = true;
}

void hear(void* speaker, int level, const char* format, va_list arguments) {
  if (speaker == nullptr) return;
  const AVClass* kind = *static_cast<const AVClass* const*>(speaker);
  if (kind == avcodec_get_class()) {
    Codec::hear_complaint(speaker, level, format, arguments);
  } else if (kind == avformat_get_class()) {
    hear_input(*static_cast<const AVFormatContext*>(speaker), format);
  }
}

}  // namespace

void listen_to_ffmpeg() {
  [[maybe_unused]] static const bool kHearing = (av_log_set_callback(&hear), true);
}

}  // namespace ocelli::media::internal
