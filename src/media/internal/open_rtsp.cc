#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "media/internal/open_input.h"
#include "media/internal/resolve.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

constexpr const char* kProtocols = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy";

const char* name_of(RtspTransport transport) {
  switch (transport) {
    case RtspTransport::udp:
      return "udp";
    case RtspTransport::http:
      return "http";
    case RtspTransport::tcp:
    case RtspTransport::automatic:
      break;
  }
  return "tcp";
}

/// TCP first: it loses nothing, passes firewalls and is what most cameras do best. What worked before comes first.
std::vector<RtspTransport> order_of(const SourceConfig& config) {
  if (is_encrypted(config.url)) return {RtspTransport::tcp};  // the rest would leave the encrypted connection
  if (config.transport != RtspTransport::automatic) return {config.transport};
  std::vector<RtspTransport> order{RtspTransport::tcp, RtspTransport::udp, RtspTransport::http};
  const auto before = std::find(order.begin(), order.end(), config.worked_before);
  if (before != order.end()) std::rotate(order.begin(), before, before + 1);
  return order;
}

/// The server talks, but not this way: "461 Unsupported Transport", another complaint about the request, or nonsense.
/// Who refuses the user, does not know the path or does not answer at all would do so over any transport.
bool is_about_transport(int number) {
  switch (number) {
    case AVERROR(EPROTONOSUPPORT):
    case AVERROR(EPROTO):
    case AVERROR(EPIPE):
    case AVERROR(ECONNRESET):
    case AVERROR_HTTP_BAD_REQUEST:
    case AVERROR_HTTP_OTHER_4XX:
    case AVERROR_HTTP_SERVER_ERROR:
    case AVERROR_INVALIDDATA:
    case AVERROR_EOF:
      return true;
    default:
      return false;
  }
}

struct Attempt {
  base::Result<OpenInput> result;
  bool try_another = false;
};

/// The video whose parameter sets the session description holds, if it is the only stream: then nothing has to be
/// guessed by reading ahead, which would cost a camera that returns up to the seconds of its profile.
AVStream* described_by_server(const AVFormatContext& context) {
  if (context.nb_streams != 1) return nullptr;
  AVStream* stream = context.streams[0];
  const AVCodecParameters& parameters = *stream->codecpar;
  const bool known = parameters.codec_id == AV_CODEC_ID_H264 || parameters.codec_id == AV_CODEC_ID_HEVC;
  return known && parameters.extradata_size > 0 ? stream : nullptr;
}

/// Takes the picture's size from the parser, which has seen a first packet.
bool has_size(AVStream& stream) {
  const AVCodecParserContext* parser = av_stream_get_parser(&stream);
  if (parser == nullptr || parser->width <= 0 || parser->height <= 0) return false;
  stream.codecpar->width = parser->width;
  stream.codecpar->height = parser->height;
  stream.codecpar->format = parser->format;
  return true;
}

class RtspOpener {
 public:
  explicit RtspOpener(const Opening& opening) : opening_(opening), deadline_(opening.interrupt.deadline()) {}

