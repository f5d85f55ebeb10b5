#include "store/event_store.h"

#include <chrono>
#include <filesystem>
#include <pthread.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "store/internal/store_writer.h"

namespace ocelli::store {
namespace {

using base::Code;
namespace fs = std::filesystem;

constexpr std::size_t kMostInABatch = 1'000;
constexpr std::chrono::milliseconds kWindow{50};
constexpr std::chrono::milliseconds kBetweenAttempts{1'000};
constexpr std::chrono::milliseconds kBetweenCares{10'000};
// Above what may wait, for threads that looked at the depth at the same time: far more than there are cameras.
constexpr std::size_t kSpareRoom = 1'024;

base::Status ensure_folder(const std::string& file) {
  const fs::path folder = fs::absolute(file).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  const bool refused = error && error != std::errc::no_space_on_device;
  if (!refused && (::access(folder.c_str(), W_OK) == 0 || error)) return {};
  return base::Error(Code::unavailable, "events cannot be stored in " + folder.string() + ": " +
                                            (refused ? error.message() : "it may not be written to") +
                                            "; name another file as store: path, or set store: enabled to false");
}

}  // namespace

const char* record_kind(const Record& record) {
  static constexpr std::array<const char*, std::variant_size_v<Record>> kNames = {"event", "media", "track",
                                                                                  "near_miss"};
  return kNames.at(record.index());
}

base::Result<std::unique_ptr<EventStore>> EventStore::start(StoreConfig config, const StoreServices& services) {
  if (config.path.empty()) config.path = default_path();
  OC_TRY_STATUS(ensure_folder(config.path));
  return std::unique_ptr<EventStore>(new EventStore(config, services));
}

EventStore::EventStore(const StoreConfig& config, const StoreServices& services)
    : config_(config),
      services_(services),
      queue_(static_cast<std::size_t>(config.waiting_events) + kSpareRoom, base::OverflowPolicy::drop_oldest),
      depth_(services.metrics.gauge("ocelli_store_waiting", "Records that wait to be stored")),
      in_trouble_(services.metrics.gauge("ocelli_store_trouble", "1 while nothing can be stored, 0 otherwise")),
      commit_seconds_(
          services.metrics.histogram("ocelli_store_commit_seconds", "From a batch to its place on the disk")) {
  const auto waiting = static_cast<std::size_t>(config.waiting_events);
  const std::array<Record, std::variant_size_v<Record>> kinds = {events::Event(), MediaReference(), TrackSummary(),
                                                                 events::NearMiss()};
  const std::array<std::size_t, std::variant_size_v<Record>> rooms = {waiting, waiting, waiting * 3 / 4, waiting / 2};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const base::MetricLabels labels = {{"kind", record_kind(kinds.at(i))}};
    tallies_.at(i) = {services.metrics.counter("ocelli_store_records_total", "Stored, by kind", labels),
                      services.metrics.counter("ocelli_store_lost_total", "Not stored for want of room", labels),
                      rooms.at(i)};
  }
  thread_ = std::thread([this] { run(); });
}

EventStore::~EventStore() {
  close();
}

base::Status EventStore::accept(const events::Event& event) {
  push(event);
  digest_of(event.camera)->see(event);
  return {};
}

base::Status EventStore::accept_near_miss(const events::NearMiss& miss) {
  push(miss);
  return {};
}

base::Status EventStore::accept(const events::FrameTracks& tracks) {
  for (auto& summary : digest_of(tracks.camera)->see(tracks)) push(std::move(summary));
  return {};
}

void EventStore::accept(MediaReference reference) {
  push(std::move(reference));
}

std::shared_ptr<TrackDigest> EventStore::digest_of(const std::string& camera) {
  const base::MutexLock lock(digests_mutex_);
  auto& digest = digests_[camera];
  if (!digest) digest = std::make_shared<TrackDigest>(camera);
  return digest;
}

/// A record that finds no room for its kind is lost, not an older one: so each kind has its count, and the backlog is
/// without gaps.
void EventStore::push(Record record) {
  ++accepted_;
  const std::size_t kind = record.index();
  if (queue_.depth() >= tallies_.at(kind).room || !queue_.push(std::move(record))) lose(kind);
}

void EventStore::lose(std::size_t kind) {
  tallies_.at(kind).lost.add();
  ++lost_;
  settle(1);
}

base::Status EventStore::flush() {
  const base::MutexLock lock(mutex_);
  const std::uint64_t wanted = accepted_;
  changed_.wait(mutex_, {}, [&]() OC_REQUIRES(mutex_) { return settled_ >= wanted || trouble_; });
  if (settled_ >= wanted && lost_ == 0) return {};
  if (settled_ >= wanted) return base::Error(Code::exhausted, fmt::format("{} records were lost", lost_.load()));
  return base::Error(Code::unavailable, *trouble_);
}

void EventStore::finish_tracks() {
  std::map<std::string, std::shared_ptr<TrackDigest>> digests;
  {
    const base::MutexLock lock(digests_mutex_);
    digests.swap(digests_);
  }
  for (auto& [camera, digest] : digests) {
    for (auto& summary : digest->finish()) push(std::move(summary));
  }
}

void EventStore::finish_tracks(const std::string& camera) {
  std::shared_ptr<TrackDigest> digest;
  {
    const base::MutexLock lock(digests_mutex_);
    const auto found = digests_.find(camera);
    if (found == digests_.end()) return;
    digest = std::move(found->second);
    digests_.erase(found);
  }
  for (auto& summary : digest->finish()) push(std::move(summary));
}

void EventStore::close() {
  finish_tracks();
  {
    const base::MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

/// Ends once the queue is closed and empty, or nothing can be stored then.
void EventStore::run() {
  pthread_setname_np(pthread_self(), "store");
  internal::StoreWriter writer(config_, services_.clock, services_.logger, services_.metrics);
  auto next_care = services_.clock.now();
  for (std::uint64_t number = 1;; ++number) {
    const bool is_last = queue_.closed_and_empty();
    const std::vector<Record> batch = next_batch();
    if (!write(writer, batch, number)) return give_up(batch);
    if (is_last) return;
    if (services_.clock.now() >= next_care) {
      const bool more = writer.tend() == internal::StoreWriter::Left::more;
      next_care = services_.clock.now() + (more ? kWindow : kBetweenCares);
    }
    if (batch.size() < kMostInABatch) wait(kWindow);
  }
}

/// What is there now. There is no wait for the first: whatever comes has at most one window to wait.
std::vector<Record> EventStore::next_batch() {
  std::vector<Record> batch;
  while (batch.size() < kMostInABatch) {
    auto record = queue_.try_pop();
    if (!record) break;
    batch.push_back(std::move(*record));
  }
  depth_.set(static_cast<double>(queue_.depth()));
  return batch;
}

/// Tries until it is written; false: the store closes, and it is not.
bool EventStore::write(internal::StoreWriter& writer, const std::vector<Record>& batch, std::uint64_t number) {
  while (true) {
    const auto begin = services_.clock.now();
    const auto status = writer.write(batch, number);
    if (status) {
      if (batch.empty()) break;
      commit_seconds_.observe_s(std::chrono::duration<double>(services_.clock.now() - begin).count());
      tell_commit(batch);
      break;
    }
    set_trouble(status.error().message());
    tell_losses();
    if (!wait(kBetweenAttempts)) return false;
  }
  set_trouble(std::nullopt);
  tell_losses();
  return true;
}

void EventStore::tell_commit(const std::vector<Record>& batch) {
  std::vector<Committed> committed;
  for (const Record& record : batch) {
    tallies_.at(record.index()).stored.add();
    if (const auto* event = std::get_if<events::Event>(&record)) committed.push_back({event->camera, event->sequence});
  }
  if (services_.on_committed && !committed.empty()) services_.on_committed(committed);
  settle(batch.size());
}

/// The end, and the disk still refuses.
void EventStore::give_up(const std::vector<Record>& batch) {
  for (const Record& record : batch) lose(record.index());
  lost_told_ = 0;
  while (const auto record = queue_.try_pop()) lose(record->index());
  tell_losses();
}

/// False: the store closes.
bool EventStore::wait(std::chrono::milliseconds time) {
  const base::MutexLock lock(mutex_);
  return !changed_.wait_until(mutex_, {}, std::chrono::steady_clock::now() + time,
                              [this]() OC_REQUIRES(mutex_) { return closing_; });
}

void EventStore::settle(std::size_t count) {
  {
    const base::MutexLock lock(mutex_);
    settled_ += count;
  }
  changed_.notify_all();
}

void EventStore::set_trouble(std::optional<std::string> reason) {
  {
    const base::MutexLock lock(mutex_);
    if (trouble_ == reason) return;
    trouble_ = reason;
  }
  changed_.notify_all();
  in_trouble_.set(reason ? 1 : 0);
  if (reason) {
    services_.logger.error("events cannot be stored now; they wait, and a bounded number of them",
                           {{"reason", *reason}, {"file", config_.path}});
  } else {
    services_.logger.info("events are stored again", {{"file", config_.path}});
  }
  if (services_.on_trouble) services_.on_trouble(reason);
}

/// Whenever they have doubled, so that a disk which is too slow for hours does not fill the log.
void EventStore::tell_losses() {
  const std::uint64_t lost = lost_;
  if (lost == 0 || lost < 2 * lost_told_) return;
  services_.logger.error("records are lost: they came faster than they could be stored",
                         {{"lost", lost}, {"file", config_.path}});
  lost_told_ = lost;
}

}  // namespace ocelli::store
