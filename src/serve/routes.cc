#include "serve/routes.h"

#include <charconv>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "serve/api_json.h"
#include "serve/page.h"

namespace ocelli::serve {
namespace {

constexpr std::size_t kDefaultEvents = 100;
constexpr std::size_t kMaxEvents = 1000;

// Everything comes from this server: a page that fetches nothing else keeps working in a closed network.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

/// True when `etag` is in an If-None-Match list (weak comparison, RFC 9110 §13.1.2) or the list is "*".
bool etag_matches(std::string_view list, std::string_view etag) {
  return list == "*" || (!etag.empty() && list.find(etag) != std::string_view::npos);
}

HttpResponse page_response(const PageFile& file, const HttpRequest& request) {
  HttpResponse response;
  response.headers = {{"ETag", std::string(file.etag)},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", kContentSecurityPolicy}};
  response.content_type = file.content_type;
  if (etag_matches(request.if_none_match, file.etag)) {
    response.status = 304;
  } else {
    response.body = file.content;
  }
  return response;
}

const PageFile* find_page_file(const std::vector<std::string>& segments) {
  if (segments.size() > 1) return nullptr;
  const std::string_view wanted = segments.empty() ? "index.html" : std::string_view(segments.front());
  for (const PageFile& file : page_files()) {
    if (file.path == wanted) return &file;
  }
  return nullptr;
}

HttpResponse not_allowed(const std::string& allowed) {
  HttpResponse response = problem(405, "use one of the methods " + allowed);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

/// A page of somebody else's that makes the browser of a person who may reach this server post to it. Browsers say so
/// (W3C Fetch Metadata); programs send nothing.
bool posted_by_other_site(const HttpRequest& request) {
  return request.method == HttpMethod::post &&
         (request.fetch_site == "cross-site" || request.fetch_site == "same-site");
}

/// True for types that cannot be one picture; what claims to be one, or claims nothing, is looked at.
bool is_no_picture(const std::string& content_type) {
  for (const std::string_view type : {"multipart/", "text/", "application/json", "video/", "audio/"}) {
    if (content_type.starts_with(type)) return true;
  }
  return false;
}

HttpResponse answer_for(const base::Result<std::string>& json) {
  if (json) return json_response(*json);
  if (json.error().code() == base::Code::unsupported) return problem(415, json.error().message());
  if (json.error().code() == base::Code::corrupt) return problem(400, json.error().message());
  return problem(json.error());
}

/// Of something that goes on after the answer.
HttpResponse accepted(const base::Status& begun) {
  if (!begun) return problem(409, begun.error().message());
  return json_response(R"({"see":"/api/v1/models"})", 202);
}

HttpResponse no_model_yet() {
  return problem(503, "the cameras' model is not loaded yet");
}

std::string query_value(const HttpTarget& target, const std::string& key) {
  const auto found = target.query.find(key);
  return found == target.query.end() ? std::string() : found->second;
}

base::Result<std::size_t> parse_limit(const std::string& text) {
  if (text.empty()) return kDefaultEvents;
  std::size_t limit = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || stopped != text.data() + text.size() || limit < 1 || limit > kMaxEvents) {
    return base::Error(base::Code::invalid, fmt::format("limit must be a whole number from 1 to {}", kMaxEvents));
  }
  return limit;
}

}  // namespace

/// A request on its way to a handler.
struct Router::Call {
  HttpRequest& request;  ///< the handler's to take apart
  const HttpTarget& target;
  std::string name;  ///< what stands for "*" in the route

  base::Result<std::uint64_t> place(const EventRing& ring, const std::string& cursor, std::uint64_t otherwise) const {
    if (cursor.empty()) return otherwise;
    if (const auto number = ring.parse_cursor(cursor)) return *number;
    return base::Error(base::Code::invalid, "'after' must be a cursor that this server gave out");
  }
};

struct Router::Route {
  using Handler = HttpReply (Router::*)(const Call&) const;

  std::vector<std::string> pattern;  ///< "*" matches one segment
  Handler get;                       ///< and of HEAD; null: not of this route
  Handler post = nullptr;
  BodyRule body = BodyRule::ignored;  ///< of POST

