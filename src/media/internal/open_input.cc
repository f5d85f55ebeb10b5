#include "media/internal/open_input.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "media/demux_profile.h"

namespace ocelli::media::internal {

using base::Code;
using base::Error;

namespace {

// Playlists name other files: one that is called video.mp4 could show somebody else's recordings.
constexpr std::array<std::string_view, 5> kPlaylists{"hls", "dash", "concat", "imf", "sdp"};

}  // namespace

InputPtr make_context(const Opening& opening) {
  InputPtr context(avformat_alloc_context());
  if (context) context->interrupt_callback = opening.interrupt.callback();
  return context;
}

void apply_profile(AVFormatContext& context, Container container, const SourceConfig& config) {
  const DemuxProfile profile = demux_profile(container);
  const auto duration = config.analyze_duration.count() > 0 ? config.analyze_duration : profile.analyze_duration;
  context.probesize = config.probe_bytes > 0 ? config.probe_bytes : profile.probe_bytes;
  context.max_analyze_duration = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

int open_context(InputPtr& context, const std::string& url, const AVInputFormat* format, Options& options) {
  AVFormatContext* raw = context.release();
  const int result = avformat_open_input(&raw, url.c_str(), format, options.get());
  context.reset(raw);
  return result;
}

bool is_playlist(const AVInputFormat& format) {
  return std::find(kPlaylists.begin(), kPlaylists.end(), std::string_view(format.name)) != kPlaylists.end();
}

Error explain(int number, const std::string& what, const Opening& opening) {
  const bool network = address_kind(opening.config.url) != AddressKind::path;
  if (opening.interrupt.stopped()) return Error(Code::cancelled, what + ": stopped");
  if (opening.interrupt.expired() || number == AVERROR(ETIMEDOUT)) {
    const std::string bound = std::to_string(opening.interrupt.timeout().count()) + " ms";
    return Error(Code::timeout, network ? what + ": no answer within " + bound + "; check address, port and firewall"
                                        : what + ": no bytes within " + bound + "; is anybody writing?");
  }
  switch (number) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
      return Error(Code::invalid, what + ": user name or password refused");
    case AVERROR(ECONNREFUSED):
      return Error(Code::unavailable, what + ": connection refused; is the camera or server running on that port?");
    case AVERROR(EIO):
      if (!network) break;
      if (is_encrypted(opening.config.url) && opening.config.tls_verify) {
        return Error(Code::unavailable,
                     what +
                         ": no encrypted connection; if the server's certificate is its own, name it "
                         "with tls_ca_file, or set tls_verify: false");
      }
      return Error(Code::unavailable, what + ": host unreachable, or it broke the connection off; check the network");
    default:
      break;
  }
  return ffmpeg_error(number, what);
}

}  // namespace ocelli::media::internal
