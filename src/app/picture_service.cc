#include "app/picture_service.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "app/internal/picture_json.h"
#include "base/suggest.h"
#include "media/picture.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

constexpr const char* kRequests = "ocelli_infer_requests_total";
constexpr const char* kRequestsHelp = "Pictures that were sent in, by model and outcome";

double milliseconds(std::chrono::nanoseconds time) {
  return std::round(std::chrono::duration<double, std::micro>(time).count()) / 1000;
}

std::string answer_text(const PictureModelInfo& info, const media::Frame& frame, const PictureAnswer& answer) {
  internal::Json json{{"model", info.name}, {"task", info.task}};
  internal::Json& models = json["models"] = internal::Json::array();
  for (const auto& [name, version] : info.models) models.push_back({{"name", name}, {"version", version}});
  json["width"] = frame.width();
  json["height"] = frame.height();
  json["damaged"] = frame.info().quality == media::FrameQuality::damaged;
  internal::add_result(json, answer.result, info);
  internal::Json& times = json["times_ms"] = internal::Json::object();
  for (const auto& [step, time] : answer.steps) times[step] = milliseconds(time);
  return internal::text_of(json);
}

/// The cameras' model may be of the same card, and has a pool of its own.
std::string pool_label(const std::string& name) {
  return "infer/" + name;
}

/// Time since it was last asked.
class Watch {
 public:
  Watch(base::Clock& clock, base::SteadyTime begin) : clock_(clock), last_(begin) {}
  std::chrono::nanoseconds lap() {
    const auto now = clock_.now();
    return now - std::exchange(last_, now);
  }

 private:
  base::Clock& clock_;
  base::SteadyTime last_;
};

}  // namespace

PictureService::PictureService(const Config& config, Loader loader, const Services& services)
    : config_(config),
      loader_(std::move(loader)),
      services_(services),
      jobs_gauge_(services.metrics.gauge("ocelli_infer_jobs", "Pictures that wait for an answer")),
      models_gauge_(services.metrics.gauge("ocelli_infer_models_loaded", "Models loaded for pictures sent in")) {
  for (const auto& name : config_.names) {
    Desk& desk = desks_[name];
    desk.name = name;
    desk.answered = services.metrics.counter(kRequests, kRequestsHelp, {{"model", name}, {"outcome", "ok"}});
    desk.seconds =
        services.metrics.histogram("ocelli_infer_seconds", "From a picture's arrival to its answer", {{"model", name}});
    desk.strand = std::make_unique<base::Strand>(services.workers, [this, &desk] { return step(desk); });
  }
}

PictureService::~PictureService() {
  close();
  for (auto& [name, desk] : desks_) desk.strand.reset();
}

void PictureService::submit(serve::PictureJob job, Done done) {
  const auto found = desks_.find(job.model);
  if (found == desks_.end()) {
    auto error = unknown(job.model);
    count("", error);  // a caller does not get to make up names of metrics
    return done(std::move(error));
  }
  Desk& desk = found->second;
  if (auto accepted = accept(desk, job, done); !accepted) {
    count(desk.name, accepted.error());
    return done(std::move(accepted).error());
  }
  desk.strand->wake();
}

base::Status PictureService::accept(Desk& desk, serve::PictureJob& job, Done& done) {
  const base::MutexLock lock(mutex_);
  if (closed_) return Error(Code::cancelled, "the server ends");
  if (jobs_ >= config_.most_jobs) {
    return Error(Code::exhausted, fmt::format("{} pictures wait already; try again later", jobs_));
  }
  jobs_gauge_.set(static_cast<double>(++jobs_));
  desk.last_asked = ++asked_;
  desk.jobs.push_back({std::move(job), std::move(done), services_.clock.now()});
  return {};
}

void PictureService::close() {
  std::vector<Done> waiting;
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    for (auto& [name, desk] : desks_) {
      for (auto& job : desk.jobs) waiting.push_back(std::move(job.done));
      jobs_ -= desk.jobs.size();
      desk.jobs.clear();
    }
    jobs_gauge_.set(static_cast<double>(jobs_));
  }
  for (const auto& done : waiting) done(Error(Code::cancelled, "the server ends"));
}

