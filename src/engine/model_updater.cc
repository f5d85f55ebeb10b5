#include "engine/model_updater.h"

#include <pthread.h>
#include <sys/resource.h>
#include <utility>

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;

constexpr int kTrialPictures = 4;
constexpr int kPictureQuality = 90;
constexpr std::chrono::milliseconds kLookInterval{100};
constexpr std::uint64_t kFramesToJudgeTime = 50;  // fewer say little of a mean

/// The cameras' threads get nine times as much of a busy processor; less than the rest, and an update would never end.
void give_way() {
  const int usual = ::getpriority(PRIO_PROCESS, 0);
  ::setpriority(PRIO_PROCESS, 0, usual + 10);  // on Linux this means the calling thread; to be nicer is always allowed
}

}  // namespace

std::string_view update_state_name(UpdateState state) {
  switch (state) {
    case UpdateState::loading:
      return "loading";
    case UpdateState::warming:
      return "warming";
    case UpdateState::shadowing:
      return "shadowing";
    case UpdateState::waiting:
      return "waiting";
    case UpdateState::on_trial:
      return "on_trial";
    case UpdateState::promoted:
      return "promoted";
    case UpdateState::rejected:
      return "rejected";
    case UpdateState::rolled_back:
      return "rolled_back";
  }
  return "";
}

ModelUpdater::ModelUpdater(const ModelUpdateConfig& config, infer::ServedModel& model, Load load, base::Clock& clock,
                           base::Logger logger, base::Metrics& metrics)
    : config_(config),
      model_(model),
      load_(std::move(load)),
      clock_(clock),
      logger_(std::move(logger)),
      metrics_(metrics),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ModelUpdater::~ModelUpdater() {
  thread_.request_stop();
  [[maybe_unused]] const auto nothing_under_way = withdraw();
}

base::Status ModelUpdater::publish(const std::string& card) {
  const base::MutexLock lock(mutex_);
  if (under_way_) {
    return Error(Code::unavailable, status_->card + " is " + std::string(update_state_name(status_->state)) +
                                        ": wait for its end, or withdraw it");
  }
  status_.emplace().card = card;
  warm_up_runs_ = 0;
  shadow_frames_ = 0;
  withdrawn_ = std::stop_source();
  promote_ = false;
  under_way_ = true;
  asked_.notify_all();
  return {};
}

base::Status ModelUpdater::promote() {
  const base::MutexLock lock(mutex_);
  if (!under_way_ || status_->state != UpdateState::waiting) {
    return Error(Code::unavailable, "no candidate waits for being promoted");
  }
  promote_ = true;
  asked_.notify_all();
  return {};
}

base::Status ModelUpdater::withdraw() {
  const base::MutexLock lock(mutex_);
  if (!under_way_) return Error(Code::unavailable, "no candidate is under way");
  withdrawn_.request_stop();
  return {};
}

std::optional<ModelUpdateStatus> ModelUpdater::status() const {
  const base::MutexLock lock(mutex_);
  auto status = status_;
  if (status) {
    status->warm_up_runs = warm_up_runs_;
    status->shadow_frames = shadow_frames_;
  }
  return status;
}

void ModelUpdater::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "model-update");
  give_way();
  show_serving();
  while (true) {
    std::string card;
    std::stop_token withdrawn;
    {
      const base::MutexLock lock(mutex_);
      if (!asked_.wait(mutex_, stop, [this]() OC_REQUIRES(mutex_) { return under_way_; })) return;
      card = status_->card;
      withdrawn = withdrawn_.get_token();
    }
    update(card, withdrawn);
    if (stop.stop_requested()) return;
  }
}

/// From a card's name to a model that serves for good, or to the reason why it does not.
void ModelUpdater::update(const std::string& card, const std::stop_token& stop) {
  logger_.info("model update begins", {{"model", card}});
  const auto proven = prove(card, stop);
  tap_.close();
  if (proven) return finish(UpdateState::promoted, "");
  const bool served = [this] {
    const base::MutexLock lock(mutex_);
    return status_->state == UpdateState::on_trial;
  }();
  const Error& error = proven.error();
  finish(served ? UpdateState::rolled_back : UpdateState::rejected,
         error.code() == Code::cancelled ? "withdrawn" : error.message());
}

