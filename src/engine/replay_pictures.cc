#include "engine/replay_pictures.h"

#include <utility>

namespace ocelli::engine {
namespace {

using base::Code;
using namespace std::chrono_literals;

constexpr std::size_t kFramesAlive = 16;
// Containers round times to a millisecond at worst; pictures of one camera are further apart.
constexpr auto kTolerance = 2ms;

}  // namespace

RecordedPictures::RecordedPictures(std::string folder, base::Clock& clock)
    : folder_(std::move(folder)), clock_(clock), pool_(kFramesAlive) {}

base::Result<media::FramePtr> RecordedPictures::find(media::MediaTime time) {
  while (true) {
    if (!next_) {
      OC_TRY(next_, decode_next());
    }
    if (!next_ || next_->time() > time + kTolerance) return media::FramePtr();
    media::FramePtr frame = std::exchange(next_, nullptr);
    if (frame->time() >= time - kTolerance) return frame;
  }
}

/// False: there is none.
bool RecordedPictures::open_next() {
  while (!clips_.empty()) {
    const RecordedClip clip = std::move(clips_.front());
    clips_.pop_front();
    auto source = media::Source::open({folder_ + "/" + clip.file}, clock_, {});
    if (source) {
      media::Decoder::Config config;
      config.origin = clip.begin;
      auto decoder = media::Decoder::create(**source, config, pool_, clock_, {});
      if (decoder) {
        source_ = *std::move(source);
        decoder_ = *std::move(decoder);
        return true;
      }
    }
    ++clips_unread_;  // cut off before its first picture, or removed
  }
  return false;
}

base::Result<media::FramePtr> RecordedPictures::decode_next() {
  while (decoder_ || open_next()) {
    auto frame = decoder_->receive();
    if (frame) return frame;
    switch (frame.error().code()) {
      case Code::need_input:
        OC_TRY_STATUS(feed());
        break;
      case Code::end_of_stream:
        decoder_.reset();
        source_.reset();
        break;
      case Code::corrupt:
      case Code::exhausted:
        break;
      default:
        return std::move(frame).error();
    }
  }
  return media::FramePtr();
}

/// One packet; what cannot be read ends the clip.
base::Status RecordedPictures::feed() {
  auto packet = source_->read();
  if (!packet) return decoder_->drain();
  const auto sent = decoder_->send(*packet);
  return sent || sent.error().code() == Code::corrupt ? base::Status() : sent;
}

}  // namespace ocelli::engine
