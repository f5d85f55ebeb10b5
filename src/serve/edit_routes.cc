#include "serve/edit_routes.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ocelli::serve {
namespace {

using base::Code;
using base::Error;
using Json = nlohmann::ordered_json;

constexpr int kDeepest = 16;

/// What comes from outside makes nothing recurse: what lies deeper is left out while it is parsed.
base::Result<Json> parse_object(const std::string& text) {
  bool is_too_deep = false;
  const auto bound = [&](int depth, Json::parse_event_t, Json&) {
    is_too_deep = is_too_deep || depth > kDeepest;
    return depth <= kDeepest;
  };
  try {
    Json json = Json::parse(text, bound);
    if (is_too_deep) return Error(Code::invalid, fmt::format("the JSON is more than {} levels deep", kDeepest));
    if (json.is_object()) return json;
  } catch (const Json::exception& error) {
    return Error(Code::invalid, std::string("the body is not JSON: ") + error.what());
  }
  return Error(Code::invalid, "the body must be a JSON object");
}

base::Result<std::string> text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    return Error(Code::invalid, fmt::format("the body lacks '{}', a text", key));
  }
  return found->get<std::string>();
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Of DeepStream's ids, which may be any text: a camera's name.
std::string name_of(std::string id) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::replace_if(
      id.begin(), id.end(), [&](char c) { return kLetters.find(c) == std::string_view::npos && c != '-'; }, '_');
  if (kLetters.find(id.front()) == std::string_view::npos) id.insert(0, "c");
  return id.substr(0, 64);
}

base::Result<Json> stream_of(const HttpRequest& request) {
  OC_TRY(const Json body, parse_object(request.body));
  const auto value = body.find("value");
  if (value == body.end() || !value->is_object()) return Error(Code::invalid, "the body lacks 'value', an object");
  return *value;
}

int status_of(EditAnswer::Outcome outcome) {
  using Outcome = EditAnswer::Outcome;
  switch (outcome) {
    case Outcome::done:
      return 200;
    case Outcome::invalid:
      return 400;
    case Outcome::not_found:
      return 404;
    case Outcome::conflict:
      return 409;
    case Outcome::stale:
      return 412;
    case Outcome::busy:
      return 503;
    case Outcome::failed:
      return 500;
  }
  return 500;
}

}  // namespace

base::Result<SiteEdit> edit_to_add_camera(const HttpRequest& request) {
  OC_TRY(Json body, parse_object(request.body));
  OC_TRY(std::string name, text_at(body, "name"));
  body.erase("name");
  return SiteEdit{SiteEdit::SetCamera{std::move(name), dump(body), SiteEdit::SetCamera::When::is_absent}};
}

base::Result<SiteEdit> edit_to_add_stream(const HttpRequest& request) {
  OC_TRY(const Json stream, stream_of(request));
  OC_TRY(std::string id, text_at(stream, "camera_id"));
  OC_TRY(const std::string url, text_at(stream, "camera_url"));
  return SiteEdit{
      SiteEdit::SetCamera{name_of(std::move(id)), dump(Json{{"url", url}}), SiteEdit::SetCamera::When::is_absent}};
}

base::Result<SiteEdit> edit_to_remove_stream(const HttpRequest& request) {
  OC_TRY(const Json stream, stream_of(request));
  OC_TRY(std::string id, text_at(stream, "camera_id"));
  return SiteEdit{SiteEdit::RemoveCamera{name_of(std::move(id))}};
}

base::Result<std::string> token_of(const HttpRequest& request) {
  OC_TRY(const Json body, parse_object(request.body));
  return text_at(body, "token");
}

HttpResponse edit_response(const EditAnswer& answer, int done_status) {
  using Outcome = EditAnswer::Outcome;
  const int status = answer.outcome == Outcome::done ? done_status : status_of(answer.outcome);
  HttpResponse response = answer.outcome == Outcome::done   ? json_response(answer.text, status)
                          : answer.outcome == Outcome::busy ? busy(answer.text)
                                                            : problem(status, answer.text);
  if (!answer.etag.empty()) response.headers.emplace_back("ETag", '"' + answer.etag + '"');
  return response;
}

base::Status apply_conditions(const HttpRequest& request, const HttpTarget& target, SiteEdit& edit) {
  if (const auto trial = target.query.find("dry_run"); trial != target.query.end()) {
    if (trial->second != "true" && trial->second != "false") return Error(Code::invalid, "dry_run is true or false");
    edit.is_trial = trial->second == "true";
  }
  std::string_view etag = request.if_match;
  if (etag.empty() || etag == "*") return {};
  if (etag.size() < 2 || etag.front() != '"' || etag.back() != '"') {
    return Error(Code::invalid, "If-Match must be an ETag that this server gave out, in its quotes");
  }
  etag = etag.substr(1, etag.size() - 2);
  edit.etag = etag;
  return {};
}

}  // namespace ocelli::serve
