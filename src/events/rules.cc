#include "events/rules.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "events/anchor.h"
#include "events/line_rule.h"
#include "events/zone_rule.h"

namespace ocelli::events {
namespace {

bool counts(const std::vector<std::string>& wanted, const std::string& label) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), label) != wanted.end();
}

std::vector<const track::Track*> by_id(std::span<const track::Track> tracks) {
  std::vector<const track::Track*> sorted;
  for (const auto& track : tracks) sorted.push_back(&track);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return sorted;
}

}  // namespace

struct Rules::Impl {
  Impl(std::string camera_name, const RulesConfig& config, std::vector<std::string> class_names)
      : camera(std::move(camera_name)),
        labels(std::move(class_names)),
        lines(config.lines.begin(), config.lines.end()),
        zones(config.zones.begin(), config.zones.end()) {}

  std::string label_of(const track::Track& track) const {
    const auto index = static_cast<std::size_t>(track.class_id);
    if (track.class_id >= 0 && index < labels.size()) return labels[index];
    return "class " + std::to_string(track.class_id);
  }

  /// One frame's way from tracks to events.
  void judge(const media::FrameInfo& frame, const track::Track& track, std::vector<Event>& events) {
    if (track.state != track::TrackState::confirmed) return;  // a predicted position proves nothing
    const PictureSize picture{frame.width, frame.height};
    const Anchor anchor = anchor_of(track.box, picture);
    const std::string label = label_of(track);
    if (begun.insert(track.id).second) add(EventType::track_began, frame, track, events);
    for (auto& line : lines) {
      if (!counts(line.config().labels, label)) continue;
      const auto count = line.see(track.id, anchor, picture);
      for (int i = 0; i < std::abs(count.crossings); ++i) {
        Event& event = add(EventType::line_crossed, frame, track, events);
        event.rule = line.config().name;
        event.direction = count.crossings > 0 ? "forward" : "backward";
        event.gates = count.gates;
      }
    }
    for (auto& zone : zones) {
      if (!counts(zone.config().labels, label)) continue;
      add_zone_event(zone, zone.see(track.id, anchor, frame.time), frame, track, events);
    }
  }

  void end(const media::FrameInfo& frame, const track::Track& track, std::vector<Event>& events) {
    for (auto& line : lines) line.forget(track.id);
    for (auto& zone : zones) add_zone_event(zone, zone.end(track.id), frame, track, events);
    if (begun.erase(track.id) > 0) add(EventType::track_ended, frame, track, events);
  }

  void add_zone_event(const ZoneRule& zone, ZoneRule::Judgement judgement, const media::FrameInfo& frame,
                      const track::Track& track, std::vector<Event>& events) {
    if (judgement.change == ZoneRule::Change::none) return;
    const bool entered = judgement.change == ZoneRule::Change::entered;
    Event& event = add(entered ? EventType::zone_entered : EventType::zone_left, frame, track, events);
    event.rule = zone.config().name;
    event.gates = std::move(judgement.gates);
  }

  Event& add(EventType type, const media::FrameInfo& frame, const track::Track& track, std::vector<Event>& events) {
    Event event;
    event.sequence = ++last_sequence;
    event.type = type;
    event.camera = camera;
    event.time = frame.time;
    event.wall_time = frame.captured;
    event.frame = frame.sequence;
    event.track_id = track.id;
    event.label = label_of(track);
    event.score = track.score;
    event.box = track.box;
    event.picture_width = frame.width;
    event.picture_height = frame.height;
    return events.emplace_back(std::move(event));
  }

  const std::string camera;
  const std::vector<std::string> labels;
  std::vector<LineRule> lines;
  std::vector<ZoneRule> zones;
  std::set<std::uint64_t> begun;  // tracks whose begin was told and whose end was not
  std::uint64_t last_sequence = 0;
};

Rules::Rules(std::string camera, const RulesConfig& config, std::vector<std::string> labels)
    : impl_(std::make_unique<Impl>(std::move(camera), config, std::move(labels))) {}
Rules::~Rules() = default;
Rules::Rules(Rules&&) noexcept = default;
Rules& Rules::operator=(Rules&&) noexcept = default;

Rules::Judgement Rules::update(const media::FrameInfo& frame, std::span<const track::Track> tracks,
                               std::span<const track::Track> ended) {
  Judgement judgement;
  if (frame.width > 0 && frame.height > 0) {
    for (const auto* track : by_id(tracks)) impl_->judge(frame, *track, judgement.events);
  }
  for (const auto* track : by_id(ended)) impl_->end(frame, *track, judgement.events);
  return judgement;
}

}  // namespace ocelli::events
