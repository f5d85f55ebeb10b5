#include "events/crowd_state.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ocelli::events {
namespace {

using std::chrono::nanoseconds;

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::string_view crowd_phase_name(CrowdPhase phase) {
  switch (phase) {
    case CrowdPhase::idle:
      return "idle";
    case CrowdPhase::gathering:
      return "gathering";
    case CrowdPhase::loitering:
      return "loitering";
    case CrowdPhase::dispersing:
      return "dispersing";
    case CrowdPhase::ended:
      return "ended";
  }
  return "unknown";
}

void Tally::update(media::MediaTime time, bool met) {
  constexpr nanoseconds kLongest = std::chrono::seconds{1};
  const nanoseconds passed = last_ ? std::clamp(nanoseconds(time - *last_), nanoseconds{}, kLongest) : nanoseconds{};
  last_ = time;
  if (met) {
    held_ += passed;
  } else if (unmet_ == Unmet::takes_back) {
    held_ = std::max(held_ - passed, nanoseconds{});
  }
}

CrowdStateMachine::CrowdStateMachine(const CrowdConfig& config) : config_(config) {}

CrowdStateMachine::Step CrowdStateMachine::update(media::MediaTime time, const CrowdView& view) {
  Step step;
  const bool enough = view.people >= config_.people;
  together_.update(time, enough);
  too_few_.update(time, !enough);
  if (enough) view_ = view;
  const bool gathered = phase_ == CrowdPhase::gathering;
  if (phase_ == CrowdPhase::idle) gather(time, view, step);
  if (gathered && enough) loiter(time, view, step);
  if (gathered || phase_ == CrowdPhase::loitering) disperse(time, view, step);
  if (phase_ != CrowdPhase::idle) end(time, view, step);
  if (gathered && step.entered && phase_ != CrowdPhase::loitering) miss(CrowdPhase::loitering, step);
  return step;
}

void CrowdStateMachine::gather(media::MediaTime time, const CrowdView& view, Step& step) {
  const bool passed = view.people >= config_.people && view.window_iou >= config_.window_iou;
  if (passed && together_.held() >= config_.gather) {
    enter(CrowdPhase::gathering, time, gathering_gates(view, together_.held()), step);
  }
  if (too_few_.held() >= config_.end_after) {
    miss(CrowdPhase::gathering, step);
    together_.restart();
  }
  over_ = view.people == 0 && together_.held() == nanoseconds{};
}

void CrowdStateMachine::loiter(media::MediaTime time, const CrowdView& view, Step& step) {
  const bool slow = view.speed_px <= config_.speed_px && view.drift_px <= config_.drift_px;
  if (slow && together_.held() >= config_.loiter) {
    enter(CrowdPhase::loitering, time, loitering_gates(view, together_.held()), step);
  }
}

/// The chance for `phase` has passed; worth telling when it was a real one.
void CrowdStateMachine::miss(CrowdPhase phase, Step& step) const {
  const nanoseconds wanted = phase == CrowdPhase::gathering ? config_.gather : config_.loiter;
  if (seconds(together_.held()) < config_.near_miss_share * seconds(wanted)) return;
  step.missed = phase;
  step.missed_gates = phase == CrowdPhase::gathering ? gathering_gates(view_, together_.held())
                                                     : loitering_gates(view_, together_.held());
}

void CrowdStateMachine::disperse(media::MediaTime time, const CrowdView& view, Step& step) {
  if (view.radius_growth < config_.radius_growth || view.spread_growth < config_.spread_growth) return;
  enter(CrowdPhase::dispersing, time,
        {at_least("radius_growth", view.radius_growth, config_.radius_growth),
         at_least("spread_growth", view.spread_growth, config_.spread_growth),
         at_most("growth_s", view.growth_s, seconds(config_.disperse))},
        step);
}

void CrowdStateMachine::end(media::MediaTime time, const CrowdView& view, Step& step) {
  const bool few = view.people < config_.people;
  if (few && too_few_.held() >= config_.end_after) {
    enter(CrowdPhase::ended, time,
          {at_most("people", view.people, config_.people - 1),
           at_least("too_few_s", seconds(too_few_.held()), seconds(config_.end_after))},
          step);
  } else if (phase_ == CrowdPhase::dispersing && time - entered_ >= config_.disperse) {
    enter(CrowdPhase::ended, time, {at_least("dispersing_s", seconds(time - entered_), seconds(config_.disperse))},
          step);
  }
}

/// At most one transition a frame: a second one waits for the next.
void CrowdStateMachine::enter(CrowdPhase phase, media::MediaTime time, std::vector<Gate> gates, Step& step) {
  if (step.entered) return;
  phase_ = phase;
  entered_ = time;
  over_ = phase == CrowdPhase::ended;
  step.entered = phase;
  step.gates = std::move(gates);
}

std::vector<Gate> CrowdStateMachine::gathering_gates(const CrowdView& view, std::chrono::nanoseconds held) const {
  return {at_least("people", view.people, config_.people),
          at_most("neighbour_m", view.neighbour_m, config_.distance_m * (1.0 + config_.hysteresis)),
          at_least("window_iou", view.window_iou, config_.window_iou),
          at_least("together_s", seconds(held), seconds(config_.gather))};
}

std::vector<Gate> CrowdStateMachine::loitering_gates(const CrowdView& view, std::chrono::nanoseconds held) const {
  return {at_least("people", view.people, config_.people),
          at_most("speed_px_per_frame", view.speed_px, config_.speed_px),
          at_most("drift_px", view.drift_px, config_.drift_px),
          at_least("together_s", seconds(held), seconds(config_.loiter))};
}

}  // namespace ocelli::events
