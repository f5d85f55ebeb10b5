#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "engine/model_updater.h"
#include "serve/access.h"
#include "serve/event_history.h"
#include "serve/live_view.h"
#include "serve/picture_inference.h"
#include "serve/site_editor.h"

namespace ocelli::serve {

struct HttpServerConfig {
  std::string bind = "127.0.0.1";      ///< IP address, or "localhost"; another than loopback needs `access`
  int port = 8080;                     ///< 0: any free port
  std::size_t max_connections = 1000;  ///< more are answered 503
  std::chrono::milliseconds request_timeout{15'000};  ///< until a request is complete; also the longest idle time
  std::size_t max_body_bytes = 16UL << 20U;           ///< of one request; a longer one is answered 413
  std::size_t max_bodies_bytes = 128UL << 20U;        ///< of all requests under way; more are answered 503
  std::chrono::milliseconds write_timeout{20'000};    ///< for one answer, picture or event
  std::chrono::milliseconds heartbeat{10'000};        ///< streams say something at least this often
};

/// What the server shows. All outlive it.
struct HttpServerServices {
  LiveView& live;
  base::Metrics& metrics;
  base::Logger logger;
  std::string config_schema;              ///< JSON Schema of the configuration file
  PictureInference* inference = nullptr;  ///< null: no models for pictures here
  /// What replaces the cameras' model; null while none is loaded. Thread-safe.
  std::function<engine::ModelUpdater*()> models = [] { return nullptr; };
  EventHistory* history = nullptr;  ///< null: nothing is stored here
  SiteEditor* editor = nullptr;     ///< null: the site cannot be changed from here; only used on loopback addresses
  AccessControl* access = nullptr;  ///< null: nobody needs to log in
};

/// The page, the API, metrics and health on one TCP port (docs: README.md of this room). Two threads of its own:
/// "serve-io" runs all connections, so that none needs a lock; "serve-draw" draws pictures, so that drawing delays no
/// answer. Every connection is bounded in memory and time: a slow viewer misses pictures, and events only when it falls
/// behind the whole ring, which it is told.
class HttpServer {
 public:
  /// Listens at once. `unavailable` when the address is taken or not ours, `invalid` when it is not an address.
  static base::Result<std::unique_ptr<HttpServer>> start(const HttpServerConfig& config,
                                                         const HttpServerServices& services);
  virtual ~HttpServer() = default;

  /// The port that was bound.
  virtual int port() const = 0;
  /// "http://127.0.0.1:8080/".
  virtual std::string address() const = 0;

  /// /health/ready says 503 with a reason ("starting" at first) until set_ready(). Thread-safe.
  virtual void set_ready() = 0;
  virtual void set_not_ready(std::string reason) = 0;
  /// What fails and stops nothing else is told there too, with status 200. Empty: it is well (again). Thread-safe.
  virtual void set_degraded(const std::string& what, const std::optional<std::string>& reason) = 0;

  /// Closes every connection and joins the threads; takes no longer than drawing one picture. Idempotent; the
  /// destructor does it too. One thread at a time.
  virtual void stop() = 0;
};

}  // namespace ocelli::serve
