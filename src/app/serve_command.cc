#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/command.h"
#include "app/model_candidate.h"
#include "app/model_setup.h"
#include "app/picture_model.h"
#include "app/picture_service.h"
#include "app/print.h"
#include "config/site_config.h"
#include "engine/clip_archive.h"
#include "engine/model_updater.h"
#include "engine/stream.h"
#include "serve/http_server.h"
#include "serve/live_view.h"

namespace ocelli::app {
namespace {

using base::Code;

struct ServeOptions {
  std::string config_file;
  std::string bind;
  std::optional<int> port;
  std::string log_format;
};

base::Result<config::SiteConfig> load_config(const ServeOptions& options) {
  OC_TRY(auto site, config::load_site_config_file(options.config_file, config::process_environment()));
  if (!options.bind.empty()) site.server.bind = options.bind;
  if (options.port) site.server.port = *options.port;
  if (options.log_format == "json") site.log.format = base::LogFormat::json;
  if (site.cameras.empty()) {
    return base::Error(Code::invalid, options.config_file +
                                          " has no cameras: add one under `cameras:` "
                                          "(ocelli.example.yaml shows how)");
  }
  return site;
}

/// The running site.
class Site {
 public:
  Site(const config::SiteConfig& site, base::Clock& clock)
      : site_(site),
        clock_(clock),
        logger_(site.log, clock),
        live_(serve::LiveView::Config{}, clock, metrics_),
        workers_("worker", std::max(1U, std::thread::hardware_concurrency())) {}

  ~Site() { close(); }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  base::Status listen();
  base::Status load();
  base::Status start_cameras();
  engine::ModelUpdater::Load candidate_loader();
  int parallel_runs() const { return std::max(1, static_cast<int>(site_.cameras.size())); }
  void wait(const std::stop_token& stop);
  /// Cameras end first, then the server, which asks them how they do; then they go. Idempotent.
  void close();

  const serve::HttpServer& server() const { return *server_; }

 private:
  base::Status open_pictures();

