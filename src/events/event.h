#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "media/media_time.h"
#include "vision/geometry.h"

namespace ocelli::events {

enum class EventType { track_began, track_ended, line_crossed, zone_entered, zone_left };

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

/// Something that happened. A value.
struct Event {
  std::uint64_t sequence = 0;  ///< counts the events of a camera from 1
  EventType type = EventType::track_began;
  std::string camera;
  media::MediaTime time;     ///< on the stream's axis
  base::WallTime wall_time;  ///< when the camera saw it
  std::uint64_t frame = 0;   ///< sequence number of the frame
  std::string rule;          ///< name of the zone or line; empty for track events
  std::string direction;     ///< line_crossed: "forward" (left to right when walking from the line's first point to its
                             ///< second, seen on the screen) or "backward"
  std::uint64_t track_id = 0;
  std::vector<std::uint64_t> members;  ///< all tracks that take part, ascending; empty: only `track_id`
  std::string label;                   ///< class name
  float score = 0;
  vision::PixelBox box;   ///< source pixels
  int picture_width = 0;  ///< so that the box can be normalised
  int picture_height = 0;
  std::vector<Gate> gates;
};

/// Something that nearly happened: the event that would have been, at the moment when its chance passed. At least one
/// of its gates stopped it; its sequence counts the camera's near misses. A value.
struct NearMiss {
  Event would_be;
};

}  // namespace ocelli::events
