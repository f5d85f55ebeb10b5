#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/clock.h"
#include "engine/recording_format.h"
#include "media/decoder.h"
#include "media/frame.h"
#include "media/source.h"

namespace ocelli::engine {

/// The pictures of a recording, decoded again in software. Asked in the order of their times. One thread at a time.
class RecordedPictures {
 public:
  /// `clock` outlives it.
  RecordedPictures(std::string folder, base::Clock& clock);

  /// Clips come in the order of the recording.
  void add(const RecordedClip& clip) { clips_.push_back(clip); }
  /// The picture of this time on the stream's axis. Null: the recording does not hold it.
  base::Result<media::FramePtr> find(media::MediaTime time);
  /// Clips that could not be opened.
  std::uint64_t clips_unread() const { return clips_unread_; }

 private:
  bool open_next();
  base::Result<media::FramePtr> decode_next();
  base::Status feed();

  const std::string folder_;
  base::Clock& clock_;
  media::FramePool pool_;
  std::deque<RecordedClip> clips_;
  std::unique_ptr<media::Source> source_;
  std::unique_ptr<media::Decoder> decoder_;
  media::FramePtr next_;
  std::uint64_t clips_unread_ = 0;
};

}  // namespace ocelli::engine
