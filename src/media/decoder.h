#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "media/frame.h"
#include "media/hardware.h"
#include "media/packet.h"
#include "media/source.h"

namespace ocelli::media {

/// Packets in, frames out, in presentation order; by a hardware device where Config asks for one, else in software with
/// one thread, since many streams fill the cores better than many slices. When a device fails in mid-stream, decoding
/// goes on in software from the next key frame, for good. Frame times increase strictly: one that is missing or runs
/// backwards is replaced by the last one plus the nominal frame interval. Damaged streams give whatever can be had of
/// them: from an error or a packet that lacks_reference() on, frames are FrameQuality::damaged until the first whole
/// key frame that was sent after it. One thread at a time.
class Decoder {
 public:
  struct Counters {
    base::Counter corrupt;      ///< packets that the codec refused or found errors in
    base::Counter converted;    ///< frames in a pixel format that had to be converted to yuv420p
    base::Counter refused;      ///< frames dropped because the pool was dry
    base::Counter damaged;      ///< frames handed on as FrameQuality::damaged
    base::Counter fallbacks{};  ///< times that hardware failed or did not take the stream, and software went on
  };

  struct Config {
    MediaTime origin;  ///< where the source's zero lies on the stream's axis: later for a second connection or loop
    /// Wall time of the axis' zero. Absent: frames carry the wall time at which their packets arrived.
    std::optional<base::WallTime> recording_start;
    /// Any but `software` may give frames whose pixels lie on a device, at most 4 of them alive: see download().
    DecodeDevice device = DecodeDevice::software;
    HardwareDevices* hardware = nullptr;  ///< outlives create(); null: this program has none
    /// Told where it decodes: by create(), and when hardware fails, on the thread that then uses the decoder.
    std::function<void(const DecodeUse&)> on_use = nullptr;
  };

  /// Decodes the video of `source`, which need not outlive it. `pool` and `clock` must. `unsupported` when FFmpeg has
  /// no such decoder; as HardwareDevices::open when a device other than `automatic` cannot be had.
  static base::Result<std::unique_ptr<Decoder>> create(const Source& source, const Config& config, FramePool& pool,
                                                       base::Clock& clock, Counters counters);
  virtual ~Decoder() = default;

  /// `exhausted`: receive() first, then send the same packet again. `corrupt`: this packet is lost, go on with the
  /// next.
  virtual base::Status send(const Packet& packet) = 0;
  /// No more packets, or none that builds on those before: receive() until end_of_stream. A packet sent after that
  /// begins anew, so it has to be a key frame.
  virtual base::Status drain() = 0;
  /// `need_input`: send more. `exhausted`: the pool was dry and one frame was dropped.
  virtual base::Result<FramePtr> receive() = 0;
  /// Before the first packet: its frames follow this one of an earlier connection, in number and in time.
  virtual void continue_after(const FrameInfo& last) = 0;
};

}  // namespace ocelli::media
