#include "media/picture.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include "media/decoder.h"
#include "media/internal/ffmpeg.h"
#include "media/internal/packet_pool.h"
#include "media/source.h"

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;

struct FreeParameters {
  void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
};

AVCodecID codec_of(std::span<const std::uint8_t> bytes) {
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 16));
  if (head.starts_with("\xFF\xD8\xFF")) return AV_CODEC_ID_MJPEG;
  if (head.starts_with("\x89PNG\r\n\x1A\n")) return AV_CODEC_ID_PNG;
  if (head.starts_with("RIFF") && head.substr(std::min<std::size_t>(head.size(), 8)).starts_with("WEBP")) {
    return AV_CODEC_ID_WEBP;
  }
  return head.starts_with("BM") ? AV_CODEC_ID_BMP : AV_CODEC_ID_NONE;
}

/// Tells the decoder what the signature says; no demuxer has to guess.
class PictureSource final : public Source {
 public:
  static base::Result<std::unique_ptr<PictureSource>> create(AVCodecID codec) {
    auto source = std::make_unique<PictureSource>();
    source->parameters_.reset(avcodec_parameters_alloc());
    if (!source->parameters_) return Error(Code::exhausted, "out of memory");
    source->parameters_->codec_type = AVMEDIA_TYPE_VIDEO;
    source->parameters_->codec_id = codec;
    return source;
  }

  const StreamInfo& info() const override { return info_; }
  base::Result<Packet> read(base::SteadyTime /*deadline*/) override {
    return Error(Code::end_of_stream, "end of the picture");
  }
  base::Status seek(MediaTime /*time*/) override { return Error(Code::unsupported, "a picture has no times"); }
  const AVCodecParameters& codec_parameters() const override { return *parameters_; }

 private:
  StreamInfo info_;
  std::unique_ptr<AVCodecParameters, FreeParameters> parameters_;
};

base::Result<Packet> packet_of(std::span<const std::uint8_t> bytes, base::Clock& clock) {
  internal::AvPacketPtr packet(av_packet_alloc(), Packet::Deleter{});
  if (!packet || bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2) ||
      av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) {
    return Error(Code::exhausted, "out of memory");
  }
  std::copy(bytes.begin(), bytes.end(), packet->data);
  packet->flags = AV_PKT_FLAG_KEY;
  return Packet(std::move(packet), MediaTime{}, true, clock.now());
}

}  // namespace

base::Result<FramePtr> decode_picture(std::span<const std::uint8_t> bytes, base::Clock& clock) {
  internal::tame_ffmpeg();
  const AVCodecID codec = codec_of(bytes);
  if (codec == AV_CODEC_ID_NONE) return Error(Code::unsupported, "this is no picture: send a JPEG, PNG, WebP or BMP");
  OC_TRY(const auto source, PictureSource::create(codec));
  FramePool pool(1);
  OC_TRY(const auto decoder, Decoder::create(*source, {}, pool, clock, {}));
  OC_TRY(const auto packet, packet_of(bytes, clock));
  if (decoder->send(packet) && decoder->drain()) {
    if (auto frame = decoder->receive()) return frame;
  }
  return Error(Code::corrupt, "the picture is damaged beyond its header, or larger than 67 megapixels");
}

}  // namespace ocelli::media
