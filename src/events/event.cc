#include "events/event.h"

#include <utility>

namespace ocelli::events {

Gate at_least(std::string name, double value, double threshold) {
  return {std::move(name), value, threshold, value >= threshold, Need::at_least};
}

Gate at_most(std::string name, double value, double threshold) {
  return {std::move(name), value, threshold, value <= threshold, Need::at_most};
}

std::string_view event_type_name(EventType type) {
  switch (type) {
    case EventType::track_began:
      return "track_began";
    case EventType::track_ended:
      return "track_ended";
    case EventType::line_crossed:
      return "line_crossed";
    case EventType::zone_entered:
      return "zone_entered";
    case EventType::zone_left:
      return "zone_left";
  }
  return "unknown";
}

std::string_view event_topic(EventType type) {
  switch (type) {
    case EventType::track_began:
      return "ocelli:Track/Began";
    case EventType::track_ended:
      return "ocelli:Track/Ended";
    case EventType::line_crossed:
      return "tns1:RuleEngine/LineDetector/Crossed";
    case EventType::zone_entered:
    case EventType::zone_left:  // ONVIF has one topic for both, with a property IsInside
      return "tns1:RuleEngine/FieldDetector/ObjectsInside";
  }
  return "ocelli:Unknown";
}

}  // namespace ocelli::events
