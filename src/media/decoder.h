#pragma once

#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "media/frame.h"
#include "media/packet.h"

struct AVCodecParameters;

namespace ocelli::media {

/// Packets in, frames out, in presentation order; software decoding with one thread, since many streams fill the cores
/// better than many slices. One thread at a time.
class Decoder {
 public:
  struct Counters {
    base::Counter corrupt;    ///< packets that the codec refused
    base::Counter converted;  ///< frames in a pixel format that had to be converted to yuv420p
    base::Counter refused;    ///< frames dropped because the pool was dry
  };

  /// `pool` and `clock` outlive the decoder. `unsupported` when FFmpeg has no decoder for the codec.
  static base::Result<std::unique_ptr<Decoder>> create(const AVCodecParameters& parameters, FramePool& pool,
                                                       base::Clock& clock, Counters counters);
  virtual ~Decoder() = default;

  /// `exhausted`: receive() first, then send the same packet again. `corrupt`: this packet is lost, go on with the next.
  virtual base::Status send(const Packet& packet) = 0;
  /// No more packets: receive() until end_of_stream.
  virtual base::Status drain() = 0;
  /// `need_input`: send more. `exhausted`: the pool was dry and one frame was dropped.
  virtual base::Result<FramePtr> receive() = 0;
  /// Forgets all state, after a seek.
  virtual void flush() = 0;
};

}  // namespace ocelli::media
