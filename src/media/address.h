#pragma once

#include <string>

namespace ocelli::media {

/// What a user's address asks for, by its form alone.
enum class AddressKind {
  path,    ///< file, FIFO, folder of pictures, "-"
  camera,  ///< /dev/video0, /dev/v4l/by-id/…
  http,    ///< http://, https://
  rtsp,    ///< rtsp://, rtsps://
  unknown,
};
AddressKind address_kind(const std::string& url);

/// "rtsps" and "https": the connection is encrypted.
bool is_encrypted(const std::string& url);

/// The URL as it may be shown and logged: without user, password and query.
std::string redact_url(const std::string& url);

}  // namespace ocelli::media
