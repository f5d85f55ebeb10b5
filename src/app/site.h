#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/picture_service.h"
#include "app/store_service.h"
#include "app/token_access.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "config/site_config.h"
#include "engine/clip_archive.h"
#include "engine/model_updater.h"
#include "engine/stream.h"
#include "infer/served_model.h"
#include "media/hardware.h"
#include "serve/http_server.h"
#include "serve/live_view.h"
#include "store/event_store.h"

namespace ocelli::app {

/// Everything that `ocelli serve` runs: server, model, store, cameras; in that order, by its four first calls. One
/// thread, which is also the one that changes the cameras.
class Site {
 public:
  Site(const config::SiteConfig& site, base::Clock& clock);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  /// `editor` outlives the site; null: it cannot be changed through its API.
  base::Status listen(serve::SiteEditor* editor);
  /// The token of the first administrator, where one had to be made; to be shown once.
  const std::string& first_token() const { return first_token_; }
  /// Once the server is there, which tells when nothing can be stored.
  base::Status open_store();
  base::Status load();
  base::Status start_cameras();

  /// What runs: as it was started, with the cameras of now.
  config::SiteConfig running() const;
  /// The cameras become those of `wanted`; whoever does not change goes on without missing a frame. Fails with
  /// everything as it was: `invalid` for a class that the model does not know.
  base::Status change_cameras(const config::SiteConfig& wanted);

  /// Cameras end first, then the server, which asks them how they do; then they go. Idempotent.
  void close();

  serve::HttpServer& server() { return *server_; }
  const base::Logger& logger() const { return logger_; }
  base::Metrics& metrics() { return metrics_; }

 private:
  struct Camera {
    engine::StreamConfig config;
    std::shared_ptr<engine::Stream> stream;  // co-owned by whoever asks just now how it does
  };

  base::Status open_pictures();
  base::Status open_access();
  engine::ModelUpdater::Load candidate_loader();
  int parallel_runs() const;
  base::Status check_cameras(const config::SiteConfig& site) const;
  base::Status carry_out(const config::SiteConfig& wanted);
  base::Status start_camera(const engine::StreamConfig& config);
  void stop_camera(const std::string& name);
  std::function<void(const engine::EventClip&)> clip_references();

  const config::SiteConfig site_;  // as it was started
  base::Clock& clock_;
  const base::Logger logger_;
  base::Metrics metrics_;
  serve::LiveView live_;
  std::optional<TokenAccess> access_;
  std::string first_token_;
  std::unique_ptr<serve::HttpServer> server_;
  std::optional<infer::ServedModel> model_;
  std::unique_ptr<engine::ModelUpdater> updater_;
  std::atomic<engine::ModelUpdater*> updater_for_requests_{nullptr};  // the server runs before there is one
  media::HardwareDevices hardware_;
  base::Executor workers_;
  std::optional<PictureService> pictures_;
  std::unique_ptr<store::EventStore> store_;  // null: nothing is stored
  std::optional<StoreService> history_;
  engine::ClipArchive clips_;
  std::vector<Camera> cameras_;
};

}  // namespace ocelli::app
