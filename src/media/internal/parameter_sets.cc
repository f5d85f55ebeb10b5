#include "media/internal/parameter_sets.h"

#include "media/access_unit.h"

namespace ocelli::media::internal {
namespace {

struct CloseParser {
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
};

std::optional<NalFormat> format_of(const AVCodecParameters& parameters) {
  return nal_format(avcodec_get_name(parameters.codec_id),
                    {parameters.extradata, static_cast<std::size_t>(parameters.extradata_size)});
}

}  // namespace

std::unique_ptr<ParameterSetFinder> ParameterSetFinder::create(const AVCodecParameters& parameters) {
  const auto format = format_of(parameters);
  if (!format || format->length_bytes > 0) return nullptr;
  const AVBitStreamFilter* kind = av_bsf_get_by_name("extract_extradata");
  AVBSFContext* context = nullptr;
  if (kind == nullptr || av_bsf_alloc(kind, &context) < 0) return nullptr;
  FilterPtr filter(context);
  if (avcodec_parameters_copy(filter->par_in, &parameters) < 0 || av_bsf_init(context) < 0) return nullptr;
  return std::unique_ptr<ParameterSetFinder>(new ParameterSetFinder(std::move(filter)));
}

std::optional<std::vector<std::uint8_t>> ParameterSetFinder::find(const AVPacket& packet) {
  const OwnedPacketPtr shell(av_packet_alloc());
  if (!shell || av_packet_ref(shell.get(), &packet) < 0) return std::nullopt;
  if (av_bsf_send_packet(filter_.get(), shell.get()) < 0) return std::nullopt;
  std::optional<std::vector<std::uint8_t>> sets;
  while (av_bsf_receive_packet(filter_.get(), shell.get()) == 0) {
    std::size_t size = 0;
    const std::uint8_t* data = av_packet_get_side_data(shell.get(), AV_PKT_DATA_NEW_EXTRADATA, &size);
    if (data != nullptr && size > 0) sets.emplace(data, data + size);
    av_packet_unref(shell.get());
  }
  return sets;
}

bool stands_alone(const AVPacket& packet, const AVCodecParameters& parameters) {
  const auto format = format_of(parameters);
  if (!format || packet.data == nullptr) return false;
  const auto role = picture_role({packet.data, static_cast<std::size_t>(packet.size)}, *format);
  if (!role || !role->is_idr) return false;
  const auto finder = ParameterSetFinder::create(parameters);
  return finder && finder->find(packet);
}

std::optional<PictureSize> picture_size(const AVPacket& key_frame, AVCodecID codec) {
  const std::unique_ptr<AVCodecParserContext, CloseParser> parser(av_parser_init(codec));
  const CodecContextPtr context(avcodec_alloc_context3(nullptr));
  if (!parser || !context) return std::nullopt;
  context->codec_id = codec;
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  std::uint8_t* out = nullptr;
  int out_size = 0;
  av_parser_parse2(parser.get(), context.get(), &out, &out_size, key_frame.data, key_frame.size, key_frame.pts,
                   key_frame.dts, -1);
  if (parser->width <= 0 || parser->height <= 0) return std::nullopt;
  return PictureSize{parser->width, parser->height};
}

}  // namespace ocelli::media::internal
