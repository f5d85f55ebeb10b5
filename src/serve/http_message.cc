#include "serve/http_message.h"

#include <nlohmann/json.hpp>

namespace ocelli::serve {
namespace {

int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t index = 0; index < text.size(); ++index) {
    char character = text[index];
    if (character == '%') {
      if (index + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[index + 1]);
      const int low = hex_digit(text[index + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      character = static_cast<char>(high * 16 + low);
      index += 2;
    }
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) return std::nullopt;
    decoded += character;
  }
  return decoded;
}

/// Calls `take` with each part of `text` between separators; stops when it returns false.
template <class Take>
bool split(std::string_view text, char separator, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (!take(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

bool add_segment(std::string_view part, std::vector<std::string>& segments) {
  auto decoded = percent_decode(part);
  if (!decoded) return false;
  segments.push_back(std::move(*decoded));
  return true;
}

bool add_parameter(std::string_view part, std::map<std::string, std::string>& query) {
  const std::size_t equals = std::min(part.find('='), part.size());
  const auto key = percent_decode(part.substr(0, equals));
  const auto value = percent_decode(part.substr(std::min(equals + 1, part.size())));
  if (!key || !value) return false;
  query[*key] = *value;
  return true;
}

}  // namespace

base::Result<HttpTarget> parse_target(std::string_view target) {
  if (!target.starts_with('/')) {
    return base::Error(base::Code::invalid, "the request target must be a path that begins with '/'");
  }
  HttpTarget parsed;
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(1, question - 1);
  const std::string_view query = target.substr(std::min(question + 1, target.size()));
  const bool valid = split(path, '/', [&](std::string_view part) { return add_segment(part, parsed.segments); }) &&
                     split(query, '&', [&](std::string_view part) { return add_parameter(part, parsed.query); });
  if (!valid) return base::Error(base::Code::invalid, "the request target holds a broken or forbidden escape");
  return parsed;
}

std::string_view status_title(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

HttpResponse problem(int status, std::string_view detail) {
  nlohmann::ordered_json body;
  body["type"] = "about:blank";
  body["title"] = status_title(status);
  body["status"] = status;
  body["detail"] = detail;
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

HttpResponse problem(const base::Error& error) {
  switch (error.code()) {
    case base::Code::not_found:
      return problem(404, error.message());
    case base::Code::invalid:
      return problem(400, error.message());
    case base::Code::unavailable:
    case base::Code::cancelled:
      return problem(503, error.message());
    case base::Code::exhausted:
      return busy(error.message());
    default:
      return problem(500, error.message());
  }
}

HttpResponse busy(std::string_view detail) {
  HttpResponse response = problem(503, detail);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse json_response(std::string body, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  response.body += '\n';
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace ocelli::serve
