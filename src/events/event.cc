#include "events/event.h"

#include <array>
#include <utility>

namespace ocelli::events {

Gate at_least(std::string name, double value, double threshold) {
  return {std::move(name), value, threshold, value >= threshold, Need::at_least};
}

Gate at_most(std::string name, double value, double threshold) {
  return {std::move(name), value, threshold, value <= threshold, Need::at_most};
}

std::span<const EventType> all_event_types() {
  static constexpr std::array kAll = {
      EventType::track_began,    EventType::track_ended,     EventType::line_crossed,    EventType::zone_entered,
      EventType::zone_left,      EventType::zone_dwell,      EventType::occupancy_began, EventType::occupancy_ended,
      EventType::wrong_way,      EventType::speeding,        EventType::tailgating,      EventType::object_left,
      EventType::object_removed, EventType::crowd_gathering, EventType::crowd_loitering, EventType::crowd_dispersing,
      EventType::crowd_ended,    EventType::behaviour_began, EventType::behaviour_ended,
  };
  return kAll;
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
    case EventType::zone_dwell:
      return "zone_dwell";
    case EventType::occupancy_began:
      return "occupancy_began";
    case EventType::occupancy_ended:
      return "occupancy_ended";
    case EventType::wrong_way:
      return "wrong_way";
    case EventType::speeding:
      return "speeding";
    case EventType::tailgating:
      return "tailgating";
    case EventType::object_left:
      return "object_left";
    case EventType::object_removed:
      return "object_removed";
    case EventType::crowd_gathering:
      return "crowd_gathering";
    case EventType::crowd_loitering:
      return "crowd_loitering";
    case EventType::crowd_dispersing:
      return "crowd_dispersing";
    case EventType::crowd_ended:
      return "crowd_ended";
    case EventType::behaviour_began:
      return "behaviour_began";
    case EventType::behaviour_ended:
      return "behaviour_ended";
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
    case EventType::zone_dwell:
      return "tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering";
    case EventType::occupancy_began:
    case EventType::occupancy_ended:
      return "tns1:RuleEngine/CountAggregation/Counter";
    case EventType::wrong_way:
      return "ocelli:Rule/WrongWay";
    case EventType::speeding:
      return "ocelli:Rule/Speeding";
    case EventType::tailgating:
      return "ocelli:Rule/Tailgating";
    case EventType::object_left:
      return "ocelli:Rule/ObjectLeft";
    case EventType::object_removed:
      return "ocelli:Rule/ObjectRemoved";
    case EventType::crowd_gathering:  // ONVIF knows crowds only as numbers of people
      return "ocelli:Crowd/Gathering";
    case EventType::crowd_loitering:
      return "ocelli:Crowd/Loitering";
    case EventType::crowd_dispersing:
      return "ocelli:Crowd/Dispersing";
    case EventType::crowd_ended:
      return "ocelli:Crowd/Ended";
    case EventType::behaviour_began:  // ONVIF has no topic for what people do
      return "ocelli:Behaviour/Began";
    case EventType::behaviour_ended:
      return "ocelli:Behaviour/Ended";
  }
  return "ocelli:Unknown";
}

}  // namespace ocelli::events
