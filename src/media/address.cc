#include "media/address.h"

#include <algorithm>
#include <cctype>

namespace ocelli::media {
namespace {

/// In lower case, as RFC 3986 compares it; empty for a path. A scheme cannot hold '/', a folder's name may hold ':'.
std::string scheme_of(const std::string& url) {
  const auto end = url.find("://");
  if (end == std::string::npos || url.find('/') < end) return {};
  std::string scheme = url.substr(0, end);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return scheme;
}

}  // namespace

AddressKind address_kind(const std::string& url) {
  const std::string scheme = scheme_of(url);
  // By its name, since a camera that was unplugged is one all the same.
  const bool is_camera = url.starts_with("/dev/video") || url.starts_with("/dev/v4l/");
  if (scheme.empty()) return is_camera ? AddressKind::camera : AddressKind::path;
  if (scheme == "http" || scheme == "https") return AddressKind::http;
  return scheme == "rtsp" || scheme == "rtsps" ? AddressKind::rtsp : AddressKind::unknown;
}

bool is_encrypted(const std::string& url) {
  const std::string scheme = scheme_of(url);
  return scheme == "https" || scheme == "rtsps";
}

std::string redact_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto authority = scheme + 3;
  const auto at = url.rfind('@');
  const auto query = url.find('?', authority);
  std::string shown = url;
  // Queries carry passwords and tokens too.
  if (query != std::string::npos) shown.replace(query, std::string::npos, "?***");
  if (at == std::string::npos || at < authority) return shown;
  // Either a password holds the '?' or a query the '@'. Only hiding all of it is right in both cases.
  if (query < at) return url.substr(0, authority) + "***";
  // Up to the last '@', since a password may itself hold '/' or '@'. Hiding a part of the path is the smaller harm.
  shown.replace(authority, at - authority, "***");
  return shown;
}

}  // namespace ocelli::media
