#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ocelli::serve {

enum class HttpMethod {
  get,
  head,
  post,
  put,
  remove,  ///< DELETE
  other,
};

/// What the routes look at in a request.
struct HttpRequest {
  HttpMethod method = HttpMethod::get;
  std::string target;         ///< path and query as sent
  std::string if_none_match;  ///< header values; empty when absent
  std::string if_match;
  std::string last_event_id;
  std::string content_type;
  std::string host;  ///< the name under which the caller knows this server, with its port
  std::string authorization;
  std::string cookie;
  std::string fetch_site;  ///< Sec-Fetch-Site: how a browser says on whose behalf it asks
  std::string body;        ///< of routes that take one
};

/// A complete answer.
struct HttpResponse {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< besides type, length and those that every answer has
};

/// A target taken apart, percent-decoding done after the splitting: an encoded slash belongs to its segment.
struct HttpTarget {
  std::vector<std::string> segments;  ///< of the path, without empty ones at either end
  std::map<std::string, std::string> query;
};

/// `invalid` for a target that is not origin-form, holds a broken escape, or a control character.
base::Result<HttpTarget> parse_target(std::string_view target);

/// The reason phrase, e.g. "Not Found".
std::string_view status_title(int status);

/// RFC 9457: {"type":"about:blank","title":…,"status":…,"detail":…}.
HttpResponse problem(int status, std::string_view detail);
/// The same for an Error: not_found → 404, invalid → 400, unavailable and cancelled → 503, exhausted → 503 with
/// Retry-After, else 500.
HttpResponse problem(const base::Error& error);

/// 503 that asks to come again in a second.
HttpResponse busy(std::string_view detail);

HttpResponse json_response(std::string body, int status = 200);

}  // namespace ocelli::serve
