#include "app/site.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "app/model_candidate.h"
#include "app/model_setup.h"
#include "app/picture_model.h"
#include "config/site_change.h"

namespace ocelli::app {

Site::Site(const config::SiteConfig& site, base::Clock& clock)
    : site_(site),
      clock_(clock),
      logger_(site.log, clock),
      live_(serve::LiveView::Config{}, clock, metrics_),
      workers_("worker", std::max(1U, std::thread::hardware_concurrency())) {}

Site::~Site() {
  close();
}

int Site::parallel_runs() const {
  return std::max(1, static_cast<int>(site_.cameras.size()));
}

/// What is sent in is answered even before the cameras are there.
base::Status Site::open_pictures() {
  OC_TRY(auto names, callable_models(site_.model, site_.infer.models));
  if (names.empty()) return {};
  const PictureService::Config config{std::move(names), static_cast<std::size_t>(site_.infer.kept_models),
                                      static_cast<std::size_t>(site_.infer.waiting_jobs)};
  const auto loader = [model = site_.model](const std::string& name) { return load_picture_model(model, name); };
  pictures_.emplace(config, loader, PictureService::Services{clock_, workers_, metrics_});
  return {};
}

/// Whoever can reach more than this machine's own address needs a token; the first is made here.
base::Status Site::open_access() {
  const std::string file = site_.server.tokens.empty() ? default_token_path() : site_.server.tokens;
  const bool is_own = serve::is_own_name(site_.server.bind) || site_.server.bind == "::1";
  if (!is_own) {
    OC_TRY(const auto tokens, read_tokens(file));
    if (tokens.empty()) {
      OC_TRY(first_token_, add_token(file, "admin", serve::Role::administer, clock_));
    }
  }
  using WithoutTokens = TokenAccess::WithoutTokens;
  access_.emplace(file, is_own ? WithoutTokens::open : WithoutTokens::closed, clock_, logger_);
  return {};
}

base::Status Site::listen(serve::SiteEditor* editor) {
  OC_TRY_STATUS(open_pictures());
  OC_TRY_STATUS(open_access());
  if (site_.store.enabled) {
    history_.emplace(site_.store.path.empty() ? store::default_path() : site_.store.path, workers_);
  }
  const serve::HttpServerConfig config{.bind = site_.server.bind, .port = site_.server.port};
  const serve::HttpServerServices services{live_,
                                           metrics_,
                                           logger_,
                                           config::site_config_schema(),
                                           pictures_ ? &*pictures_ : nullptr,
                                           [this] { return updater_for_requests_.load(); },
                                           history_ ? &*history_ : nullptr,
                                           editor,
                                           &*access_};
  OC_TRY(server_, serve::HttpServer::start(config, services));
  return {};
}

base::Status Site::open_store() {
  if (!site_.store.enabled) return {};
  const store::StoreServices services{
      clock_, logger_, metrics_, nullptr, [this](const std::optional<std::string>& reason) {
        server_->set_degraded("store", reason ? std::optional("events are not stored: " + *reason) : std::nullopt);
      }};
  OC_TRY(store_, store::EventStore::start(site_.store, services));
  return {};
}

base::Status Site::check_cameras(const config::SiteConfig& site) const {
  const auto& labels = model_->serving()->card.labels;
  for (const auto& camera : site.cameras) OC_TRY_STATUS(engine::check_labels(camera, labels));
  return {};
}

base::Status Site::load() {
  server_->set_not_ready("loading model " + site_.model.name);
  OC_TRY(auto model, load_model(site_.model, infer::Task::detection, parallel_runs()));
  if (const auto& reason = model.deployment.fallback_reason; !reason.empty()) {
    logger_.warn("precision auto is fp32", {{"model", model.card.name}, {"reason", reason}});
  }
  model.session->bindings().publish(metrics_, model.card.name);
  const auto use = model.session->provider();
  if (!use.reason.empty()) logger_.warn("provider not used", {{"model", model.card.name}, {"reason", use.reason}});
  logger_.info("model ready", {{"model", model.card.name},
                               {"backend", model.backend->description()},
                               {"precision", std::string(infer::precision_name(model.deployment.precision))},
                               {"provider", std::string(infer::provider_name(use.provider))},
                               {"batch", std::to_string(model.batcher ? model.batcher->max_batch() : 1)}});
  model_.emplace(std::make_shared<const infer::LoadedModel>(std::move(model)));
  OC_TRY_STATUS(check_cameras(site_));
  updater_ =
      std::make_unique<engine::ModelUpdater>(site_.updates, *model_, candidate_loader(), clock_, logger_, metrics_);
  updater_for_requests_ = updater_.get();
  return {};
}

engine::ModelUpdater::Load Site::candidate_loader() {
  return [this](const std::string& card, const std::vector<media::Bytes>& pictures,
                const std::stop_token& stop) -> base::Result<infer::LoadedModelPtr> {
    auto config = site_.model;
    config.name = card;
    OC_TRY(auto candidate, load_candidate(config, pictures, {parallel_runs(), site_.updates.memory_mib}, stop));
    candidate->session->bindings().publish(metrics_, card);
    return candidate;
  };
}

/// Null where nothing is stored.
std::function<void(const engine::EventClip&)> Site::clip_references() {
  if (!store_) return nullptr;
  return [this](const engine::EventClip& clip) {
    std::error_code error;  // without a working folder the path stays as it is
    const auto path = std::filesystem::absolute(clip.path, error);
    store_->accept(store::MediaReference{clip.camera, clip.sequence, "clip", error ? clip.path : path.string()});
  };
}

base::Status Site::start_camera(const engine::StreamConfig& config) {
  OC_TRY(auto detector, model_->make_detector());
  engine::StreamServices services{
      clock_,     workers_, logger_,          metrics_, nullptr, {&live_}, {&live_, &updater_->tap()},
      &hardware_, &clips_,  clip_references()};
  if (store_) {
    services.event_sinks.push_back(store_.get());
    services.track_sinks.push_back(store_.get());
  }
  const std::shared_ptr<engine::Stream> stream = engine::Stream::start(config, std::move(detector), services);
  live_.add_camera({config.name, config.rules, model_->serving()->card.labels, [stream] { return stream->status(); }});
  cameras_.push_back({config, stream});
  return {};
}

base::Status Site::start_cameras() {
  for (const auto& camera : site_.cameras) OC_TRY_STATUS(start_camera(camera));
  if (cameras_.empty()) logger_.warn("no cameras: add one to the file, under `cameras:`, or through the API");
  server_->set_ready();
  return {};
}

void Site::stop_camera(const std::string& name) {
  const auto camera =
      std::find_if(cameras_.begin(), cameras_.end(), [&](const Camera& one) { return one.config.name == name; });
  if (camera == cameras_.end()) return;
  camera->stream->stop();
  [[maybe_unused]] const auto outcome = camera->stream->wait();  // cancelled, or the failure that was logged already
  live_.remove_camera(name);
  if (store_) store_->finish_tracks(name);
  cameras_.erase(camera);
}

config::SiteConfig Site::running() const {
  config::SiteConfig running = site_;
  running.cameras.clear();
  for (const auto& camera : cameras_) running.cameras.push_back(camera.config);
  return running;
}

/// Up to the first camera that cannot be started.
base::Status Site::carry_out(const config::SiteConfig& wanted) {
  const auto config_of = [&](const std::string& name) {
    return std::find_if(wanted.cameras.begin(), wanted.cameras.end(),
                        [&](const engine::StreamConfig& camera) { return camera.name == name; });
  };
  for (const auto& change : config::site_change(running(), wanted).cameras) {
    const auto camera = std::find_if(cameras_.begin(), cameras_.end(),
                                     [&](const Camera& one) { return one.config.name == change.name; });
    // The numbers of its events go on, so that none comes twice in one run.
    const std::uint64_t events =
        camera == cameras_.end() ? 0 : camera->config.rules.events_before + camera->stream->status().events;
    stop_camera(change.name);
    if (change.kind == config::CameraChange::Kind::removed) continue;
    engine::StreamConfig config = *config_of(change.name);
    config.rules.events_before = events;
    OC_TRY_STATUS(start_camera(config));
  }
  return {};
}

base::Status Site::change_cameras(const config::SiteConfig& wanted) {
  OC_TRY_STATUS(check_cameras(wanted));
  const config::SiteConfig before = running();
  auto status = carry_out(wanted);
  if (status) return {};
  if (const auto undone = carry_out(before); !undone) {
    logger_.error("a camera could not be started again", {{"reason", undone.error().message()}});
  }
  return status;
}

void Site::close() {
  if (!server_) return;
  if (pictures_) pictures_->close();
  if (history_) history_->close();
  server_->set_not_ready("stopping");
  for (const auto& camera : cameras_) camera.stream->stop();
  for (const auto& camera : cameras_) {
    [[maybe_unused]] const auto outcome = camera.stream->wait();  // cancelled, or the failure that was logged already
  }
  store_.reset();  // with what is still to be written; it tells the server how it does
  server_.reset();
  pictures_.reset();
  history_.reset();
  for (const auto& camera : cameras_) live_.remove_camera(camera.config.name);
  cameras_.clear();
  updater_.reset();
  clips_.close();
}

}  // namespace ocelli::app
