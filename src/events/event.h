#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "media/media_time.h"
#include "vision/geometry.h"

namespace ocelli::events {

enum class EventType {
  track_began,
  track_ended,
  line_crossed,
  zone_entered,
  zone_left,
  zone_dwell,       ///< stayed in a zone for long
  occupancy_began,  ///< enough objects in a zone at once
  occupancy_ended,
  wrong_way,  ///< against the direction that a line or zone allows
  speeding,
  tailgating,      ///< over a line too soon behind another
  object_left,     ///< a thing stands without anybody near
  object_removed,  ///< a thing that stood is gone
  crowd_gathering,
  crowd_loitering,
  crowd_dispersing,
  crowd_ended,
  behaviour_began,  ///< somebody seems to run, fight, fall …; the rule is the class of behaviour
  behaviour_ended,
};

/// All of them, in the order of the enumeration.
std::span<const EventType> all_event_types();

/// Short name used in files and metrics, e.g. "line_crossed".
std::string_view event_type_name(EventType type);
/// ONVIF topic where ONVIF has one, e.g. "tns1:RuleEngine/LineDetector/Crossed"; CloudEvents' `type`.
std::string_view event_topic(EventType type);

/// Which side of the threshold lets an event through.
enum class Need { at_least, at_most };

/// One condition of a rule with the value it saw: why the event fired, or why it did not.
struct Gate {
  std::string name;  ///< with its unit, e.g. "dwell_s"
  double value = 0;
  double threshold = 0;
  bool passed = false;
  Need need = Need::at_least;
};

/// A gate that passes when the value is not below (not above) the threshold.
Gate at_least(std::string name, double value, double threshold);
Gate at_most(std::string name, double value, double threshold);

/// A number that goes with an event and decided nothing, such as a total.
struct Reading {
  std::string name;
  double value = 0;
};

/// Something that happened. A value.
struct Event {
  std::uint64_t sequence = 0;  ///< counts the events of a camera from 1
  EventType type = EventType::track_began;
  std::string camera;
  media::MediaTime time;  ///< of the frame that showed it, on the stream's axis
  /// When what it tells began, where that is known to be before `time`: the crossing itself, interpolated between two
  /// frames; the first moment of a stay.
  std::optional<media::MediaTime> since;
  base::WallTime wall_time;  ///< when the camera saw it
  std::uint64_t frame = 0;   ///< sequence number of the frame
  std::string rule;          ///< name of the zone, line or class of behaviour; empty for track events
  std::string direction;     ///< of line events: "forward" (left to right when walking along the line from its first
                             ///< point, seen on the screen) or "backward"
  std::uint64_t track_id = 0;
  std::vector<std::uint64_t> members;  ///< all tracks that take part, ascending; empty: only `track_id`
  std::uint64_t crowd = 0;             ///< number of the crowd, counting from 1 within a camera; 0: no crowd's event
  std::vector<std::uint64_t> related_crowds;  ///< that it split from, or that took it in
  std::string label;                          ///< class name
  float score = 0;
  vision::PixelBox box;   ///< source pixels
  int picture_width = 0;  ///< so that the box can be normalised
  int picture_height = 0;
  std::vector<Gate> gates;
  std::vector<Reading> readings;
};

/// Something that nearly happened: the event that would have been, at the moment when its chance passed. At least one
/// of its gates stopped it; its sequence counts the camera's near misses. A value.
struct NearMiss {
  Event would_be;
  std::uint64_t left_out = 0;  ///< like it, since the last one that was told: their number is bounded
};

}  // namespace ocelli::events