base::StepOutcome PictureService::step(Desk& desk) {
  const auto job = take_job(desk);
  if (!job) return base::StepOutcome::idle;
  finish(desk, *job, work(desk, *job));
  return base::StepOutcome::again;
}

std::optional<PictureService::Job> PictureService::take_job(Desk& desk) {
  const base::MutexLock lock(mutex_);
  if (desk.jobs.empty()) return std::nullopt;
  Job job = std::move(desk.jobs.front());
  desk.jobs.pop_front();
  desk.busy = true;
  return job;
}

base::Result<std::string> PictureService::work(Desk& desk, const Job& job) {
  Watch watch(services_.clock, job.submitted);
  try {
    std::vector<StepTime> steps{{"wait", watch.lap()}};
    const std::string& picture = job.asked.picture;
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(picture.data()), picture.size());
    OC_TRY(const auto frame, media::decode_picture(bytes, services_.clock));
    steps.push_back({"decode", watch.lap()});
    OC_TRY_STATUS(ensure_loaded(desk));
    steps.push_back({"load", watch.lap()});
    OC_TRY_STATUS(desk.model->choose(names_in(job.asked.classes)));
    OC_TRY(auto answer, desk.model->look(*frame));
    answer.steps.insert(answer.steps.begin(), steps.begin(), steps.end());
    return answer_text(desk.model->info(), *frame, answer);
  } catch (const std::exception& exception) {
    return Error(Code::internal, fmt::format("the picture could not be worked on: {}", exception.what()));
  }
}

base::Status PictureService::ensure_loaded(Desk& desk) {
  if (desk.model) return {};
  {
    OC_TRY(const auto gone, take_place());  // freed before the other one needs the memory
    if (gone) hide_pools(*gone);
  }
  auto model = loader_(desk.name);
  if (model) {
    show_pools(**model);
    desk.model = std::move(*model);
    return {};
  }
  const base::MutexLock lock(mutex_);
  models_gauge_.set(static_cast<double>(--models_));
  return Error(Code::unavailable, model.error().message());
}

base::Result<std::unique_ptr<PictureModel>> PictureService::take_place() {
  const base::MutexLock lock(mutex_);
  if (models_ < config_.kept_models) {
    models_gauge_.set(static_cast<double>(++models_));
    return std::unique_ptr<PictureModel>();
  }
  Desk* oldest = nullptr;
  for (auto& [name, desk] : desks_) {
    if (desk.busy || !desk.model) continue;
    if (oldest == nullptr || desk.last_asked < oldest->last_asked) oldest = &desk;
  }
  if (oldest == nullptr) return Error(Code::exhausted, "all models that may be loaded at once are at work; try again");
  return std::move(oldest->model);
}

void PictureService::show_pools(PictureModel& model) {
  for (const auto& [name, pool] : model.pools()) pool->publish(services_.metrics, pool_label(name));
}

void PictureService::hide_pools(PictureModel& model) {
  for (const auto& [name, pool] : model.pools()) {
    infer::BindingPool none;
    none.publish(services_.metrics, pool_label(name));  // no tensors; what was counted stays counted
  }
}

void PictureService::finish(Desk& desk, const Job& job, const base::Result<std::string>& answer) {
  {
    const base::MutexLock lock(mutex_);
    desk.busy = false;
    jobs_gauge_.set(static_cast<double>(--jobs_));
  }
  desk.seconds.observe_s(std::chrono::duration<double>(services_.clock.now() - job.submitted).count());
  if (answer) {
    desk.answered.add();
  } else {
    count(desk.name, answer.error());
  }
  job.done(answer);
}

Error PictureService::unknown(const std::string& name) const {
  return {Code::not_found, fmt::format("no model '{}' may be asked here{}; those are {}", name,
                                       base::did_you_mean(name, config_.names), fmt::join(config_.names, ", "))};
}

void PictureService::count(const std::string& model, const Error& error) {
  services_.metrics
      .counter(kRequests, kRequestsHelp, {{"model", model}, {"outcome", std::string(base::code_name(error.code()))}})
      .add();
}

}  // namespace ocelli::app
