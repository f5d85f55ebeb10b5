#include "media/frame_reader.h"

namespace ocelli::media {

using base::Code;

base::Result<std::unique_ptr<FrameReader>> FrameReader::open(const SourceConfig& config, base::Clock& clock,
                                                             const std::stop_token& stop) {
  std::unique_ptr<FrameReader> reader(new FrameReader());
  OC_TRY(reader->source_, Source::open(config, clock, stop));
  OC_TRY(reader->decoder_, Decoder::create(*reader->source_, {}, reader->pool_, clock, {}));
  return reader;
}

base::Result<FramePtr> FrameReader::next() {
  while (true) {
    auto frame = decoder_->receive();
    if (frame) return frame;
    switch (frame.error().code()) {
      case Code::need_input:
        OC_TRY_STATUS(feed());
        break;
      case Code::corrupt:
        break;  // the next one may do
      case Code::end_of_stream:
        return *end_;
      default:
        return frame;
    }
  }
}

base::Status FrameReader::feed() {
  auto packet = source_->read();
  if (packet) {
    const auto sent = decoder_->send(*packet);
    return sent || sent.error().code() == Code::corrupt ? base::Status() : sent;
  }
  if (packet.error().code() == Code::cancelled) return packet.error();
  end_ = packet.error();
  return decoder_->drain();
}

}  // namespace ocelli::media
