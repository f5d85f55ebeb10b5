#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "infer/backend.h"
#include "infer/model_output.h"
#include "vision/letterbox.h"

namespace ocelli::infer {

using StreamId = std::uint64_t;

struct BatcherConfig {
  std::size_t max_batch = 1;               ///< pictures of one run; 1: batching does not pay, as on a processor
  std::chrono::nanoseconds max_wait{};     ///< what the first of a batch waits for others, unless it is full before
  std::size_t max_waiting = 64;            ///< requests of all streams
  std::size_t max_waiting_per_stream = 2;  ///< so that one stream cannot take all places
};

/// One picture that a stream wants looked at.
struct BatchRequest {
  StreamId stream = 0;
  base::SteadyTime deadline = base::SteadyTime::max();  ///< an answer that begins later is of no use
  /// Writes one picture of the model's input, contiguous; called at most once.
  std::function<base::Result<vision::Letterbox>(void* input)> fill;
  /// Called exactly once if submit() took the request. The output is valid during the call. `timeout` after the
  /// deadline, `cancelled` after cancel() or close(), else whatever `fill` or the run said.
  std::function<void(const base::Result<ModelOutput>&)> done;
};

struct BatcherCounts {
  std::uint64_t runs = 0;
  std::uint64_t pictures = 0;  ///< that were in these runs
  std::uint64_t refused = 0;   ///< `exhausted`
  std::uint64_t timed_out = 0;
  std::uint64_t cancelled = 0;
};

/// Lets streams share runs of a model whose batch is open: collects their pictures and runs them together, for
/// processors (GPUs) that are faster so. Streams take turns: a batch has one picture of each that waits before it has a
/// second of any. A batch is due when it is full, when its first has waited long enough, or when waiting longer would
/// cost one of them its deadline, by the time that the last run took.
///
/// Has no thread: somebody calls run_due() (one thread at a time; a strand's step, which wake_after() fits), and is
/// told by `wake` that there is something new. `fill`, `done` and `wake` are called without locks; `fill` and `done`
/// from run_due(), `done` also from cancel() and close(). Everything else is thread-safe.
class Batcher {
 public:
  /// `unsupported` when batches are wanted of a model whose batch is not open. The session is co-owned with the caller.
  static base::Result<std::unique_ptr<Batcher>> create(std::shared_ptr<Session> session, const BatcherConfig& config,
                                                       const base::Clock& clock, std::function<void()> wake);
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  /// `exhausted` when the stream, or all of them, have too much waiting: drop the picture, count it, go on. `cancelled`
  /// after close().
  base::Status submit(BatchRequest request) OC_EXCLUDES(mutex_);
  /// Ends what the stream has waiting; waits for a run that has a picture of it. After that nothing of the stream is
  /// called any more. Not to be called from `fill` or `done`.
  void cancel(StreamId stream) OC_EXCLUDES(mutex_);
  /// Runs a batch if one is due, and says when the next will be: nothing when nobody waits.
  std::optional<base::SteadyTime> run_due() OC_EXCLUDES(mutex_);
  /// Ends everything that waits, as cancel() does, and like that. Idempotent.
  void close() OC_EXCLUDES(mutex_);

  BatcherCounts counts() const OC_EXCLUDES(mutex_);

 private:
  struct Waiting {
    BatchRequest request;
    base::SteadyTime since;
  };
  using Batch = std::vector<BatchRequest>;

  Batcher(std::shared_ptr<Session> session, std::unique_ptr<OpenBinding> binding, const BatcherConfig& config,
          const base::Clock& clock, std::function<void()> wake);
  std::optional<base::SteadyTime> due() const OC_REQUIRES(mutex_);
  Batch take_late(base::SteadyTime now) OC_REQUIRES(mutex_);
  Batch take_batch() OC_REQUIRES(mutex_);
  void run(Batch batch);
  base::Result<void*> shape_input(std::size_t pictures);

  const std::shared_ptr<Session> session_;  // outlives the binding, which is why it stands before it
  const std::unique_ptr<OpenBinding> binding_;
  const BatcherConfig config_;
  const base::Clock& clock_;
  const std::function<void()> wake_;
  std::vector<std::int64_t> shape_;  // of the input; the first is the batch
  base::Role runner_;                // whoever is in run_due()

  mutable base::Mutex mutex_;
  base::CondVar ran_;
  std::map<StreamId, std::deque<Waiting>> waiting_ OC_GUARDED_BY(mutex_);  // none is empty
  std::size_t waiting_count_ OC_GUARDED_BY(mutex_) = 0;
  StreamId last_served_ OC_GUARDED_BY(mutex_) = 0;
  std::vector<StreamId> running_ OC_GUARDED_BY(mutex_);  // whose pictures are looked at now
  std::chrono::nanoseconds run_time_ OC_GUARDED_BY(mutex_){};
  bool closed_ OC_GUARDED_BY(mutex_) = false;
  BatcherCounts counts_ OC_GUARDED_BY(mutex_);
};

}  // namespace ocelli::infer
