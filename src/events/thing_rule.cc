#include "events/thing_rule.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "events/zone_rule.h"

namespace ocelli::events {
namespace {

/// A thing is where it was while its foot moved less than this, in the longer sides of its box: detectors tremble.
constexpr double kAtRestInBoxes = 0.5;
/// A place is hidden when another object covers this share of it.
constexpr double kHidden = 0.25;
/// Not seen for this long in plain view: detectors blink, too.
constexpr std::chrono::seconds kGone{5};
/// A pause of the stream proves nothing, so it counts as no more than this.
constexpr std::chrono::seconds kLongestFrame{1};
/// Behind something for so long, it is forgotten.
constexpr std::chrono::minutes kLongestHidden{10};

/// In the longer sides of the object's box.
double distance_in_boxes(const Object& object, Anchor place) {
  const Anchor here = to_pixels(object.anchor, object.picture);
  const Anchor there = to_pixels(place, object.picture);
  const double side = std::max({1.0F, object.track.box.width, object.track.box.height});
  return std::hypot(here.x - there.x, here.y - there.y) / side;
}

bool covers(const Object& object, const vision::PixelBox& place) {
  const auto& box = object.track.box;
  const float width = std::min(box.right(), place.right()) - std::max(box.left, place.left);
  const float height = std::min(box.bottom(), place.bottom()) - std::max(box.top, place.top);
  return width > 0 && height > 0 && width * height >= kHidden * place.area();
}

}  // namespace

bool ThingRule::is_thing(const Object& object) const {
  return std::find(zone_.things.begin(), zone_.things.end(), object.label) != zone_.things.end();
}

/// The thing that the object is: by its number, else by where it stands.
ThingRule::Thing* ThingRule::find(const Object& object) {
  const auto known = things_.find(object.id);
  if (known != things_.end()) return &known->second;
  for (auto entry = things_.begin(); entry != things_.end(); ++entry) {
    const Thing& thing = entry->second;
    if (thing.last.seen == object.seen || thing.last.label != object.label) continue;
    if (distance_in_boxes(object, thing.place) > kAtRestInBoxes) continue;
    auto same = things_.extract(entry);
    same.key() = object.id;
    return &things_.insert(std::move(same)).position->second;
  }
  return nullptr;
}

void ThingRule::see(const Object& object, const Scene& scene, Report& report) {
  if (!is_thing(object)) return;
  if (Thing* const thing = find(object)) return move(*thing, object, report);
  if (!contains(zone_.corners, object.anchor)) return;
  const auto now = scene.frame.time;
  things_.emplace(object.id, Thing{object, object.anchor, now, now});
}

void ThingRule::move(Thing& thing, const Object& object, Report& report) {
  if (distance_in_boxes(object, thing.place) <= kAtRestInBoxes) {
    found(thing, report);
    thing.last = object;
    return;
  }
  // Carried away, or only beginning to stand.
  if (stood_long(thing)) report.happened(removed(thing, report));
  if (!contains(zone_.corners, object.anchor)) {
    things_.erase(object.id);
    return;
  }
  thing = Thing{object, object.anchor, object.seen, object.seen};
}

void ThingRule::found(Thing& thing, Report& report) const {
  if (thing.gone.count() > 0 && stood_long(thing)) report.nearly_happened(vanished(thing, report));
  thing.gone = {};
  thing.hidden = {};
}

void ThingRule::after_frame(const Scene& scene, Report& report) {
  for (auto entry = things_.begin(); entry != things_.end();) {
    Thing& thing = entry->second;
    watch_owner(thing, scene, report);
    entry = has_vanished(thing, scene, report) ? things_.erase(entry) : std::next(entry);
  }
  last_frame_ = scene.frame.time;
}

void ThingRule::watch_owner(Thing& thing, const Scene& scene, Report& report) const {
  if (zone_.left_after.count() <= 0) return;
  const bool accompanied = std::any_of(scene.seen.begin(), scene.seen.end(), [&](const Object* object) {
    if (object->label != kPerson) return false;
    const auto distance_m = ground_.distance_m(*object, thing.place);
    return distance_m && *distance_m < zone_.left_distance_m;
  });
  if (accompanied) {
    if (!thing.told_left) report.nearly_happened(left(thing, report));
    thing.alone_since = scene.frame.time;
    return;
  }
  const bool is_seen = thing.last.seen == scene.frame.time;
  if (thing.told_left || !is_seen || thing.last.seen - thing.alone_since < zone_.left_after) return;
  thing.told_left = true;
  report.happened(left(thing, report));
}

bool ThingRule::has_vanished(Thing& thing, const Scene& scene, Report& report) const {
  if (thing.last.seen == scene.frame.time || !last_frame_) return false;
  const auto passed = std::min<std::chrono::nanoseconds>(scene.frame.time - *last_frame_, kLongestFrame);
  const bool is_hidden = std::any_of(scene.seen.begin(), scene.seen.end(),
                                     [&](const Object* object) { return covers(*object, thing.last.track.box); });
  (is_hidden ? thing.hidden : thing.gone) += passed;
  if (thing.gone >= kGone) {
    if (stood_long(thing)) report.happened(vanished(thing, report));
    return true;
  }
  return thing.hidden > kLongestHidden;
}

bool ThingRule::stood_long(const Thing& thing) const {
  return zone_.removed_after.count() > 0 && thing.last.seen - thing.at_rest >= zone_.removed_after;
}

Event ThingRule::left(const Thing& thing, const Report& report) const {
  Event event = report.draft(EventType::object_left, thing.last, name());
  event.since = thing.at_rest;
  event.gates = {at_least("alone_s", to_seconds(thing.last.seen - thing.alone_since), to_seconds(zone_.left_after))};
  event.readings = {{"at_rest_s", to_seconds(thing.last.seen - thing.at_rest)},
                    {"left_distance_m", zone_.left_distance_m}};
  return event;
}

Event ThingRule::removed(const Thing& thing, const Report& report) const {
  Event event = report.draft(EventType::object_removed, thing.last, name());
  event.since = thing.last.seen;
  event.gates = {at_least("stood_s", to_seconds(thing.last.seen - thing.at_rest), to_seconds(zone_.removed_after))};
  return event;
}

Event ThingRule::vanished(const Thing& thing, const Report& report) const {
  Event event = removed(thing, report);
  event.gates.push_back(at_least("gone_s", to_seconds(thing.gone), to_seconds(kGone)));
  return event;
}

}  // namespace ocelli::events
