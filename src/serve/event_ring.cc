#include "serve/event_ring.h"

#include <algorithm>
#include <charconv>
#include <ranges>

namespace ocelli::serve {

void EventRing::push(std::string camera, std::string json) {
  auto text = std::make_shared<const std::string>(std::move(json));
  const base::MutexLock lock(mutex_);
  if (events_.size() == capacity_) events_.pop_front();
  events_.push_back({++last_number_, std::move(camera), std::move(text)});
}

RingBatch EventRing::after(std::uint64_t after, std::size_t limit, std::string_view camera) const {
  RingBatch batch;
  batch.next = after;
  const base::MutexLock lock(mutex_);
  if (events_.empty()) return batch;
  const std::uint64_t first = events_.front().number;
  if (after + 1 < first) batch.missed = first - 1 - after;
  // Numbers are consecutive, so that the place of a number is known without a search.
  for (std::size_t index = after < first ? 0 : static_cast<std::size_t>(after + 1 - first); index < events_.size();
       ++index) {
    if (batch.events.size() == limit) break;
    const RingEvent& event = events_[index];
    batch.next = event.number;
    if (camera.empty() || event.camera == camera) batch.events.push_back(event);
  }
  return batch;
}

std::vector<RingEvent> EventRing::newest(std::uint64_t after, std::size_t limit, std::string_view camera) const {
  std::vector<RingEvent> found;
  const base::MutexLock lock(mutex_);
  for (const RingEvent& event : std::views::reverse(events_)) {
    if (event.number <= after || found.size() == limit) break;
    if (camera.empty() || event.camera == camera) found.push_back(event);
  }
  return found;
}

std::uint64_t EventRing::last_number() const {
  const base::MutexLock lock(mutex_);
  return last_number_;
}

std::string EventRing::cursor(std::uint64_t number) const {
  return run_ + "-" + std::to_string(number);
}

std::optional<std::uint64_t> EventRing::parse_cursor(std::string_view text) const {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + dash + 1, end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  if (text.substr(0, dash) != run_) return 0;
  return std::min(number, last_number());
}

}  // namespace ocelli::serve