  base::Result<OpenInput> open() {
    const auto order = order_of(opening_.config);
    std::string tried;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool last = i + 1 == order.size();
      opening_.interrupt.set_deadline(deadline_);
      Attempt attempt = try_transport(order[i], last);
      if (attempt.result) {
        opening_.interrupt.set_deadline(deadline_);
        return std::move(attempt.result);
      }
      if (!tried.empty()) tried += "; ";
      tried += std::string(name_of(order[i])) + ": " + attempt.result.error().message();
      if (last || !attempt.try_another) {
        const Code code = attempt.result.error().code();
        return Error(code, "cannot open " + opening_.shown + ": " +
                               (i == 0 ? attempt.result.error().message() : "no transport works (" + tried + ")"));
      }
    }
    return Error(Code::internal, "no transport to try");
  }

 private:
  Attempt try_transport(RtspTransport transport, bool last) {
    OpenInput input;
    input.container = Container::sdp;
    input.transport = transport;
    input.context = make_context(opening_);
    if (!input.context) return {Error(Code::exhausted, "out of memory")};
    input.rtp_notes = std::make_unique<RtpNotes>();
    input.context->opaque = input.rtp_notes.get();
    apply_profile(*input.context, Container::sdp, opening_.config);
    Options options;
    options.set("protocol_whitelist", kProtocols);
    options.set("rtsp_transport", name_of(transport));
    options.set("allowed_media_types", "video");
    const int result = open_context(input.context, opening_.config.url, nullptr, options);
    if (result < 0) return {failure(result), !gave_up() && is_about_transport(result)};
    return await_packets(std::move(input), last);
  }

  /// A server may promise UDP that a firewall eats: only packets prove a transport. Half of the time that is left goes
  /// to each transport that has another behind it.
  Attempt await_packets(OpenInput input, bool last) {
    AVStream* video = described_by_server(*input.context);
    if (video != nullptr) input.reopening = opening_.interrupt.elapsed();
    // What worked before needs no proof: a camera that returns is open as soon as it agrees to play, so that one that
    // hangs is told from one whose next key frame is seconds away.
    if (video != nullptr && input.transport == opening_.config.worked_before) return {std::move(input)};
    if (!last) {
      const auto half = opening_.interrupt.remaining() / 2;
      opening_.interrupt.set_deadline(deadline_ - half);
    }
    input.first_packet.reset(av_packet_alloc());
    if (!input.first_packet) return {Error(Code::exhausted, "out of memory")};
    int result = 0;
    if (video != nullptr) {
      result = av_read_frame(input.context.get(), input.first_packet.get());
      if (result < 0 || has_size(*video)) return judged(result, std::move(input));
    }
    AvPacketPtr first = std::move(input.first_packet);
    result = avformat_find_stream_info(input.context.get(), nullptr);
    if (result >= 0 && first->size == 0) result = av_read_frame(input.context.get(), first.get());
    input.first_packet = std::move(first);
    return judged(result, std::move(input));
  }

  Attempt judged(int result, OpenInput input) const {
    if (result >= 0) return {std::move(input)};
    if (opening_.interrupt.stopped()) return {failure(result)};
    if (opening_.interrupt.expired() || result == AVERROR(ETIMEDOUT)) {
      return {Error(Code::timeout, "it agreed to play, but no packet came; check the firewall"), true};
    }
    return {failure(result), is_about_transport(result)};
  }

  bool gave_up() const { return opening_.interrupt.stopped() || opening_.interrupt.expired(); }

  Error failure(int number) const {
    if (number == AVERROR(EPROTONOSUPPORT) && !gave_up()) {
      return {Code::unsupported, "the server refuses this transport (461)"};
    }
    if (number == AVERROR_INVALIDDATA && !gave_up()) {
      return {Code::corrupt, "the server's answer makes no sense, or it hung up"};
    }
    constexpr std::string_view kNoNoun = ": ";
    std::string message = explain(number, "", opening_).message();
    const Code code = explain(number, "", opening_).code();
    if (message.starts_with(kNoNoun)) message.erase(0, kNoNoun.size());
    return {code, std::move(message)};
  }

  const Opening& opening_;
  const base::SteadyTime deadline_;
};

}  // namespace

base::Result<OpenInput> open_rtsp(const Opening& opening) {
  // FFmpeg hands none of its TLS options on to RTSP. To connect unchecked in silence would give the password to whoever
  // answers.
  if (is_encrypted(opening.config.url) && opening.config.tls_verify) {
    return Error(Code::unsupported, "cannot open " + opening.shown +
                                        ": the certificate of an rtsps:// server cannot be checked here; set "
                                        "tls_verify: false to connect all the same");
  }
  OC_TRY_STATUS(resolve_host(opening.config.url, opening));
  listen_to_ffmpeg();
  return RtspOpener(opening).open();
}

}  // namespace ocelli::media::internal