  const config::SiteConfig site_;
  base::Clock& clock_;
  const base::Logger logger_;
  base::Metrics metrics_;
  serve::LiveView live_;
  std::unique_ptr<serve::HttpServer> server_;
  std::optional<infer::ServedModel> model_;
  std::unique_ptr<engine::ModelUpdater> updater_;
  std::atomic<engine::ModelUpdater*> updater_for_requests_{nullptr};  // the server runs before there is one
  media::HardwareDevices hardware_;
  base::Executor workers_;
  std::optional<PictureService> pictures_;
  engine::ClipArchive clips_;
  std::vector<std::unique_ptr<engine::Stream>> streams_;
};

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

base::Status Site::listen() {
  OC_TRY_STATUS(open_pictures());
  const serve::HttpServerConfig config{.bind = site_.server.bind, .port = site_.server.port};
  const serve::HttpServerServices services{
      live_, metrics_, logger_, config::site_config_schema(), pictures_ ? &*pictures_ : nullptr, [this] {
        return updater_for_requests_.load();
      }};
  OC_TRY(server_, serve::HttpServer::start(config, services));
  return {};
}

base::Status Site::load() {
  server_->set_not_ready("loading model " + site_.model.name);
  OC_TRY(auto model, load_model(site_.model, infer::Task::detection, parallel_runs()));
  if (const auto& reason = model.deployment.fallback_reason; !reason.empty()) {
    logger_.warn("precision auto is fp32", {{"model", model.card.name}, {"reason", reason}});
  }
  for (const auto& camera : site_.cameras) OC_TRY_STATUS(engine::check_labels(camera, model.card.labels));
  model.session->bindings().publish(metrics_, model.card.name);
  const auto use = model.session->provider();
  if (!use.reason.empty()) logger_.warn("provider not used", {{"model", model.card.name}, {"reason", use.reason}});
  logger_.info("model ready", {{"model", model.card.name},
                               {"backend", model.backend->description()},
                               {"precision", std::string(infer::precision_name(model.deployment.precision))},
                               {"provider", std::string(infer::provider_name(use.provider))},
                               {"batch", std::to_string(model.batcher ? model.batcher->max_batch() : 1)}});
  model_.emplace(std::make_shared<const infer::LoadedModel>(std::move(model)));
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

base::Status Site::start_cameras() {
  for (const auto& camera : site_.cameras) {
    OC_TRY(auto detector, model_->make_detector());
    const engine::StreamServices services{
        clock_, workers_, logger_, metrics_, nullptr, {&live_}, {&live_, &updater_->tap()}, &hardware_, &clips_};
    auto stream = engine::Stream::start(camera, std::move(detector), services);
    live_.add_camera({camera.name, camera.rules, model_->serving()->card.labels,
                      [stream = stream.get()] { return stream->status(); }});
    streams_.push_back(std::move(stream));
  }
  server_->set_ready();
  return {};
}

void Site::wait(const std::stop_token& stop) {
  while (clock_.wait_until(clock_.now() + std::chrono::hours(1), stop)) {
  }
}

void Site::close() {
  if (!server_) return;
  if (pictures_) pictures_->close();
  server_->set_not_ready("stopping");
  for (const auto& stream : streams_) stream->stop();
  for (const auto& stream : streams_) {
    [[maybe_unused]] const auto outcome = stream->wait();  // cancelled, or the failure that was logged already
  }
  server_.reset();
  pictures_.reset();
  for (const auto& camera : site_.cameras) live_.remove_camera(camera.name);
  streams_.clear();
  updater_.reset();
  clips_.close();
}

void run_serve(const ServeOptions& options, CommandContext& context) {
  const auto config = load_config(options);
  if (!config) return fail(context, ExitCode::usage, config.error());
  Site site(*config, context.clock);
  if (auto status = site.listen(); !status) {
    const bool usage = status.error().code() == Code::invalid;
    return fail(context, usage ? ExitCode::usage : ExitCode::failed, status.error());
  }
  print(stdout, "listening on {}\n", site.server().address());
  std::fflush(stdout);
  if (auto status = site.load(); !status) {
    const bool usage = status.error().code() == Code::invalid;
    return fail(context, usage ? ExitCode::usage : ExitCode::model, status.error());
  }
  if (auto status = site.start_cameras(); !status) return fail(context, ExitCode::model, status.error());
  site.wait(context.stop);
}

}  // namespace

void add_serve_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ServeOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("serve", "Watch cameras and show them on a page, with metrics and health");
  command->add_option("-c,--config", options->config_file, "Site configuration (see ocelli.example.yaml)")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--bind", options->bind, "Address to listen on; the default is this machine only");
  command->add_option("--port", options->port, "Port to listen on; 0 takes a free one")->check(CLI::Range(0, 65535));
  command->add_option("--log-format", options->log_format, "console or json")
      ->check(CLI::IsMember({"console", "json"}));
  command->footer(
      "Prints \"listening on http://…\" once the port is open; /health/ready tells when the model is warm and the\n"
      "cameras are started. SIGINT and SIGTERM end it cleanly (exit code 0). There is no authentication yet: keep it "
      "on\n"
      "loopback, or behind a proxy that has.\n\n"
      "POST a JPEG, PNG, WebP or BMP to /api/v1/infer/MODEL and the answer is JSON: what that model finds in it, or,\n"
      "for ocr, the text, and for inspect, the objects, each classified and read (src/serve/README.md). Models are\n"
      "loaded when they are first asked; which may be is said in the file under `infer`.\n\n"
      "  ocelli serve -c site.yaml\n"
      "  OCELLI_SERVER_PORT=9000 ocelli serve -c site.yaml --log-format json\n"
      "  curl --data-binary @street.jpg http://127.0.0.1:8080/api/v1/infer/yolov8n");
  command->callback([options, &context] { run_serve(*options, context); });
}

}  // namespace ocelli::app
