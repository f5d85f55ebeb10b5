#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/picture_model.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "serve/picture_inference.h"

namespace ocelli::app {

/// Answers pictures that come over the network. Models are loaded when they are first asked and a bounded number is
/// kept; jobs of one model run one after the other on the workers, those of several side by side; all jobs together are
/// bounded, and one too many is refused at once (`exhausted`). Outlives whoever submits.
class PictureService final : public serve::PictureInference {
 public:
  struct Config {
    std::vector<std::string> names{};  ///< of models that may be asked
    std::size_t kept_models = 3;
    std::size_t most_jobs = 16;  ///< waiting and running
  };
  /// Takes as long as it must. Any error becomes `unavailable`.
  using Loader = std::function<base::Result<std::unique_ptr<PictureModel>>(const std::string& name)>;
  /// All outlive it.
  struct Services {
    base::Clock& clock;
    base::Executor& workers;
    base::Metrics& metrics;
  };

  PictureService(const Config& config, Loader loader, const Services& services);
  /// Waits for the jobs that run.
  ~PictureService() override;
  PictureService(const PictureService&) = delete;
  PictureService& operator=(const PictureService&) = delete;

  void submit(serve::PictureJob job, Done done) override OC_EXCLUDES(mutex_);

  /// Jobs that wait end as `cancelled`, as do all that come later. Idempotent; waits for nothing.
  void close() OC_EXCLUDES(mutex_);

 private:
  struct Job {
    serve::PictureJob asked;
    Done done;
    base::SteadyTime submitted;
  };
  /// A model that may be asked, loaded or not.
  struct Desk {
    std::string name;
    base::Counter answered;
    base::Histogram seconds;
    std::deque<Job> jobs;                 // guarded by mutex_; bounded by most_jobs for all desks together
    bool busy = false;                    // likewise: its strand has a job in hand
    std::uint64_t last_asked = 0;         // likewise
    std::unique_ptr<PictureModel> model;  // of the strand while it is busy, else guarded by mutex_
    std::unique_ptr<base::Strand> strand;
  };

  /// Takes job and callback over unless it refuses.
  base::Status accept(Desk& desk, serve::PictureJob& job, Done& done) OC_EXCLUDES(mutex_);
  base::StepOutcome step(Desk& desk);
  std::optional<Job> take_job(Desk& desk) OC_EXCLUDES(mutex_);
  base::Result<std::string> work(Desk& desk, const Job& job);
  base::Status ensure_loaded(Desk& desk) OC_EXCLUDES(mutex_);
  /// A place for one more model, and the model that had it, if it was taken from one; `exhausted` while all that are
  /// loaded are at work.
  base::Result<std::unique_ptr<PictureModel>> take_place() OC_EXCLUDES(mutex_);
  /// In the metrics.
  void show_pools(PictureModel& model);
  void hide_pools(PictureModel& model);
  /// Before it tells the caller, so that he finds room for his next one.
  void finish(Desk& desk, const Job& job, const base::Result<std::string>& answer) OC_EXCLUDES(mutex_);
  base::Error unknown(const std::string& name) const;
  void count(const std::string& model, const base::Error& error);

  const Config config_;
  const Loader loader_;
  const Services services_;
  base::Gauge jobs_gauge_;
  base::Gauge models_gauge_;
  std::map<std::string, Desk> desks_;  // never changes after construction, but for what a Desk says
  base::Mutex mutex_;
  std::size_t jobs_ OC_GUARDED_BY(mutex_) = 0;
  std::size_t models_ OC_GUARDED_BY(mutex_) = 0;  // loaded, or being loaded
  std::uint64_t asked_ OC_GUARDED_BY(mutex_) = 0;
  bool closed_ OC_GUARDED_BY(mutex_) = false;
};

}  // namespace ocelli::app
