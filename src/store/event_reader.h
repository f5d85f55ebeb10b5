#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "events/event.h"
#include "store/track_digest.h"

namespace ocelli::store {

/// An event, or a near miss, as it was stored.
struct StoredEvent {
  std::int64_t id = 0;   ///< in its table; grows
  std::int64_t run = 0;  ///< of the program: sequences and tracks' ids count anew in each
  base::WallTime time;
  std::string camera;
  std::uint64_t sequence = 0;
  std::string type;  ///< a name, perhaps one that this program does not know
  std::string rule;
  std::uint64_t track_id = 0;
  int picture_width = 0;
  int picture_height = 0;
  std::string json;  ///< the CloudEvent, see events::to_cloud_event()
};
/// Its CloudEvent with the extension attribute `storeid`, since ids come again with each run of the program.
std::string stored_json(const StoredEvent& event);

/// What a StoredEvent's JSON says besides.
struct EventDetails {
  std::string id;  ///< "<camera>/<sequence>"
  std::string label;
  float score = 0;
  std::uint64_t frame = 0;
  vision::PixelBox box;
  std::vector<events::Gate> gates;
};
/// `corrupt` when it is no event's JSON.
base::Result<EventDetails> details_of(const StoredEvent& event);

/// A place in the answers to a query.
struct Place {
  std::int64_t time_us = 0;
  std::int64_t id = 0;
};
/// "<time>-<id>"; empty when it is none.
std::string place_text(const Place& place);
std::optional<Place> parse_place(std::string_view text);

enum class Order { newest_first, oldest_first };

/// Empty means any.
struct EventQuery {
  std::optional<base::WallTime> from{};  ///< inclusive
  std::optional<base::WallTime> to{};    ///< inclusive
  std::string camera{};
  std::string type{};
  std::string rule{};
  std::optional<std::uint64_t> track{};  ///< the event's own, or one of its members
  Order order = Order::newest_first;
  std::size_t limit = 100;
  std::optional<Place> after{};  ///< where an earlier answer ended
};

struct EventPage {
  std::vector<StoredEvent> events;
  std::optional<Place> next;  ///< empty: there is no more
};

/// A stored summary with what the store adds.
struct StoredTrack {
  std::int64_t id = 0;
  std::int64_t run = 0;
  TrackSummary summary;
};

/// Empty means any; a track is found when any of its time lies in the range.
struct TrackQuery {
  std::optional<base::WallTime> from{};
  std::optional<base::WallTime> to{};
  std::string camera{};
  std::optional<std::uint64_t> track{};
  std::size_t limit = 1'000;
  std::int64_t after = 0;  ///< ids above this one
};

/// Answers questions from a store's file, also while it is written, on a connection of its own. Every answer is a short
/// read: what is long is asked in pages. Errors: `not_found`: there is no such file; `corrupt`, `unavailable` as they
/// come. One thread at a time.
class EventReader {
 public:
  static base::Result<std::unique_ptr<EventReader>> open(const std::string& path);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  base::Result<EventPage> events(const EventQuery& query);
  base::Result<EventPage> near_misses(const EventQuery& query);
  /// "<camera>/<sequence>", the newest of that name, or the store's own number.
  base::Result<StoredEvent> event(std::string_view id);
  /// In the order in which they ended.
  base::Result<std::vector<StoredTrack>> tracks(const TrackQuery& query);
  /// Paths of the pictures and clips that belong to it.
  base::Result<std::vector<std::string>> media_of(const StoredEvent& event);
  /// How SQLite goes about it; for tests.
  base::Result<std::string> plan(const EventQuery& query);

 private:
  struct Impl;
  explicit EventReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ocelli::store
