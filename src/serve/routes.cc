#include "serve/routes.h"

#include <charconv>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "serve/api_json.h"
#include "serve/edit_routes.h"
#include "serve/page.h"
#include "store/wall_time.h"

namespace ocelli::serve {
namespace {

constexpr std::size_t kDefaultEvents = 100;
constexpr std::size_t kMaxEvents = 1000;
constexpr int kSessionSeconds = 7 * 24 * 3600;  // AccessControl may end it before

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

bool only_reads(HttpMethod method) {
  return method == HttpMethod::get || method == HttpMethod::head;
}

/// A page of somebody else's that makes the browser of a person who may reach this server change something here.
/// Browsers say so (W3C Fetch Metadata); programs send nothing.
bool changed_by_other_site(const HttpRequest& request) {
  return !only_reads(request.method) && (request.fetch_site == "cross-site" || request.fetch_site == "same-site");
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

/// What needs no log-in: health, which orchestrators ask, and logging in itself.
bool is_open(const HttpTarget& target) {
  const auto& segments = target.segments;
  if (segments.empty()) return true;
  if (segments.front() == "health" || segments.front() == "healthz" || segments.front() == "v2") return true;
  return segments.size() == 3 && segments[2] == "session";
}

std::optional<Principal> principal_of(const HttpRequest& request, AccessControl& access) {
  if (const auto token = bearer_token(request.authorization); !token.empty()) return access.of_token(token);
  if (const auto id = session_id(request.cookie); !id.empty()) return access.of_session(id);
  return std::nullopt;
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

/// What only the store can answer; the newest events of all are in memory.
bool asks_the_store(const HttpTarget& target) {
  for (const char* key : {"from", "to", "type", "rule", "track", "before"}) {
    if (target.query.contains(key)) return true;
  }
  return false;
}

base::Result<std::optional<base::WallTime>> parse_time(const HttpTarget& target, const std::string& key) {
  const std::string text = query_value(target, key);
  if (text.empty()) return std::optional<base::WallTime>();
  OC_TRY(const auto time, store::parse_wall_time(text, "'" + key + "'"));
  return std::optional(time);
}

base::Result<std::optional<std::uint64_t>> parse_track(const HttpTarget& target) {
  const std::string text = query_value(target, "track");
  if (text.empty()) return std::optional<std::uint64_t>();
  std::uint64_t track = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), track);
  if (error != std::errc{} || stopped != text.data() + text.size()) {
    return base::Error(base::Code::invalid, "'track' must be the whole number of a track");
  }
  return std::optional(track);
}

base::Result<store::EventQuery> parse_event_query(const HttpTarget& target) {
  store::EventQuery query;
  OC_TRY(query.from, parse_time(target, "from"));
  OC_TRY(query.to, parse_time(target, "to"));
  OC_TRY(query.track, parse_track(target));
  OC_TRY(query.limit, parse_limit(query_value(target, "limit")));
  query.camera = query_value(target, "camera");
  query.type = query_value(target, "type");
  query.rule = query_value(target, "rule");
  if (const std::string before = query_value(target, "before"); !before.empty()) {
    query.after = store::parse_place(before);
    if (!query.after) return base::Error(base::Code::invalid, "'before' must be a place that this server gave out");
  }
  return query;
}

HttpResponse stored_answer(const base::Result<std::string>& json) {
  return json ? json_response(*json) : problem(json.error());
}

HttpResponse nothing_stored() {
  return problem(404, "this server stores no events: set store.enabled for that");
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
  Handler get;                       ///< and of HEAD; null: not of this route, as all others
  Handler post = nullptr;
  BodyRule body = BodyRule::ignored;  ///< of POST and PUT
  Handler put = nullptr;
  Handler remove = nullptr;
  Role change = Role::administer;  ///< who may do more than read

  Role needs(HttpMethod method) const { return only_reads(method) ? Role::view : change; }

  Handler handler(HttpMethod method) const {
    switch (method) {
      case HttpMethod::get:
      case HttpMethod::head:
        return get;
      case HttpMethod::post:
        return post;
      case HttpMethod::put:
        return put;
      case HttpMethod::remove:
        return remove;
      case HttpMethod::other:
        return nullptr;
    }
    return nullptr;
  }

  std::string allowed() const {
    std::string methods;
    const auto add = [&](Handler one, const char* names) {
      if (one != nullptr) methods += (methods.empty() ? "" : ", ") + std::string(names);
    };
    add(get, "GET, HEAD");
    add(post, "POST");
    add(put, "PUT");
    add(remove, "DELETE");
    return methods;
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
      {{"api", "v1", "cameras"}, &Router::cameras, &Router::add_camera, BodyRule::required},
      {{"api", "v1", "cameras", "*"},
       &Router::camera,
       nullptr,
       BodyRule::required,
       &Router::set_camera,
       &Router::remove_camera},
      {{"api", "v1", "cameras", "*", "tracks"}, &Router::tracks},
      {{"api", "v1", "cameras", "*", "snapshot.jpg"}, &Router::picture},
      {{"api", "v1", "cameras", "*", "live.mjpeg"}, &Router::picture_stream},
      {{"api", "v1", "events"}, &Router::events},
      {{"api", "v1", "events", "stream"}, &Router::event_stream},
      {{"api", "v1", "why"}, &Router::why},
      {{"api", "v1", "models"}, &Router::models},
      {{"api", "v1", "models", "publish"}, nullptr, &Router::publish_model},
      {{"api", "v1", "models", "promote"}, nullptr, &Router::promote_model},
      {{"api", "v1", "models", "withdraw"}, nullptr, &Router::withdraw_model},
      {{"api", "v1", "config"}, &Router::config, nullptr, BodyRule::required, &Router::replace_config},
      {{"api", "v1", "config", "schema.json"}, &Router::config_schema},
      {{"api", "v1", "config", "reload"}, nullptr, &Router::reload_config},
      {{"api", "v1", "stream", "add"}, nullptr, &Router::add_stream, BodyRule::required},
      {{"api", "v1", "stream", "remove"}, nullptr, &Router::remove_stream, BodyRule::required},
      {{"api", "v1", "infer", "*"}, nullptr, &Router::infer, BodyRule::required, nullptr, nullptr, Role::operate},
      {{"api", "v1", "session"}, &Router::session, &Router::log_in, BodyRule::required, nullptr, &Router::log_out},
      {{"metrics"}, &Router::metrics},
      {{"health", "live"}, &Router::alive},
      {{"health", "ready"}, &Router::ready},
      {{"healthz"}, &Router::alive},
      {{"v2", "health", "live"}, &Router::alive},
      {{"v2", "health", "ready"}, &Router::ready},
  };
  return kRoutes;
}

std::vector<std::string> Router::operations() {
  std::vector<std::string> operations;
  for (const Route& route : table()) {
    std::string path;
    for (const auto& segment : route.pattern) path += "/" + (segment == "*" ? "{}" : segment);
    if (route.get != nullptr) operations.push_back("GET " + path);
    if (route.post != nullptr) operations.push_back("POST " + path);
    if (route.put != nullptr) operations.push_back("PUT " + path);
    if (route.remove != nullptr) operations.push_back("DELETE " + path);
  }
  return operations;
}

Router::Found Router::find(const HttpTarget& target) {
  for (const Route& route : table()) {
    std::string name;
    if (route.matches(target.segments, name)) return {&route, std::move(name)};
  }
  return {};
}

BodyRule Router::body_rule(const HttpRequest& head) const {
  const bool may_have_one = head.method == HttpMethod::post || head.method == HttpMethod::put;
  if (!may_have_one || changed_by_other_site(head)) return BodyRule::ignored;
  const auto target = parse_target(head.target);
  if (!target) return BodyRule::ignored;
  const Found found = find(*target);
  if (found.route == nullptr || found.route->handler(head.method) == nullptr) return BodyRule::ignored;
  return refuse(head, *target, *found.route) ? BodyRule::ignored : found.route->body;
}

HttpReply Router::route(HttpRequest request) const {
  if (changed_by_other_site(request)) {
    return problem(403,
                   "a page of another site may change nothing here; open this server's own page, or use a program");
  }
  const auto target = parse_target(request.target);
  if (!target) return problem(target.error());
  if (const PageFile* file = find_page_file(target->segments)) {
    return only_reads(request.method) ? page_response(*file, request) : not_allowed("GET, HEAD");
  }
  Found found = find(*target);
  if (found.route == nullptr) {
    return problem(404, "there is nothing at this path; the API begins at /api/v1/cameras");
  }
  const auto handler = found.route->handler(request.method);
  if (handler == nullptr) return not_allowed(found.route->allowed());
  if (auto refusal = refuse(request, *target, *found.route)) return *std::move(refusal);
  return (this->*handler)(Call{request, *target, std::move(found.name)});
}

/// Empty: this request may be answered.
std::optional<HttpResponse> Router::refuse(const HttpRequest& request, const HttpTarget& target,
                                           const Route& route) const {
  AccessControl* const access = sources_.access;
  if (access == nullptr || is_open(target)) return std::nullopt;
  if (!access->needs_log_in()) {
    if (is_own_name(request.host)) return std::nullopt;
    return problem(
        403,
        "without a token this server answers as localhost only, so that no page of another name can reach it; "
        "`ocelli tokens add NAME` makes one");
  }
  const auto principal = principal_of(request, *access);
  if (!principal) {
    HttpResponse refusal = problem(
        401, "log in: send `Authorization: Bearer TOKEN`, or open the page; `ocelli tokens add NAME` makes a token");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"ocelli\"");
    return refusal;
  }
  const Role needed = route.needs(request.method);
  if (principal->role >= needed) return std::nullopt;
  return problem(403, fmt::format("this needs the role {}; {} is a {}", role_name(needed), principal->name,
                                  role_name(principal->role)));
}

HttpReply Router::session(const Call& call) const {
  AccessControl* const access = sources_.access;
  if (access == nullptr || !access->needs_log_in()) return json_response(session_json(false, std::nullopt));
  return json_response(session_json(true, principal_of(call.request, *access)));
}

HttpReply Router::log_in(const Call& call) const {
  AccessControl* const access = sources_.access;
  const auto token = token_of(call.request);
  if (!token) return problem(token.error());
  if (access == nullptr) return problem(401, "this server knows no tokens");
  const std::string id = access->begin_session(*token);
  if (id.empty()) return problem(401, "this server knows no such token");
  HttpResponse response = json_response(session_json(true, access->of_session(id)));
  response.headers.emplace_back("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}",
                                                          kSessionCookie, id, kSessionSeconds));
  return response;
}

