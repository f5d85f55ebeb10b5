#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/result.h"
#include "media/decoder.h"
#include "media/frame.h"
#include "media/source.h"

namespace ocelli::media {

/// The pictures of one input, one after the other: for whoever wants those of a file or the first of a camera, and has
/// no pipeline. What cannot be decoded is passed over. One thread at a time; next() blocks. Frames may outlive it.
class FrameReader {
 public:
  /// Fails as Source::open() and Decoder::create(). `clock` outlives the reader.
  static base::Result<std::unique_ptr<FrameReader>> open(const SourceConfig& config, base::Clock& clock,
                                                         const std::stop_token& stop);

  /// After the last frame that could be had, what ended the input: `end_of_stream`, or the error of Source::read().
  /// `cancelled` at once after a stop request. `exhausted` when the caller keeps more frames than a pool holds: this
  /// one is lost.
  base::Result<FramePtr> next();

 private:
  FrameReader() = default;
  base::Status feed();

  static constexpr std::size_t kPoolFrames = 32;  // a decoder may hold many frames back for reordering

  FramePool pool_{kPoolFrames};
  std::unique_ptr<Source> source_;
  std::unique_ptr<Decoder> decoder_;
  std::optional<base::Error> end_;  ///< of the input; what the decoder holds is still to come
};

}  // namespace ocelli::media
