#include "tests/farm/rtsp.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

namespace ocelli::farm {
namespace {

std::string trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return std::string(text);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

std::optional<int> leading_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  return number;
}

/// The two numbers of "<name>A-B", or of "<name>A", which means A and A+1.
std::optional<Transport> number_pair(std::string_view offer, std::string_view name, Transport::Kind kind) {
  const auto at = offer.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view text = offer.substr(at + name.size());
  const auto first = leading_number(text);
  if (!first || *first > 65534) return std::nullopt;
  const auto dash = text.substr(0, text.find(';')).find('-');
  const auto second = dash == std::string_view::npos ? *first + 1 : leading_number(text.substr(dash + 1)).value_or(-1);
  if (second < 0 || second > 65535) return std::nullopt;
  return Transport{kind, static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(second)};
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 454:
      return "Session Not Found";
    case 455:
      return "Method Not Valid in This State";
    case 461:
      return "Unsupported Transport";
    default:
      return "Not Implemented";
  }
}

}  // namespace

std::string RtspRequest::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::optional<RtspRequest> parse_request(std::string_view head) {
  std::istringstream stream{std::string(head)};
  RtspRequest request;
  std::string version;
  std::string line;
  std::getline(stream, line);
  std::istringstream first(line);
  if (!(first >> request.method >> request.url >> version) || !version.starts_with("RTSP/")) return std::nullopt;
  while (std::getline(stream, line)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    request.headers[lower(trimmed(line.substr(0, colon)))] = trimmed(std::string_view(line).substr(colon + 1));
  }
  return request;
}

std::string to_text(const RtspResponse& response, const std::string& sequence) {
  std::string text = "RTSP/1.0 " + std::to_string(response.status) + " " + std::string(reason_of(response.status)) +
                     "\r\nCSeq: " + sequence + "\r\nServer: camera_farm\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  if (!response.body.empty()) text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  return text + "\r\n" + response.body;
}

std::optional<int> camera_of(std::string_view url) {
  constexpr std::string_view kFolder = "/cam/";
  const auto authority = url.find("://");
  const auto path = url.find('/', authority == std::string_view::npos ? 0 : authority + 3);
  if (path == std::string_view::npos || !url.substr(path).starts_with(kFolder)) return std::nullopt;
  return leading_number(url.substr(path + kFolder.size()));
}

std::optional<Transport> parse_transport(std::string_view offers) {
  while (!offers.empty()) {
    const auto comma = std::min(offers.find(','), offers.size());
    const std::string_view offer = offers.substr(0, comma);
    offers.remove_prefix(std::min(comma + 1, offers.size()));
    std::optional<Transport> transport;
    if (offer.find("RTP/AVP/TCP") != std::string_view::npos) {
      transport =
          number_pair(offer, "interleaved=", Transport::Kind::tcp).value_or(Transport{Transport::Kind::tcp, 0, 1});
      if (transport->rtcp > 255) transport.reset();
    } else if (offer.find("RTP/AVP") != std::string_view::npos && offer.find("multicast") == std::string_view::npos) {
      transport = number_pair(offer, "client_port=", Transport::Kind::udp);
    }
    if (transport) return transport;
  }
  return std::nullopt;
}

}  // namespace ocelli::farm
