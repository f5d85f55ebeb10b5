#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.h"
#include "media/media_time.h"
#include "media/timeline.h"

struct AVPacket;

namespace ocelli::media {

/// Where a source's packets come from and go back to; internal to this room.
class PacketPool;

/// One compressed access unit as the demuxer gave it. Move-only.
class Packet {
 public:
  struct Deleter {
    std::shared_ptr<PacketPool> pool;  // co-owned by the packets, which may outlive their source
    void operator()(AVPacket* packet) const;
  };

  Packet(std::unique_ptr<AVPacket, Deleter> packet, MediaTime time, bool is_key, base::SteadyTime arrived)
      : packet_(std::move(packet)), time_(time), is_key_(is_key), arrived_(arrived) {}

  MediaTime time() const { return time_; }
  bool is_key() const { return is_key_; }
  /// What is known of its time, for Timeline; by the stamps that it came with. Whether it follows a loss is told by the
  /// packet before it.
  PacketStamp stamp(std::uint64_t id) const;
  /// Takes the repaired times over.
  void retime(const TimedPacket& timed);
  TimeQuality time_quality() const { return time_quality_; }
  base::SteadyTime arrived() const { return arrived_; }  ///< when the demuxer had it whole
  std::span<const std::uint8_t> bytes() const;
  /// Another handle on the same bytes, which are not copied. Nothing when memory has run out.
  std::optional<Packet> share() const;
  bool has_time() const;  ///< whether the container gave any; time() is zero otherwise
  /// The transport says that bytes are missing from it, or not far behind it.
  bool is_cut() const;
  /// A packet was lost on the way here that this one may build on; key frames begin anew.
  bool lacks_reference() const { return lacks_reference_; }
  void mark_lack_of_reference() { lacks_reference_ = true; }
  /// The container says that no other picture is predicted from this one.
  bool is_disposable() const;
  /// Nothing that builds on this packet will be decoded: see GateVerdict::pass_last.
  bool ends_run() const { return ends_run_; }
  void mark_end_of_run() { ends_run_ = true; }
  /// For the decoder only: the one place where FFmpeg's type passes through a header.
  const AVPacket* native() const { return packet_.get(); }

 private:
  std::unique_ptr<AVPacket, Deleter> packet_;
  MediaTime time_;
  bool is_key_;
  base::SteadyTime arrived_;
  TimeQuality time_quality_ = TimeQuality::good;
  bool lacks_reference_ = false;
  bool ends_run_ = false;
};

}  // namespace ocelli::media
