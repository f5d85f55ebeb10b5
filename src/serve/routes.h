#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/metrics.h"
#include "engine/model_updater.h"
#include "serve/access.h"
#include "serve/event_history.h"
#include "serve/http_message.h"
#include "serve/live_view.h"
#include "serve/picture_inference.h"
#include "serve/readiness.h"
#include "serve/site_editor.h"

namespace ocelli::serve {

/// Answers that the router leaves to the server, since they need another thread or have no end.
struct PictureReply {  ///< one annotated JPEG
  std::string camera;
};
struct PictureStreamReply {  ///< multipart/x-mixed-replace of annotated JPEGs
  std::string camera;
};
struct EventStreamReply {  ///< server-sent events
  std::string camera;      ///< empty: all
  std::uint64_t after = 0;
};
struct JobReply {  ///< what other threads work out
  /// Begins the work and does not wait for it: it calls back exactly once, from any thread, perhaps at once.
  std::function<void(std::function<void(HttpResponse)>)> start;
};
using HttpReply = std::variant<HttpResponse, PictureReply, PictureStreamReply, EventStreamReply, JobReply>;

/// What becomes of a request's body.
enum class BodyRule {
  ignored,   ///< not read
  optional,  ///< read if there is one
  required,
};

/// What the routes answer from. Outlives the router.
struct RouteSources {
  LiveView& live;
  base::Metrics& metrics;
  Readiness& readiness;
  std::string config_schema;              ///< JSON Schema of the configuration file
  PictureInference* inference = nullptr;  ///< null: no models for pictures here
  /// What replaces the cameras' model; null while none is loaded. Thread-safe.
  std::function<engine::ModelUpdater*()> models = [] { return nullptr; };
  EventHistory* history = nullptr;  ///< null: nothing is stored here
  SiteEditor* editor = nullptr;     ///< null: the site cannot be changed from here
  AccessControl* access = nullptr;  ///< null: nobody needs to log in
};

/// From a request to its answer: the whole API in one table, free of sockets. Never blocks. Thread-safe.
class Router {
 public:
  explicit Router(RouteSources sources) : sources_(std::move(sources)) {}

  /// From all but the body of a request.
  BodyRule body_rule(const HttpRequest& head) const;
  HttpReply route(HttpRequest request) const;

  /// All that it answers, as OpenAPI names it: "GET /api/v1/cameras/{}". Without the page.
  static std::vector<std::string> operations();

 private:
  struct Call;
  struct Route;
  struct Found;
  static const std::vector<Route>& table();
  static Found find(const HttpTarget& target);

  std::optional<HttpResponse> refuse(const HttpRequest& request, const HttpTarget& target, const Route& route) const;
  HttpReply session(const Call& call) const;
  HttpReply log_in(const Call& call) const;
  HttpReply log_out(const Call& call) const;
  HttpReply cameras(const Call& call) const;
  HttpReply camera(const Call& call) const;
  HttpReply tracks(const Call& call) const;
  HttpReply picture(const Call& call) const;
  HttpReply picture_stream(const Call& call) const;
  HttpReply events(const Call& call) const;
  HttpReply stored_events(const Call& call) const;
  HttpReply event_stream(const Call& call) const;
  HttpReply why(const Call& call) const;
  HttpReply models(const Call& call) const;
  HttpReply publish_model(const Call& call) const;
  HttpReply promote_model(const Call& call) const;
  HttpReply withdraw_model(const Call& call) const;
  HttpReply metrics(const Call& call) const;
  HttpReply alive(const Call& call) const;
  HttpReply ready(const Call& call) const;
  HttpReply config_schema(const Call& call) const;
  HttpReply config(const Call& call) const;
  HttpReply replace_config(const Call& call) const;
  HttpReply reload_config(const Call& call) const;
  HttpReply add_camera(const Call& call) const;
  HttpReply set_camera(const Call& call) const;
  HttpReply remove_camera(const Call& call) const;
  HttpReply add_stream(const Call& call) const;
  HttpReply remove_stream(const Call& call) const;
  HttpReply edit(const Call& call, base::Result<SiteEdit> wanted, int done_status = 200) const;
  HttpReply infer(const Call& call) const;

  RouteSources sources_;
};

}  // namespace ocelli::serve
