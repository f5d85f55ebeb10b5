#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "events/sinks.h"
#include "store/store_config.h"
#include "store/track_digest.h"

namespace ocelli::store {

namespace internal {
class StoreWriter;
}  // namespace internal

/// A picture or a clip that belongs to an event and lies elsewhere. A value.
struct MediaReference {
  std::string camera;
  std::uint64_t sequence = 0;  ///< of the event, in this run
  std::string kind;            ///< "clip" or "snapshot"
  std::string path;
};

/// What can be stored, those that are lost last first.
using Record = std::variant<events::Event, MediaReference, TrackSummary, events::NearMiss>;
/// "event", "media", "track", "near_miss".
const char* record_kind(const Record& record);

/// An event that is on the disk: it was written and synced before this was told.
struct Committed {
  std::string camera;
  std::uint64_t sequence = 0;
};

struct StoreServices {
  base::Clock& clock;
  base::Logger logger;
  base::Metrics& metrics;
  /// What was committed; called on the store's thread.
  std::function<void(const std::vector<Committed>&)> on_committed = nullptr;
  /// Why nothing can be stored, whenever that changes, and when it is well again (empty). On the store's thread.
  std::function<void(const std::optional<std::string>&)> on_trouble = nullptr;
};

/// Keeps events, near misses and summaries of tracks in one SQLite file (docs/store.md). Accepting only puts into a
/// bounded queue; one thread, `store`, writes every 50 ms what is there, or a thousand at once, as one transaction.
/// Accepting never waits and never fails: when the queue is half full near misses are lost, at three quarters
/// summaries of tracks, at last events; all counted and told in the log. When the disk is full or refuses, the thread
/// tries again every second and says so; the queue is the backlog. A broken file is set aside and a new one begun.
/// What is too old, or more than the file may hold, is removed in small steps. Thread-safe.
class EventStore final : public events::EventSink, public events::TrackSink {
 public:
  /// `unavailable`: the folder cannot be made, or not be written to. All else is told by on_trouble.
  static base::Result<std::unique_ptr<EventStore>> start(StoreConfig config, const StoreServices& services);
  ~EventStore() override;
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;

  base::Status accept(const events::Event& event) override OC_EXCLUDES(digests_mutex_);
  base::Status accept_near_miss(const events::NearMiss& miss) override;
  base::Status accept(const events::FrameTracks& tracks) override OC_EXCLUDES(digests_mutex_);
  void accept(MediaReference reference);

  /// Stores the tracks under way as they are: their streams are over. No sink is called meanwhile.
  void finish_tracks() OC_EXCLUDES(digests_mutex_);
  /// Those of one camera, whose sink is not called meanwhile; others may go on.
  void finish_tracks(const std::string& camera) OC_EXCLUDES(digests_mutex_);
  /// Waits until all that was accepted before is on the disk or lost. `unavailable`: the store is in trouble.
  /// Losses are failures here: `exhausted`.
  base::Status flush() OC_EXCLUDES(mutex_);
  /// Writes what is there and the tracks under way, trying once, and ends the thread. Idempotent; no sink is called
  /// any more.
  void close() OC_EXCLUDES(mutex_, digests_mutex_);

  const std::string& path() const { return config_.path; }

 private:
  /// Of one kind of record.
  struct Tally {
    base::Counter stored;
    base::Counter lost;
    std::size_t room = 0;  // of the queue's depth, for this kind
  };

  EventStore(const StoreConfig& config, const StoreServices& services);
  void push(Record record);
  std::shared_ptr<TrackDigest> digest_of(const std::string& camera) OC_EXCLUDES(digests_mutex_);
  void lose(std::size_t kind);

  void run();
  std::vector<Record> next_batch();
  bool write(internal::StoreWriter& writer, const std::vector<Record>& batch, std::uint64_t number) OC_EXCLUDES(mutex_);
  void tell_commit(const std::vector<Record>& batch);
  void give_up(const std::vector<Record>& batch);
  bool wait(std::chrono::milliseconds time) OC_EXCLUDES(mutex_);
  void settle(std::size_t count) OC_EXCLUDES(mutex_);
  void set_trouble(std::optional<std::string> reason) OC_EXCLUDES(mutex_);
  void tell_losses();

  const StoreConfig config_;
  const StoreServices services_;
  base::BoundedQueue<Record> queue_;
  std::array<Tally, std::variant_size_v<Record>> tallies_;
  base::Gauge depth_;
  base::Gauge in_trouble_;
  base::Histogram commit_seconds_;
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::uint64_t lost_told_ = 0;  // of the thread

  base::Mutex digests_mutex_;
  // Each is used by its camera's strand only; co-owned by a call under way.
  std::map<std::string, std::shared_ptr<TrackDigest>> digests_ OC_GUARDED_BY(digests_mutex_);

  base::Mutex mutex_;
  base::CondVar changed_;
  std::uint64_t settled_ OC_GUARDED_BY(mutex_) = 0;
  std::optional<std::string> trouble_ OC_GUARDED_BY(mutex_);
  bool closing_ OC_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ocelli::store
