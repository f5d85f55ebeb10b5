// The description of a session, as an RTSP server or a file may give it: our own reading of it, then FFmpeg's, which
// may open nothing.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "media/byte_reader.h"
#include "media/fingerprint.h"
#include "media/source.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
}

namespace {

struct Text {
  const std::uint8_t* data;
  std::size_t left;
};

int read_text(void* opaque, std::uint8_t* into, int size) {
  auto* text = static_cast<Text*>(opaque);
  const std::size_t count = text->left < static_cast<std::size_t>(size) ? text->left : static_cast<std::size_t>(size);
  if (count == 0) return AVERROR_EOF;
  for (std::size_t i = 0; i < count; ++i) into[i] = text->data[i];
  text->data += count;
  text->left -= count;
  return static_cast<int>(count);
}

void demux(const std::uint8_t* data, std::size_t size) {
  constexpr int kBuffer = 4096;
  Text text{data, size};
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
  AVIOContext* bytes = avio_alloc_context(buffer, kBuffer, 0, &text, &read_text, nullptr, nullptr);
  AVFormatContext* context = avformat_alloc_context();
  context->pb = bytes;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  if (avformat_open_input(&context, "", av_find_input_format("sdp"), &options) == 0) avformat_close_input(&context);
  av_dict_free(&options);
  av_free(bytes->buffer);
  avio_context_free(&bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ocelli;
  using namespace ocelli::media;
  constexpr std::size_t kMostBytes = 16 * 1024;
  if (size > kMostBytes) return 0;
  av_log_set_level(AV_LOG_QUIET);
  const RtpProfile profile = sdp_video_profile({reinterpret_cast<const char*>(data), size});
  if (profile != RtpProfile::none) {
    // As a file it is refused: it holds no video and would open the network.
    base::SystemClock clock;
    const std::vector<std::uint8_t> bytes(data, data + size);
    const auto source = Source::open(std::make_unique<MemoryReader>(bytes), {"session"}, clock, {});
    OC_CHECK(!source && source.error().code() == base::Code::unsupported);
  }
  demux(data, size);
  return 0;
}
