#include <array>

#include "media/demux_profile.h"
#include "media/internal/open_input.h"
#include "media/internal/resolve.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

// A URL must not make us open a local file.
constexpr const char* kProtocols = "http,https,httpproxy,tcp,tls,crypto,data";

void set_options(Options& options, const SourceConfig& config) {
  options.set("protocol_whitelist", kProtocols);
  options.set("tls_verify", config.tls_verify ? "1" : "0");
  if (!config.tls_ca_file.empty()) options.set("ca_file", config.tls_ca_file);
}

/// What a playlist names is fetched under the same rules as the playlist.
int open_part(AVFormatContext* context, AVIOContext** into, const char* url, int flags, AVDictionary** wanted) {
  const auto* opening = static_cast<const Opening*>(context->opaque);
  Options options;
  if (wanted != nullptr) av_dict_copy(options.get(), *wanted, 0);
  set_options(options, opening->config);
  return avio_open2(into, url, flags, &context->interrupt_callback, options.get());
}

/// By the bytes that came with the answer's head: to ask for more would lose them, since HTTP does not go back.
Container peek(AVIOContext& connection) {
  std::array<unsigned char, 1024> head{};
  const int count = avio_read_partial(&connection, head.data(), head.size());
  if (count <= 0 || avio_seek(&connection, 0, SEEK_SET) != 0) return Container::unknown;
  return fingerprint({head.data(), static_cast<std::size_t>(count)});
}

}  // namespace

base::Result<OpenInput> open_http(const Opening& opening) {
  const SourceConfig& config = opening.config;
  const std::string what = "cannot open " + opening.shown;
  OC_TRY_STATUS(resolve_host(config.url, opening));
  OpenInput input;
  Options options;
  set_options(options, config);
  AVIOContext* connection = nullptr;
  const AVIOInterruptCB interrupt = opening.interrupt.callback();
  int result = avio_open2(&connection, config.url.c_str(), AVIO_FLAG_READ, &interrupt, options.get());
  if (result < 0) return explain(result, what, opening);
  input.connection.reset(connection);

  const Container container = peek(*connection);
  if (container == Container::sdp) {
    return Error(Code::unsupported, opening.shown + " describes an RTP session; give the rtsp:// address instead");
  }
  const char* name = demux_profile(container).demuxer;
  input.context = make_context(opening);
  if (!input.context) return Error(Code::exhausted, "out of memory");
  input.context->pb = connection;
  input.context->io_open = &open_part;
  input.context->opaque = const_cast<Opening*>(&opening);
  Options format_options;
  format_options.set("protocol_whitelist", kProtocols);
  result =
      open_context(input.context, config.url, name == nullptr ? nullptr : av_find_input_format(name), format_options);
  if (result < 0) return explain(result, what, opening);
  input.container = container_of_demuxer(input.context->iformat->name);
  apply_profile(*input.context, input.container, config);
  result = avformat_find_stream_info(input.context.get(), nullptr);
  if (result < 0) return explain(result, "cannot understand " + opening.shown, opening);
  return input;
}

}  // namespace ocelli::media::internal
