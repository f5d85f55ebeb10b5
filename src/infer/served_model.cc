#include "infer/served_model.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace ocelli::infer {

using base::Code;
using base::Error;

/// Counts one version's frames. Thread-safe.
class ServedModel::Tally {
 public:
  void count_run(std::chrono::nanoseconds time) {
    frames_.fetch_add(1, std::memory_order_relaxed);
    run_time_ns_.fetch_add(time.count(), std::memory_order_relaxed);
  }
  void count_failure(const Error& error) OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    ++failures_;
    last_failure_ = error.message();
  }
  ServedRuns read() const OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    return {frames_.load(std::memory_order_relaxed), failures_, last_failure_,
            std::chrono::nanoseconds(run_time_ns_.load(std::memory_order_relaxed))};
  }

 private:
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<std::int64_t> run_time_ns_{0};
  mutable base::Mutex mutex_;
  std::uint64_t failures_ OC_GUARDED_BY(mutex_) = 0;
  std::string last_failure_ OC_GUARDED_BY(mutex_);
};

/// One camera's. detect() runs on the camera's strand, the rest on the thread that changes the model.
class ServedModel::FollowingDetector final : public Detector {
 public:
  /// A detector of one version, and where its frames are counted.
  struct Runner {
    std::shared_ptr<Detector> detector;  // co-owned by the frame under way
    std::shared_ptr<Tally> tally;        // co-owned with the model
  };

  FollowingDetector(ServedModel& model, Runner runner)
      : model_(model),
        labels_(runner.detector->labels()),
        class_groups_(runner.detector->class_groups()),
        serving_(std::move(runner)) {}
  ~FollowingDetector() override {
    const base::MutexLock lock(model_.mutex_);
    std::erase(model_.detectors_, this);
  }
  FollowingDetector(const FollowingDetector&) = delete;
  FollowingDetector& operator=(const FollowingDetector&) = delete;

  base::Result<std::vector<Detection>> detect(const media::Frame& frame, base::Tracer* tracer) override
      OC_EXCLUDES(mutex_) {
    const auto [serving, before] = runners();
    auto detections = run(*serving.detector, frame, tracer);
    if (detections) {
      serving.tally->count_run(times_.run);
      return detections;
    }
    serving.tally->count_failure(detections.error());
    return before.detector ? run(*before.detector, frame, tracer) : std::move(detections);
  }
  const RunTimes& last_times() const override { return times_; }
  const std::vector<std::string>& labels() const override { return labels_; }
  const std::vector<int>& class_groups() const override { return class_groups_; }

  void replace(Runner runner) OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    std::swap(before_, serving_);
    std::swap(serving_, runner);  // what was kept from before is freed after the lock
  }
  void settle() OC_EXCLUDES(mutex_) {
    Runner freed;
    const base::MutexLock lock(mutex_);
    std::swap(freed, before_);
  }
  void roll_back() OC_EXCLUDES(mutex_) {
    Runner freed;
    const base::MutexLock lock(mutex_);
    if (before_.detector) std::swap(serving_, before_);
    std::swap(freed, before_);
  }

 private:
  std::pair<Runner, Runner> runners() const OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    return {serving_, before_};
  }
  base::Result<std::vector<Detection>> run(Detector& detector, const media::Frame& frame, base::Tracer* tracer) {
    auto detections = detector.detect(frame, tracer);
    times_ = detector.last_times();
    return detections;
  }

  ServedModel& model_;
  const std::vector<std::string> labels_;
  const std::vector<int> class_groups_;
  RunTimes times_;
  mutable base::Mutex mutex_;
  Runner serving_ OC_GUARDED_BY(mutex_);
  Runner before_ OC_GUARDED_BY(mutex_);  // empty when nothing is on trial
};

ServedModel::ServedModel(LoadedModelPtr first) : serving_{std::move(first), std::make_shared<Tally>()} {}

ServedModel::~ServedModel() = default;

base::Result<std::unique_ptr<Detector>> ServedModel::make_detector() {
  const base::MutexLock change(changing_);
  const auto version = [this] {
    const base::MutexLock lock(mutex_);
    return serving_;
  }();
  OC_TRY(std::shared_ptr<Detector> detector, version.model->make_detector());
  auto following =
      std::make_unique<FollowingDetector>(*this, FollowingDetector::Runner{std::move(detector), version.tally});
  const base::MutexLock lock(mutex_);
  detectors_.push_back(following.get());
  return std::unique_ptr<Detector>(std::move(following));
}

LoadedModelPtr ServedModel::serving() const {
  const base::MutexLock lock(mutex_);
  return serving_.model;
}

ServedRuns ServedModel::runs() const {
  const auto tally = [this] {
    const base::MutexLock lock(mutex_);
    return serving_.tally;
  }();
  return tally->read();
}

base::Status ServedModel::check(const LoadedModel& version) const {
  const auto known = serving();
  if (version.card.labels == known->card.labels) return {};
  return Error(Code::invalid, version.card.name + " has other classes than " + known->card.name +
                                  ", which cameras, rules and tracks go by: change model.name and start ocelli anew");
}

base::Result<std::chrono::nanoseconds> ServedModel::replace(LoadedModelPtr version, const media::FramePtr& picture) {
  const base::MutexLock change(changing_);
  OC_TRY_STATUS(check(*version));
  Version next{std::move(version), std::make_shared<Tally>()};
  std::size_t count = 0;
  {
    const base::MutexLock lock(mutex_);
    count = detectors_.size();  // none comes while the change goes on, but some may go
  }
  std::vector<FollowingDetector::Runner> runners;
  for (std::size_t i = 0; i < count; ++i) {
    OC_TRY(std::shared_ptr<Detector> detector, next.model->make_detector());
    if (picture) OC_TRY_STATUS(detector->detect(*picture, nullptr));
    runners.push_back({std::move(detector), next.tally});
  }
  Version freed;
  const auto begin = std::chrono::steady_clock::now();
  const base::MutexLock lock(mutex_);
  for (auto* detector : detectors_) {
    detector->replace(std::move(runners.back()));
    runners.pop_back();
  }
  freed = std::exchange(before_, std::exchange(serving_, std::move(next)));
  return std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin);
}

void ServedModel::settle() {
  const base::MutexLock change(changing_);
  Version freed;
  const base::MutexLock lock(mutex_);
  for (auto* detector : detectors_) detector->settle();
  std::swap(freed, before_);
}

base::Status ServedModel::roll_back() {
  const base::MutexLock change(changing_);
  Version freed;
  const base::MutexLock lock(mutex_);
  if (!before_.model) return Error(Code::not_found, "no version from before is kept: it is let go after the trial");
  for (auto* detector : detectors_) detector->roll_back();
  std::swap(serving_, before_);
  std::swap(freed, before_);
  return {};
}

}  // namespace ocelli::infer
