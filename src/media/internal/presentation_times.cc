#include "media/internal/presentation_times.h"

#include <algorithm>

namespace ocelli::media::internal {

std::int64_t PresentationTimes::take(std::int64_t wanted) {
  if (floor_ && wanted <= *floor_) wanted = *floor_ + 1;
  auto* place = std::lower_bound(taken_.data(), taken_.data() + count_, wanted);
  for (; place != taken_.data() + count_ && *place == wanted; ++place) ++wanted;
  if (count_ == kMost) {  // more frames reordered than any codec allows
    if (place == taken_.data()) {
      floor_ = wanted;
      return wanted;
    }
    floor_ = taken_.front();
    std::move(taken_.data() + 1, place, taken_.data());
    *(place - 1) = wanted;
    return wanted;
  }
  std::move_backward(place, taken_.data() + count_, taken_.data() + count_ + 1);
  *place = wanted;
  ++count_;
  return wanted;
}

void PresentationTimes::forget_before(std::int64_t dts) {
  if (count_ == 0 || taken_.front() >= dts) return;
  auto* const end = taken_.data() + count_;
  auto* const keep = std::lower_bound(taken_.data(), end, dts);
  std::copy(keep, end, taken_.data());
  count_ = static_cast<std::size_t>(end - keep);
}

std::optional<std::int64_t> PresentationTimes::newest() const {
  return count_ == 0 ? std::nullopt : std::optional(taken_[count_ - 1]);
}

bool PresentationTimes::is_taken(std::int64_t from, std::int64_t to) const {
  const auto* place = std::lower_bound(taken_.data(), taken_.data() + count_, from);
  return place != taken_.data() + count_ && *place < to;
}

std::int64_t PresentationTimes::free_slot(std::int64_t dts, double period, std::optional<bool> is_reference) const {
  const auto step = static_cast<std::int64_t>(period);
  const std::int64_t half = step / 2;
  std::int64_t slot = dts;
  while (is_taken(slot - half, slot + half)) slot += step;
  if (!is_reference.value_or(false) || count_ == 0) return slot;
  const std::int64_t newest = taken_[count_ - 1];
  if (slot >= newest) return slot;
  constexpr int kMostSlots = 16;
  int free_slots = 1;
  while (free_slots < kMostSlots) {
    const std::int64_t next = slot + free_slots * step;
    if (next >= newest - half || is_taken(next - half, next + half)) break;
    ++free_slots;
  }
  return slot + free_slots / 2 * step;
}

}  // namespace ocelli::media::internal