  Handler handler(HttpMethod method) const {
    if (method == HttpMethod::post) return post;
    return method == HttpMethod::other ? nullptr : get;
  }

  std::string allowed() const {
    if (get == nullptr) return "POST";
    return post == nullptr ? "GET, HEAD" : "GET, HEAD, POST";
  }

  bool matches(const std::vector<std::string>& segments, std::string& name) const {
    if (segments.size() != pattern.size()) return false;
    for (std::size_t index = 0; index < pattern.size(); ++index) {
      if (pattern[index] == "*") {
        name = segments[index];
      } else if (pattern[index] != segments[index]) {
        return false;
      }
    }
    return true;
  }
};

struct Router::Found {
  const Route* route = nullptr;  ///< null: there is none
  std::string name;
};

const std::vector<Router::Route>& Router::table() {
  static const std::vector<Route> kRoutes = {
      {{"api", "v1", "cameras"}, &Router::cameras},
      {{"api", "v1", "cameras", "*", "tracks"}, &Router::tracks},
      {{"api", "v1", "cameras", "*", "snapshot.jpg"}, &Router::picture},
      {{"api", "v1", "cameras", "*", "live.mjpeg"}, &Router::picture_stream},
      {{"api", "v1", "events"}, &Router::events},
      {{"api", "v1", "events", "stream"}, &Router::event_stream},
      {{"api", "v1", "models"}, &Router::models},
      {{"api", "v1", "models", "publish"}, nullptr, &Router::publish_model},
      {{"api", "v1", "models", "promote"}, nullptr, &Router::promote_model},
      {{"api", "v1", "models", "withdraw"}, nullptr, &Router::withdraw_model},
      {{"api", "v1", "config", "schema.json"}, &Router::config_schema},
      {{"api", "v1", "infer", "*"}, nullptr, &Router::infer, BodyRule::required},
      {{"metrics"}, &Router::metrics},
      {{"health", "live"}, &Router::alive},
      {{"health", "ready"}, &Router::ready},
      {{"healthz"}, &Router::alive},
      {{"v2", "health", "live"}, &Router::alive},
      {{"v2", "health", "ready"}, &Router::ready},
  };
  return kRoutes;
}

Router::Found Router::find(const HttpTarget& target) {
  for (const Route& route : table()) {
    std::string name;
    if (route.matches(target.segments, name)) return {&route, std::move(name)};
  }
  return {};
}

BodyRule Router::body_rule(const HttpRequest& head) const {
  if (head.method != HttpMethod::post || posted_by_other_site(head)) return BodyRule::ignored;
  const auto target = parse_target(head.target);
  if (!target) return BodyRule::ignored;
  const Found found = find(*target);
  return found.route != nullptr ? found.route->body : BodyRule::ignored;
}

HttpReply Router::route(HttpRequest request) const {
  if (posted_by_other_site(request)) {
    return problem(403, "a page of another site may not post here; open this server's own page, or use a program");
  }
  const auto target = parse_target(request.target);
  if (!target) return problem(target.error());
  if (const PageFile* file = find_page_file(target->segments)) {
    const bool reads = request.method == HttpMethod::get || request.method == HttpMethod::head;
    return reads ? page_response(*file, request) : not_allowed("GET, HEAD");
  }
  Found found = find(*target);
  if (found.route == nullptr) {
    return problem(404, "there is nothing at this path; the API begins at /api/v1/cameras");
  }
  const auto handler = found.route->handler(request.method);
  if (handler == nullptr) return not_allowed(found.route->allowed());
  return (this->*handler)(Call{request, *target, std::move(found.name)});
}

HttpReply Router::cameras(const Call&) const {
  return json_response(cameras_json(sources_.live.cameras()));
}

HttpReply Router::tracks(const Call& call) const {
  const auto tracks = sources_.live.tracks(call.name);
  if (!tracks) return problem(tracks.error());
  return json_response(tracks_json(*tracks));
}

HttpReply Router::picture(const Call& call) const {
  const auto generation = sources_.live.generation(call.name);
  if (!generation) return problem(generation.error());
  return PictureReply{call.name};
}

HttpReply Router::picture_stream(const Call& call) const {
  const auto generation = sources_.live.generation(call.name);
  if (!generation) return problem(generation.error());
  return PictureStreamReply{call.name};
}

HttpReply Router::events(const Call& call) const {
  const EventRing& ring = sources_.live.events();
  const auto limit = parse_limit(query_value(call.target, "limit"));
  if (!limit) return problem(limit.error());
  const auto after = call.place(ring, query_value(call.target, "after"), 0);
  if (!after) return problem(after.error());
  // An event that arrives between the two calls is in the answer and will be delivered again: no gap, and ids tell.
  const std::uint64_t last = ring.last_number();
  return json_response(events_json(ring.newest(*after, *limit, query_value(call.target, "camera")), ring.cursor(last)));
}

HttpReply Router::event_stream(const Call& call) const {
  const EventRing& ring = sources_.live.events();
  // A browser that reconnects repeats the original query, so that the header is the newer of the two.
  const std::string& resume = call.request.last_event_id;
  const auto after = call.place(ring, resume.empty() ? query_value(call.target, "after") : resume, ring.last_number());
  if (!after) return problem(after.error());
  return EventStreamReply{query_value(call.target, "camera"), *after};
}

HttpReply Router::models(const Call&) const {
  const auto* updater = sources_.models();
  return json_response(updater == nullptr ? R"({"models":[]})" : models_json(updater->model(), updater->status()));
}

HttpReply Router::publish_model(const Call& call) const {
  const std::string card = query_value(call.target, "model");
  if (card.empty()) return problem(400, "say which: POST /api/v1/models/publish?model=NAME, a model card's name");
  auto* updater = sources_.models();
  return updater == nullptr ? no_model_yet() : accepted(updater->publish(card));
}

HttpReply Router::promote_model(const Call&) const {
  auto* updater = sources_.models();
  return updater == nullptr ? no_model_yet() : accepted(updater->promote());
}

HttpReply Router::withdraw_model(const Call&) const {
  auto* updater = sources_.models();
  return updater == nullptr ? no_model_yet() : accepted(updater->withdraw());
}

HttpReply Router::infer(const Call& call) const {
  PictureInference* const inference = sources_.inference;
  if (inference == nullptr) return problem(404, "this server runs no models on pictures: set infer.models for that");
  if (is_no_picture(call.request.content_type)) {
    return problem(415, "send the picture itself as the body: curl --data-binary @picture.jpg …");
  }
  // Shared because a std::function can be copied, and the picture must not be.
  const auto job = std::make_shared<PictureJob>(
      PictureJob{call.name, std::move(call.request.body), query_value(call.target, "classes")});
  return JobReply{[inference, job](const std::function<void(HttpResponse)>& answer) {
    inference->submit(std::move(*job), [answer](const base::Result<std::string>& json) { answer(answer_for(json)); });
  }};
}

HttpReply Router::metrics(const Call&) const {
  for (const CameraOverview& camera : sources_.live.cameras()) {
    sources_.metrics
        .gauge("ocelli_camera_staleness_seconds", "Seconds since the newest analysed frame; +Inf before the first",
               {{"camera", camera.name}})
        .set(camera.staleness_s.value_or(std::numeric_limits<double>::infinity()));
    sources_.metrics
        .gauge("ocelli_camera_live", "1 while pictures can be decoded, 0 otherwise", {{"camera", camera.name}})
        .set(camera.status.state == engine::LifeState::live ? 1 : 0);
  }
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = sources_.metrics.expose();
  return response;
}

HttpReply Router::alive(const Call&) const {
  return json_response(health_json("live", ""));
}

HttpReply Router::ready(const Call&) const {
  const auto reason = sources_.readiness.reason();
  return reason ? json_response(health_json("not_ready", *reason), 503) : json_response(health_json("ready", ""));
}

HttpReply Router::config_schema(const Call&) const {
  HttpResponse response;
  response.content_type = "application/schema+json";
  response.body = sources_.config_schema;
  return response;
}

}  // namespace ocelli::serve
