#include "events/event_json.h"

#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace ocelli::events {
namespace {

/// Quoted and escaped; bytes that are not UTF-8 become the replacement character.
std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A fixed number of decimals: the shortest form of a double is not the same in every library.
std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "null";
  auto text = fmt::format("{:.{}f}", value, decimals);
  const bool is_minus_zero = text.front() == '-' && text.find_first_not_of("-0.") == std::string::npos;
  return is_minus_zero ? text.substr(1) : text;
}

std::string box_json(double left, double top, double width, double height, int decimals) {
  return fmt::format(R"({{"left":{},"top":{},"width":{},"height":{}}})", fixed(left, decimals), fixed(top, decimals),
                     fixed(width, decimals), fixed(height, decimals));
}

std::string boxes_json(const Event& event) {
  const auto& box = event.box;
  auto json = R"("box":)" + box_json(box.left, box.top, box.width, box.height, 2);
  if (event.picture_width > 0 && event.picture_height > 0) {
    const double width = event.picture_width;
    const double height = event.picture_height;
    json += R"(,"box_unit":)" + box_json(box.left / width, box.top / height, box.width / width, box.height / height, 5);
  }
  return json;
}

std::string gates_json(const std::vector<Gate>& gates) {
  std::string json = "[";
  for (const auto& gate : gates) {
    if (json.size() > 1) json += ',';
    fmt::format_to(std::back_inserter(json), R"({{"name":{},"value":{},"need":"{}","threshold":{},"passed":{}}})",
                   json_string(gate.name), fixed(gate.value, 4), gate.need == Need::at_least ? "at_least" : "at_most",
                   fixed(gate.threshold, 4), gate.passed);
  }
  return json + "]";
}

std::string members_json(const std::vector<std::uint64_t>& members) {
  return members.empty() ? "" : fmt::format(R"(,"members":[{}])", fmt::join(members, ","));
}

std::string readings_json(const std::vector<Reading>& readings) {
  if (readings.empty()) return "";
  std::string json = R"(,"readings":{)";
  for (const auto& reading : readings) {
    if (json.back() != '{') json += ',';
    fmt::format_to(std::back_inserter(json), "{}:{}", json_string(reading.name), fixed(reading.value, 4));
  }
  return json + "}";
}

std::string crowd_json(const Event& event) {
  if (event.crowd == 0) return "";
  return fmt::format(R"(,"crowd":{},"related_crowds":[{}])", event.crowd, fmt::join(event.related_crowds, ","));
}

std::string data_json(const Event& event) {
  std::string json;
  auto out = std::back_inserter(json);
  fmt::format_to(out, R"({{"camera":{},"event":{},"media_time_s":{},"frame":{})", json_string(event.camera),
                 json_string(event_type_name(event.type)), fixed(media::to_seconds(event.time), 3), event.frame);
  if (event.since) fmt::format_to(out, R"(,"since_s":{})", fixed(media::to_seconds(*event.since), 3));
  if (!event.rule.empty()) fmt::format_to(out, R"(,"rule":{})", json_string(event.rule));
  if (!event.direction.empty()) fmt::format_to(out, R"(,"direction":{})", json_string(event.direction));
  json += crowd_json(event);
  fmt::format_to(out, R"(,"track_id":{}{},"label":{},"score":{},{},"gates":{}{}}})", event.track_id,
                 members_json(event.members), json_string(event.label), fixed(event.score, 4), boxes_json(event),
                 gates_json(event.gates), readings_json(event.readings));
  return json;
}

/// RFC 3986, section 2: CloudEvents wants `source` to be a URI reference, and cameras have any name.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

std::string to_cloud_event(const Event& event) {
  return fmt::format(
      R"({{"specversion":"1.0","id":{},"source":{},"type":{},"time":{},"datacontenttype":"application/json",)"
      R"("subject":"{}","data":{}}})",
      json_string(fmt::format("{}/{}", event.camera, event.sequence)),
      json_string("/cameras/" + percent_encoded(event.camera)), json_string(event_topic(event.type)),
      json_string(base::format_wall_time(event.wall_time)),
      event.crowd == 0 ? fmt::format("track/{}", event.track_id) : fmt::format("crowd/{}", event.crowd),
      data_json(event));
}

}  // namespace ocelli::events
