#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ocelli::media::internal {

/// Keeps presentation times unique with fixed memory: what was given and still lies at or after the newest decoding
/// time is remembered, and everything at or below `floor` counts as taken.
class PresentationTimes {
 public:
  /// Takes `wanted`, or the next free nanosecond after it.
  std::int64_t take(std::int64_t wanted);
  /// The place of a frame whose stamp is missing: the first slot from `dts` on that no frame has, in steps of `period`;
  /// of a reference frame, the middle of the free slots, since others will refer to it from both sides.
  std::int64_t free_slot(std::int64_t dts, double period, std::optional<bool> is_reference) const;
  /// The newest time given, if any lies at or after the newest decoding time.
  std::optional<std::int64_t> newest() const;
  /// Nothing before `dts` will be asked for any more.
  void forget_before(std::int64_t dts);

 private:
  static constexpr std::size_t kMost = 64;

  bool is_taken(std::int64_t from, std::int64_t to) const;

  std::array<std::int64_t, kMost> taken_{};  ///< ascending
  std::size_t count_ = 0;
  std::optional<std::int64_t> floor_;
};

}  // namespace ocelli::media::internal