HttpReply Router::log_out(const Call& call) const {
  if (sources_.access != nullptr) sources_.access->end_session(session_id(call.request.cookie));
  HttpResponse response = json_response(session_json(true, std::nullopt));
  response.headers.emplace_back("Set-Cookie",
                                fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", kSessionCookie));
  return response;
}

HttpReply Router::cameras(const Call&) const {
  return json_response(cameras_json(sources_.live.cameras()));
}

HttpReply Router::camera(const Call& call) const {
  for (const auto& camera : sources_.live.cameras()) {
    if (camera.name == call.name) return json_response(camera_json(camera));
  }
  const auto tracks = sources_.live.tracks(call.name);  // its error has the name that was meant
  return tracks ? problem(404, "the camera was removed just now") : problem(tracks.error());
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
  if (asks_the_store(call.target)) return stored_events(call);
  const EventRing& ring = sources_.live.events();
  const auto limit = parse_limit(query_value(call.target, "limit"));
  if (!limit) return problem(limit.error());
  const auto after = call.place(ring, query_value(call.target, "after"), 0);
  if (!after) return problem(after.error());
  // An event that arrives between the two calls is in the answer and will be delivered again: no gap, and ids tell.
  const std::uint64_t last = ring.last_number();
  return json_response(events_json(ring.newest(*after, *limit, query_value(call.target, "camera")), ring.cursor(last)));
}

HttpReply Router::stored_events(const Call& call) const {
  if (call.target.query.contains("after")) {
    return problem(400, "'after' goes on from the newest events; ask for stored ones with 'before', 'from' or 'to'");
  }
  const auto query = parse_event_query(call.target);
  if (!query) return problem(query.error());
  EventHistory* const history = sources_.history;
  if (history == nullptr) return nothing_stored();
  return JobReply{[history, query = *query](const std::function<void(HttpResponse)>& answer) {
    history->find(query, [answer](const base::Result<std::string>& json) { answer(stored_answer(json)); });
  }};
}

HttpReply Router::why(const Call& call) const {
  store::WhyQuestion question{.event = query_value(call.target, "event"),
                              .camera = query_value(call.target, "camera"),
                              .rule = query_value(call.target, "rule"),
                              .at = {}};
  const auto at = parse_time(call.target, "at");
  if (!at) return problem(at.error());
  question.at = *at;
  EventHistory* const history = sources_.history;
  if (history == nullptr) return nothing_stored();
  return JobReply{[history, question](const std::function<void(HttpResponse)>& answer) {
    history->explain(question, [answer](const base::Result<std::string>& json) { answer(stored_answer(json)); });
  }};
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
  if (reason) return json_response(health_json("not_ready", *reason), 503);
  const auto degraded = sources_.readiness.degraded();
  return json_response(degraded ? health_json("degraded", *degraded) : health_json("ready", ""));
}

HttpReply Router::config_schema(const Call&) const {
  HttpResponse response;
  response.content_type = "application/schema+json";
  response.body = sources_.config_schema;
  return response;
}

HttpReply Router::edit(const Call& call, base::Result<SiteEdit> wanted, int done_status) const {
  if (!wanted) return problem(wanted.error());
  if (auto status = apply_conditions(call.request, call.target, *wanted); !status) return problem(status.error());
  SiteEditor* const editor = sources_.editor;
  if (editor == nullptr) {
    return problem(403, "this server's site cannot be changed from here: change its file instead");
  }
  if (wanted->is_trial) done_status = 200;
  return JobReply{[editor, edit = *std::move(wanted), done_status](const std::function<void(HttpResponse)>& answer) {
    editor->submit(edit,
                   [answer, done_status](const EditAnswer& edited) { answer(edit_response(edited, done_status)); });
  }};
}

HttpReply Router::config(const Call& call) const {
  return edit(call, SiteEdit{SiteEdit::Look{}});
}

HttpReply Router::replace_config(const Call& call) const {
  return edit(call, SiteEdit{SiteEdit::Replace{std::move(call.request.body)}});
}

HttpReply Router::reload_config(const Call& call) const {
  return edit(call, SiteEdit{SiteEdit::Reload{}});
}

HttpReply Router::add_camera(const Call& call) const {
  return edit(call, edit_to_add_camera(call.request), 201);
}

HttpReply Router::set_camera(const Call& call) const {
  return edit(call, SiteEdit{SiteEdit::SetCamera{call.name, std::move(call.request.body)}});
}

HttpReply Router::remove_camera(const Call& call) const {
  return edit(call, SiteEdit{SiteEdit::RemoveCamera{call.name}});
}

HttpReply Router::add_stream(const Call& call) const {
  return edit(call, edit_to_add_stream(call.request), 201);
}

HttpReply Router::remove_stream(const Call& call) const {
  return edit(call, edit_to_remove_stream(call.request));
}

}  // namespace ocelli::serve