base::Status ModelUpdater::prove(const std::string& card, const std::stop_token& stop) {
  OC_TRY(const auto pictures, take_pictures(stop));
  OC_TRY(const infer::LoadedModelPtr candidate, load_(card, pictures, stop));
  OC_TRY_STATUS(model_.check(*candidate));

  set_state(UpdateState::warming);
  OC_TRY(const auto detector, candidate->make_detector());
  OC_TRY(const media::FramePtr frame, warm_up(*detector, tap_, config_.canary, warm_up_runs_, stop));

  set_state(UpdateState::shadowing);
  OC_TRY(const auto serving, model_.serving()->make_detector());
  OC_TRY(const ShadowReport report, shadow(*serving, *detector, tap_, config_.canary, shadow_frames_, stop));
  {
    const base::MutexLock lock(mutex_);
    status_->shadow = report;
  }
  OC_TRY_STATUS(judge(report, config_.canary));
  if (config_.promotion == Promotion::by_hand) OC_TRY_STATUS(wait_for_promotion(stop));
  return serve_on_trial(candidate, frame, stop);
}

/// Copies, so that no camera's pool of frames waits for the process that looks at them.
base::Result<std::vector<media::Bytes>> ModelUpdater::take_pictures(const std::stop_token& stop) {
  OC_TRY(const auto encoder, media::JpegEncoder::create());
  std::vector<media::Bytes> pictures;
  for (int i = 0; i < kTrialPictures; ++i) {
    OC_TRY(const auto frame, tap_.next(config_.canary.frame_patience, stop));
    OC_TRY(auto picture, encoder->encode(*frame, kPictureQuality));
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

base::Status ModelUpdater::wait_for_promotion(const std::stop_token& stop) {
  set_state(UpdateState::waiting);
  const base::MutexLock lock(mutex_);
  if (asked_.wait(mutex_, stop, [this]() OC_REQUIRES(mutex_) { return promote_; })) return {};
  return Error(Code::cancelled, "withdrawn");
}

base::Status ModelUpdater::serve_on_trial(const infer::LoadedModelPtr& candidate, const media::FramePtr& picture,
                                          const std::stop_token& stop) {
  const auto usual_run_time = model_.runs().mean_run_time();
  OC_TRY(const auto switch_time, model_.replace(candidate, picture));
  {
    const base::MutexLock lock(mutex_);
    status_->state = UpdateState::on_trial;
    status_->switch_time = switch_time;
  }
  show_serving();
  logger_.info("model on trial", {{"model", candidate->card.name},
                                  {"version", candidate->card.version},
                                  {"switch_ms", std::chrono::duration<double, std::milli>(switch_time).count()}});
  const auto outcome = watch(usual_run_time, stop);
  if (outcome) {
    model_.settle();
  } else {
    [[maybe_unused]] const auto kept = model_.roll_back();  // kept: only settle() lets it go
    show_serving();
  }
  return outcome;
}

base::Status ModelUpdater::watch(std::chrono::nanoseconds usual_run_time, const std::stop_token& stop) {
  const auto end = clock_.now() + config_.trial;
  while (clock_.now() < end) {
    if (!clock_.wait_until(clock_.now() + kLookInterval, stop)) return Error(Code::cancelled, "withdrawn");
    const auto runs = model_.runs();
    if (runs.failures > 0) return Error(Code::internal, "it failed on a live frame: " + runs.last_failure);
    const bool can_judge_time = usual_run_time.count() > 0 && runs.frames >= kFramesToJudgeTime;
    if (can_judge_time && runs.mean_run_time() > usual_run_time * config_.canary.most_slowdown) {
      return Error(Code::invalid, "its runs take " + std::to_string(runs.mean_run_time().count() / 1'000'000) +
                                      " ms, those of the version before took " +
                                      std::to_string(usual_run_time.count() / 1'000'000) + " ms");
    }
  }
  return {};
}

void ModelUpdater::set_state(UpdateState state) {
  const base::MutexLock lock(mutex_);
  status_->state = state;
}

void ModelUpdater::finish(UpdateState state, const std::string& reason) {
  std::string card;
  {
    const base::MutexLock lock(mutex_);
    card = status_->card;
  }
  const std::string name(update_state_name(state));
  metrics_.counter("ocelli_model_updates_total", "Model updates by how they ended", {{"outcome", name}}).add();
  if (state == UpdateState::promoted) {
    logger_.info("model promoted", {{"model", card}});
  } else {
    logger_.warn("model update refused", {{"model", card}, {"outcome", name}, {"reason", reason}});
  }
  const base::MutexLock lock(mutex_);
  status_->state = state;
  status_->reason = reason;
  under_way_ = false;
}

void ModelUpdater::show_serving() {
  serving_.set(0);
  const auto serving = model_.serving();
  serving_ = metrics_.gauge("ocelli_model_serving", "1 for the model version that serves, 0 for those that did",
                            {{"model", serving->card.name}, {"version", serving->card.version}});
  serving_.set(1);
}

}  // namespace ocelli::engine
