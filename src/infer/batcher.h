#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "infer/backend.h"

namespace ocelli::infer {

struct BatcherConfig {
  std::size_t max_batch = 1;                  ///< pictures of one run
  std::size_t max_waiting = 64;               ///< callers without a place yet; more are refused
  std::chrono::milliseconds patience{2'000};  ///< that a caller waits for a place
};

struct BatcherCounts {
  std::uint64_t waiting = 0;  ///< now, for a place
  std::uint64_t runs = 0;
  std::uint64_t pictures = 0;  ///< that were in these runs
  std::uint64_t refused = 0;   ///< `exhausted`
  std::uint64_t timed_out = 0;
};

/// Lets streams share runs of a model whose batch is open, for devices (GPUs) that are faster so. A caller takes a
/// place in the batch that is being collected, writes its picture there, and waits for the run. No picture waits for a
/// batch to fill: the model runs as soon as it is free and the pictures of the batch are written, and meanwhile the
/// next one is collected. So a batch is as large as the load makes it, and a lonely picture is not late.
///
/// Places go to callers in the order in which they ask, one each, so that no stream is ahead of another by more than a
/// batch. Has no thread: whoever finds a batch complete runs it for all. Runs have 1, 2, 4, … or max_batch pictures,
/// since a device prepares each size that it meets. Thread-safe.
class Batcher {
  struct Round;

 public:
  /// One picture of a batch. Gives the place up when it goes, so keep it as long as its output is looked at. Move-only;
  /// the batcher outlives it.
  class Place {
   public:
    /// Memory of one picture of the model's input, whatever was there before.
    void* input() const;
    /// The picture is written: waits for its run. Once; an error is that of the run, and of all its pictures.
    base::Status run();
    /// This picture's part of an output, after a run that did not fail.
    std::span<const std::byte> output(std::size_t index) const;

   private:
    friend class Batcher;
    struct Leave {
      std::size_t index = 0;
      void operator()(Round* round) const;
    };
    explicit Place(std::unique_ptr<Round, Leave> round) : round_(std::move(round)) {}

    std::unique_ptr<Round, Leave> round_;
  };

  /// `unsupported` when the model has other than one input, or its batch is not open. The session is co-owned with the
  /// caller.
  static base::Result<std::unique_ptr<Batcher>> create(std::shared_ptr<Session> session, const BatcherConfig& config);
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  /// Waits while both batches are full. `exhausted` when too many wait already, `timeout` when there is no place in
  /// time: drop the picture, count it, go on. `cancelled` after close().
  base::Result<Place> take() OC_EXCLUDES(mutex_);
  /// Whoever waits for a place gets none. Idempotent.
  void close() OC_EXCLUDES(mutex_);

  std::size_t max_batch() const { return config_.max_batch; }
  BatcherCounts counts() const OC_EXCLUDES(mutex_);

 private:
  enum class Stage { collecting, running, done };
  struct Round {
    Batcher* batcher = nullptr;
    std::unique_ptr<OpenBinding> binding;
    std::byte* input = nullptr;  // of max_batch pictures
    std::vector<bool> is_written;
    Stage stage = Stage::collecting;
    std::size_t taken = 0;
    std::size_t written = 0;  // or given up
    std::size_t held = 0;     // by callers
    std::size_t size = 0;     // of the run
    base::Status outcome;
  };

  Batcher(std::shared_ptr<Session> session, const BatcherConfig& config);
  base::Status prepare(Round& round);
  base::Result<void*> shape_input(Round& round, std::size_t pictures) const;
  Round* open_round() OC_REQUIRES(mutex_);
  bool is_complete(const Round& round) const OC_REQUIRES(mutex_);
  base::Status run(Round& round, std::size_t index) OC_EXCLUDES(mutex_);
  static base::Status run_now(Round& round, const Batcher& batcher);
  void leave(Round& round, std::size_t index) OC_EXCLUDES(mutex_);

  const std::shared_ptr<Session> session_;  // outlives the bindings, which is why it stands before them
  const BatcherConfig config_;
  const std::size_t picture_bytes_;
  // Guarded, but for the memory of a binding: that belongs to whoever has a place in it, or runs it.
  std::array<Round, 2> rounds_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::uint64_t> queue_ OC_GUARDED_BY(mutex_);  // tickets of those who wait for a place
  std::uint64_t last_ticket_ OC_GUARDED_BY(mutex_) = 0;
  bool is_running_ OC_GUARDED_BY(mutex_) = false;
  bool is_closed_ OC_GUARDED_BY(mutex_) = false;
  BatcherCounts counts_ OC_GUARDED_BY(mutex_);
};

}  // namespace ocelli::infer
