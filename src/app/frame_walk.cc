#include "app/frame_walk.h"

#include <algorithm>

#include "media/address.h"
#include "media/decoder.h"
#include "media/source.h"

namespace ocelli::app {
namespace {

constexpr std::size_t kPoolFrames = 32;  // a decoder may hold many frames back for reordering

/// Feeds the decoder until it gives a frame; `end_of_stream` after the last.
base::Result<media::FramePtr> next_frame(media::Source& source, media::Decoder& decoder) {
  while (true) {
    auto frame = decoder.receive();
    if (frame || frame.error().code() != base::Code::need_input) return frame;
    auto packet = source.read();
    if (packet) {
      // A damaged packet is skipped: the next one may do.
      [[maybe_unused]] const auto sent = decoder.send(*packet);
    } else if (packet.error().code() == base::Code::end_of_stream) {
      OC_TRY_STATUS(decoder.drain());
    } else {
      return packet.error();
    }
  }
}

/// Thins frames to the range.
class FrameFilter {
 public:
  explicit FrameFilter(const FrameRange& range) : range_(range) {}

  bool wants(const media::Frame& frame) {
    if (range_.from && frame.time() < *range_.from) return false;
    if (frame.time() < due_) return false;
    if (range_.max_fps) {
      const auto interval = media::from_seconds(1 / *range_.max_fps).time_since_epoch();
      due_ = thinned_ ? std::max(due_ + interval, frame.time()) : frame.time() + interval;
      thinned_ = true;
    }
    return true;
  }

 private:
  const FrameRange range_;
  media::MediaTime due_ = media::MediaTime::min();  // of the next frame
  bool thinned_ = false;
};

}  // namespace

base::Result<std::size_t> walk_frames(const std::string& input, const FrameRange& range, base::Clock& clock,
                                      const std::stop_token& stop,
                                      const std::function<base::Status(const media::Frame&)>& use) {
  OC_TRY(const auto source, media::Source::open({input}, clock, stop));
  media::FramePool pool(kPoolFrames);
  OC_TRY(const auto decoder, media::Decoder::create(*source, {}, pool, clock, {}));
  FrameFilter filter(range);
  std::size_t used = 0;
  bool decoded = false;
  while (true) {
    if (stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
    const auto frame = next_frame(*source, *decoder);
    if (!frame && frame.error().code() != base::Code::end_of_stream) return frame.error();
    if (!frame) break;
    decoded = true;
    if (range.to && (*frame)->time() >= *range.to) break;
    if (!filter.wants(**frame)) continue;
    OC_TRY_STATUS(use(**frame));
    ++used;
  }
  if (!decoded) {
    return base::Error(base::Code::corrupt, "no picture of " + media::redact_url(input) + " can be decoded");
  }
  return used;
}

}  // namespace ocelli::app
