#pragma once

#include "media/media_time.h"
#include "media/packet.h"
#include "media/source.h"

namespace ocelli::engine {

/// Receives every packet that a stream reads, with its repaired time, before any is left out. Called from the I/O
/// thread; never waits for long; keeps handles, not copies.
class PacketSink {
 public:
  virtual ~PacketSink() = default;
  /// Packets come from `source` from now on; its zero lies at `origin` on the stream's axis.
  virtual void connected(const media::Source& source, media::MediaTime origin) = 0;
  virtual void add(const media::Packet& packet) = 0;
  /// No more packets for now. Events of the last ones may still come.
  virtual void disconnected() = 0;
};

}  // namespace ocelli::engine
