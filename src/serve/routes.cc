#include "serve/routes.h"

#include <charconv>
#include <limits>

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

HttpResponse not_allowed() {
  HttpResponse response = problem(405, "this server only reads: use GET or HEAD");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
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
  const HttpRequest& request;
  const HttpTarget& target;
  std::string name;  ///< what stands for "*" in the route

  base::Result<std::uint64_t> place(const EventRing& ring, const std::string& cursor, std::uint64_t otherwise) const {
    if (cursor.empty()) return otherwise;
    if (const auto number = ring.parse_cursor(cursor)) return *number;
    return base::Error(base::Code::invalid, "'after' must be a cursor that this server gave out");
  }
};

struct Router::Route {
  std::vector<std::string> pattern;  ///< "*" matches one segment
  HttpReply (Router::*handler)(const Call&) const;

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

const std::vector<Router::Route>& Router::table() {
  static const std::vector<Route> kRoutes = {
      {{"api", "v1", "cameras"}, &Router::cameras},
      {{"api", "v1", "cameras", "*", "tracks"}, &Router::tracks},
      {{"api", "v1", "cameras", "*", "snapshot.jpg"}, &Router::picture},
      {{"api", "v1", "cameras", "*", "live.mjpeg"}, &Router::picture_stream},
      {{"api", "v1", "events"}, &Router::events},
      {{"api", "v1", "events", "stream"}, &Router::event_stream},
      {{"api", "v1", "config", "schema.json"}, &Router::config_schema},
      {{"metrics"}, &Router::metrics},
      {{"health", "live"}, &Router::alive},
      {{"health", "ready"}, &Router::ready},
      {{"healthz"}, &Router::alive},
      {{"v2", "health", "live"}, &Router::alive},
      {{"v2", "health", "ready"}, &Router::ready},
  };
  return kRoutes;
}

HttpReply Router::route(const HttpRequest& request) const {
  const auto target = parse_target(request.target);
  if (!target) return problem(target.error());
  if (const PageFile* file = find_page_file(target->segments)) {
    if (request.method == HttpMethod::other) return not_allowed();
    return page_response(*file, request);
  }
  for (const Route& route : table()) {
    std::string name;
    if (!route.matches(target->segments, name)) continue;
    if (request.method == HttpMethod::other) return not_allowed();
    return (this->*route.handler)(Call{request, *target, std::move(name)});
  }
  return problem(404, "there is nothing at this path; the API begins at /api/v1/cameras");
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
