#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ocelli::farm {

/// A request of RTSP/1.0 (RFC 2326). Header names are in lower case.
struct RtspRequest {
  std::string method;
  std::string url;
  std::map<std::string, std::string> headers;

  /// The value of a header, empty where there is none.
  std::string header(const std::string& name) const;
};

struct RtspResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Nothing when this is no RTSP request.
std::optional<RtspRequest> parse_request(std::string_view head);
std::string to_text(const RtspResponse& response, const std::string& sequence);

/// The N of rtsp://host/cam/N[/…], nothing for other addresses.
std::optional<int> camera_of(std::string_view url);

/// How a client wants its media: the first of its offers that the farm can serve (RFC 2326, 12.39).
struct Transport {
  enum class Kind { tcp, udp };
  Kind kind = Kind::tcp;
  std::uint16_t rtp = 0;  ///< Channel or port.
  std::uint16_t rtcp = 0;
};
std::optional<Transport> parse_transport(std::string_view offers);

}  // namespace ocelli::farm
