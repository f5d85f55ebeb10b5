#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace ocelli::serve {

/// An event as it is sent: its JSON is made once and co-owned by the ring and by the answers being written.
struct RingEvent {
  std::uint64_t number = 0;  ///< counts the events of this run from 1
  std::string camera;
  std::shared_ptr<const std::string> json;
};

/// What a reader gets for its place in the ring.
struct RingBatch {
  std::vector<RingEvent> events;  ///< oldest first
  std::uint64_t next = 0;         ///< number of the last event looked at: where to continue
  std::uint64_t missed = 0;       ///< events that were overwritten before this reader came
};

/// The newest events of all cameras, bounded: the oldest is overwritten, and a reader who comes too late learns how
/// many it missed. Places in it are told to clients as cursors "<run>-<number>", which survive a lost connection but
/// not another run of the server. Thread-safe.
class EventRing {
 public:
  /// `run` tells one run of the server from another, e.g. its start time in hex.
  EventRing(std::size_t capacity, std::string run) : capacity_(capacity), run_(std::move(run)) {}

  void push(std::string camera, std::string json) OC_EXCLUDES(mutex_);

  /// Up to `limit` events of `camera` (empty: of all) that came after `after`, oldest first.
  RingBatch after(std::uint64_t after, std::size_t limit, std::string_view camera) const OC_EXCLUDES(mutex_);
  /// The newest `limit` events of `camera` (empty: of all) with a number above `after`, newest first.
  std::vector<RingEvent> newest(std::uint64_t after, std::size_t limit, std::string_view camera) const
      OC_EXCLUDES(mutex_);

  /// Number of the newest event; 0 when there was none.
  std::uint64_t last_number() const OC_EXCLUDES(mutex_);

  std::string cursor(std::uint64_t number) const;
  /// The number in a cursor; 0, the beginning, for a cursor of another run. Empty when it is not a cursor at all.
  std::optional<std::uint64_t> parse_cursor(std::string_view text) const;

 private:
  const std::size_t capacity_;
  const std::string run_;
  mutable base::Mutex mutex_;
  std::deque<RingEvent> events_ OC_GUARDED_BY(mutex_);
  std::uint64_t last_number_ OC_GUARDED_BY(mutex_) = 0;
};

}  // namespace ocelli::serve
