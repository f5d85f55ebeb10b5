#include "events/rule.h"

#include <algorithm>

namespace ocelli::events {
namespace {

constexpr std::chrono::minutes kNearMissWindow{1};
constexpr int kNearMissesPerWindow = 6;
/// A gate that stopped an event was near when its value had come this far.
constexpr double kNear = 0.5;

bool is_near(const Gate& gate) {
  if (gate.need == Need::at_least) return gate.value >= kNear * gate.threshold;
  return gate.threshold >= kNear * gate.value;
}

bool is_near(const std::vector<Gate>& gates) {
  const auto failed = [](const Gate& gate) { return !gate.passed; };
  return std::count_if(gates.begin(), gates.end(), failed) == 1 &&
         is_near(*std::find_if(gates.begin(), gates.end(), failed));
}

}  // namespace

bool NearMissLimit::admit(const Event& would_be, std::uint64_t& left_out) {
  const auto [entry, is_new] = windows_.try_emplace({would_be.rule, would_be.type}, Window{would_be.time});
  Window& window = entry->second;
  if (would_be.time - window.begin >= kNearMissWindow) {
    window.begin = would_be.time;
    window.told = 0;
  }
  if (window.told == kNearMissesPerWindow) {
    ++window.left_out;
    return false;
  }
  ++window.told;
  left_out = std::exchange(window.left_out, 0);
  return true;
}

Event Report::draft(EventType type, const track::Track& track, const std::string& label) const {
  Event event;
  event.type = type;
  event.camera = camera_;
  event.time = frame_.time;
  event.wall_time = frame_.captured;
  event.frame = frame_.sequence;
  event.track_id = track.id;
  event.label = label;
  event.score = track.score;
  event.box = track.box;
  event.picture_width = frame_.width;
  event.picture_height = frame_.height;
  return event;
}

Event Report::draft(EventType type, const Object& object, const std::string& rule) const {
  Event event = draft(type, object.track, object.label);
  event.rule = rule;
  return event;
}

void Report::happened(Event event) {
  event.sequence = ++counters_.events;
  judgement_.events.push_back(std::move(event));
}

void Report::nearly_happened(Event would_be) {
  NearMiss miss;
  if (!is_near(would_be.gates) || !counters_.limit.admit(would_be, miss.left_out)) return;
  miss.would_be = std::move(would_be);
  miss.would_be.sequence = ++counters_.near_misses;
  judgement_.near_misses.push_back(std::move(miss));
}

bool Rule::counts(const std::string& label) const {
  return labels_.empty() || std::find(labels_.begin(), labels_.end(), label) != labels_.end();
}

}  // namespace ocelli::events
