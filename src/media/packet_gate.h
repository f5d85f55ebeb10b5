#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/mutex.h"
#include "media/access_unit.h"
#include "media/packet.h"

namespace ocelli::media {

/// Which pictures are worth decoding.
enum class DecodeLevel {
  automatic,   ///< the least that still gives the wanted rate; everything when no rate is wanted
  every,       ///< all of them
  referenced,  ///< not those from which no other is predicted (most B-frames)
  key,         ///< key frames, and as many packets behind each as `after_key` says
};
std::string_view decode_level_name(DecodeLevel level);

struct DecodeDemand {
  DecodeLevel level = DecodeLevel::automatic;
  int after_key = 0;             ///< with `key`: packets in decoding order behind each key frame
  double frames_per_second = 0;  ///< with `automatic`: wanted by media time; 0: all
  bool operator==(const DecodeDemand&) const = default;
};

enum class GateVerdict {
  leave_out,
  pass,
  /// Wanted, and nothing that builds on it will follow: the decoder may give all its pictures away now. Otherwise one
  /// that reorders would keep a key frame until the next one comes.
  pass_last,
};

/// Leaves packets out before anybody spends a cycle on decoding them, and only where the rest stays decodable: less at
/// once, more from the next key frame on. admit() is called by one thread at a time; demand() may be called from any.
class PacketGate {
 public:
  explicit PacketGate(const DecodeDemand& demand) : demand_(demand) {}

  /// A connection begins, whose packets look like this; nothing where pictures cannot be told apart by their bytes:
  /// then only the container's own flags count.
  void begin(std::optional<NalFormat> format) OC_EXCLUDES(mutex_);
  void set_demand(const DecodeDemand& demand) OC_EXCLUDES(mutex_);
  GateVerdict admit(const Packet& packet) OC_EXCLUDES(mutex_);

  /// What `automatic` has come to, or what was demanded.
  DecodeLevel level() const OC_EXCLUDES(mutex_);
  std::uint64_t left_out() const OC_EXCLUDES(mutex_);

 private:
  /// A group of pictures: a key frame and what follows up to the next.
  struct Group {
    MediaTime begin;
    int pictures = 0;
    int references = 0;
  };
  bool wants_every() const OC_REQUIRES(mutex_);
  bool is_reference(const Packet& packet) OC_REQUIRES(mutex_);
  DecodeLevel choose(std::chrono::nanoseconds group_duration) const OC_REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  DecodeDemand demand_ OC_GUARDED_BY(mutex_);
  std::optional<NalFormat> format_ OC_GUARDED_BY(mutex_);
  int top_layer_ OC_GUARDED_BY(mutex_) = 0;
  std::optional<Group> group_ OC_GUARDED_BY(mutex_);
  DecodeLevel level_ OC_GUARDED_BY(mutex_) = DecodeLevel::every;  // of this group; never automatic
  bool broken_ OC_GUARDED_BY(mutex_) = false;  // a reference of this group was left out: nothing until the next key
  std::uint64_t left_out_ OC_GUARDED_BY(mutex_) = 0;
};

}  // namespace ocelli::media
