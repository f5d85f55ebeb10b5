#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "engine/frame_tap.h"
#include "engine/model_canary.h"
#include "infer/served_model.h"
#include "media/jpeg.h"

namespace ocelli::engine {

/// How far a candidate has come.
enum class UpdateState {
  loading,      ///< tried in a process of its own, then loaded
  warming,      ///< runs on live frames
  shadowing,    ///< runs beside the version that serves, on the same frames
  waiting,      ///< has passed; waits for promote()
  on_trial,     ///< serves; the version before is kept
  promoted,     ///< serves for good
  rejected,     ///< never served
  rolled_back,  ///< served for a while; the version before does again
};
/// "loading", "on_trial", …
std::string_view update_state_name(UpdateState state);

enum class Promotion { automatic, by_hand };

struct ModelUpdateConfig {
  CanaryConfig canary;
  Promotion promotion = Promotion::automatic;
  int memory_mib = 0;  ///< for the process that tries a candidate; 0: app::try_detector() derives it
  std::chrono::milliseconds trial{10'000};  ///< how long the version before is kept, ready to take over
};

/// Of the newest candidate. A snapshot.
struct ModelUpdateStatus {
  std::string card;
  UpdateState state = UpdateState::loading;
  std::string reason;  ///< why it was rejected or rolled back
  int warm_up_runs = 0;
  int shadow_frames = 0;
  std::optional<ShadowReport> shadow;
  std::chrono::nanoseconds switch_time{};  ///< how long the change itself took
};

/// Replaces the model that cameras share while they run: a candidate is loaded, warmed up on live frames, compared with
/// the version that serves, promoted, and watched for a while. Whatever goes wrong, the version that served goes on.
/// Works on one thread, `model-update`, which gives way to the cameras on a busy processor, one candidate at a time.
/// Thread-safe.
class ModelUpdater {
 public:
  /// Tries a card in a process of its own, on these JPEG pictures, and loads it: everything that can be wrong with it
  /// is an error. Called on the updater's thread.
  using Load = std::function<base::Result<infer::LoadedModelPtr>(
      const std::string& card, const std::vector<media::Bytes>& pictures, const std::stop_token& stop)>;

  /// All references outlive it.
  ModelUpdater(const ModelUpdateConfig& config, infer::ServedModel& model, Load load, base::Clock& clock,
               base::Logger logger, base::Metrics& metrics);
  ~ModelUpdater();
  ModelUpdater(const ModelUpdater&) = delete;
  ModelUpdater& operator=(const ModelUpdater&) = delete;

  /// Where candidates get their frames: to be among the cameras' track sinks.
  FrameTap& tap() { return tap_; }
  const infer::ServedModel& model() const { return model_; }

  /// Begins with a candidate; returns at once. `unavailable` while another one is under way.
  base::Status publish(const std::string& card) OC_EXCLUDES(mutex_);
  /// Lets the candidate that waits serve. `unavailable` when none waits.
  base::Status promote() OC_EXCLUDES(mutex_);
  /// Calls off the candidate, or takes it back while it is on trial; returns at once. `unavailable` when none is under
  /// way.
  base::Status withdraw() OC_EXCLUDES(mutex_);
  /// Empty before the first publish().
  std::optional<ModelUpdateStatus> status() const OC_EXCLUDES(mutex_);

 private:
  void run(const std::stop_token& stop);
  void update(const std::string& card, const std::stop_token& stop);
  base::Status prove(const std::string& card, const std::stop_token& stop);
  base::Result<std::vector<media::Bytes>> take_pictures(const std::stop_token& stop);
  base::Status wait_for_promotion(const std::stop_token& stop);
  base::Status serve_on_trial(const infer::LoadedModelPtr& candidate, const media::FramePtr& picture,
                              const std::stop_token& stop);
  base::Status watch(std::chrono::nanoseconds usual_run_time, const std::stop_token& stop);

  void set_state(UpdateState state) OC_EXCLUDES(mutex_);
  void finish(UpdateState state, const std::string& reason) OC_EXCLUDES(mutex_);
  void show_serving();

  const ModelUpdateConfig config_;
  infer::ServedModel& model_;
  const Load load_;
  base::Clock& clock_;
  const base::Logger logger_;
  base::Metrics& metrics_;
  base::Gauge serving_;  // 1 for the version that serves
  FrameTap tap_;
  std::atomic<int> warm_up_runs_{0};
  std::atomic<int> shadow_frames_{0};
  mutable base::Mutex mutex_;
  base::CondVar asked_;
  std::optional<ModelUpdateStatus> status_ OC_GUARDED_BY(mutex_);
  bool under_way_ OC_GUARDED_BY(mutex_) = false;
  bool promote_ OC_GUARDED_BY(mutex_) = false;
  std::stop_source withdrawn_ OC_GUARDED_BY(mutex_);  // of the candidate under way
  std::jthread thread_;                               // the last member: it uses the others
};

}  // namespace ocelli::engine
