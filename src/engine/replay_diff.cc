#include "engine/replay_diff.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace ocelli::engine {
namespace {

using events::Event;
using events::Gate;

// A near miss that explains an event lies this close to it.
constexpr std::chrono::seconds kNearEnough{60};

std::chrono::nanoseconds distance(const Event& a, const Event& b) {
  return std::chrono::abs(a.time - b.time);
}

bool is_of_one_rule(const Event& a, const Event& b) {
  return a.type == b.type && a.rule == b.rule && a.direction == b.direction;
}

/// Both sides of a comparison, and which event of the one is which of the other.
class Pairing {
 public:
  Pairing(const std::vector<Event>& before, const std::vector<Event>& after, const DiffConfig& config)
      : before_(before), after_(after), partner_(before.size()), taken_(after.size(), false) {
    const auto is_same = [](const Event& a, const Event& b) {
      return a.track_id == b.track_id && a.members == b.members;
    };
    pair_up(config.tolerance, is_same);
    if (config.tracks == TrackNumbers::other) {
      pair_up(config.tolerance, [](const Event& a, const Event& b) { return a.label == b.label; });
    }
  }

  const std::optional<std::size_t>& partner(std::size_t before) const { return partner_[before]; }
  bool is_taken(std::size_t after) const { return taken_[after]; }

 private:
  struct Candidate {
    std::chrono::nanoseconds distance;
    std::size_t before;
    std::size_t after;
    auto operator<=>(const Candidate&) const = default;
  };

  /// The nearest pairs first. Only events within the tolerance are looked at, so that hours take seconds.
  template <class Agrees>
  void pair_up(std::chrono::nanoseconds tolerance, const Agrees& agrees) {
    std::vector<Candidate> candidates;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (partner_[i]) continue;
      while (begin < after_.size() && after_[begin].time < before_[i].time - tolerance) ++begin;
      for (std::size_t j = begin; j < after_.size() && after_[j].time <= before_[i].time + tolerance; ++j) {
        if (taken_[j] || !is_of_one_rule(before_[i], after_[j]) || !agrees(before_[i], after_[j])) continue;
        candidates.push_back({distance(before_[i], after_[j]), i, j});
      }
    }
    std::sort(candidates.begin(), candidates.end());
    for (const auto& [distance, i, j] : candidates) {
      if (partner_[i] || taken_[j]) continue;
      partner_[i] = j;
      taken_[j] = true;
    }
  }

  const std::vector<Event>& before_;
  const std::vector<Event>& after_;
  std::vector<std::optional<std::size_t>> partner_;
  std::vector<bool> taken_;
};

/// What a run tells of the events that it does not have.
class Witness {
 public:
  Witness(const ReplayedRun& run, TrackNumbers tracks) : tracks_(tracks) {
    for (const auto& event : run.events) note_thresholds(event);
    for (const auto& miss : run.near_misses) {
      note_thresholds(miss.would_be);
      misses_[key_of(miss.would_be)].push_back(&miss.would_be);
    }
  }

  /// The gates that stopped it here: those of the nearest near miss, or those whose value would not do here.
  std::vector<Gate> gates_against(const Event& event) const {
    if (const Event* miss = nearest_miss(event)) {
      std::vector<Gate> failed;
      std::copy_if(miss->gates.begin(), miss->gates.end(), std::back_inserter(failed),
                   [](const Gate& gate) { return !gate.passed; });
      if (!failed.empty()) return failed;
    }
    std::vector<Gate> failed;
    for (const auto& gate : event.gates) {
      const auto known = thresholds_.find({event.rule, gate.name});
      if (known == thresholds_.end()) continue;
      Gate here = gate.need == events::Need::at_least ? events::at_least(gate.name, gate.value, known->second)
                                                      : events::at_most(gate.name, gate.value, known->second);
      if (!here.passed) failed.push_back(std::move(here));
    }
    return failed;
  }

 private:
  using Key = std::tuple<events::EventType, std::string, std::string>;

  static Key key_of(const Event& event) { return {event.type, event.rule, event.direction}; }

  void note_thresholds(const Event& event) {
    for (const auto& gate : event.gates) thresholds_[{event.rule, gate.name}] = gate.threshold;
  }

  const Event* nearest_miss(const Event& event) const {
    const auto found = misses_.find(key_of(event));
    if (found == misses_.end()) return nullptr;
    const Event* nearest = nullptr;
    for (const Event* miss : found->second) {
      if (tracks_ == TrackNumbers::same && miss->track_id != event.track_id) continue;
      if (distance(*miss, event) > kNearEnough) continue;
      if (nearest == nullptr || distance(*miss, event) < distance(*nearest, event)) nearest = miss;
    }
    return nearest;
  }

  const TrackNumbers tracks_;
  std::map<std::pair<std::string, std::string>, double> thresholds_;  // by rule and gate
  std::map<Key, std::vector<const Event*>> misses_;
};

std::string join(const std::vector<Gate>& gates) {
  std::string text;
  for (const auto& gate : gates) text += (text.empty() ? "" : "; ") + describe_gate(gate);
  return text;
}

/// Why an event is on one side only; `gates` are of the other side.
std::string reason_of(const Event& event, EventChange::Kind kind, const std::vector<Gate>& gates,
                      const DiffConfig& config) {
  const bool removed = kind == EventChange::Kind::removed;
  std::string reason = join(gates);
  if (!reason.empty()) reason.insert(0, removed ? "now " : "before ");
  const std::string changes = config.changes_of_rule ? config.changes_of_rule(event.rule) : "";
  if (!changes.empty()) reason += (reason.empty() ? "" : " (") + changes + (reason.empty() ? "" : ")");
  if (!reason.empty()) return reason;
  if (config.tracks == TrackNumbers::other) return "what was seen and followed differs";
  if (!removed && !event.gates.empty()) return "it passes " + join(event.gates);
  return "what went before it differs";
}

EventChange one_sided(EventChange::Kind kind, const Event& event, const Witness& other_side, const DiffConfig& config) {
  std::vector<Gate> gates = other_side.gates_against(event);
  std::string reason = reason_of(event, kind, gates, config);
  return {kind, event, std::nullopt, std::move(reason), std::move(gates)};
}

/// Gates whose threshold differs, as they are after.
std::vector<Gate> changed_gates(const Event& before, const Event& after) {
  std::vector<Gate> changed;
  for (const auto& gate : after.gates) {
    const bool is_known = std::any_of(before.gates.begin(), before.gates.end(), [&](const Gate& other) {
      return other.name == gate.name && other.threshold == gate.threshold;
    });
    if (!is_known) changed.push_back(gate);
  }
  return changed;
}

EventChange moved(const Event& before, const Event& after, const DiffConfig& config) {
  const double later_s = std::chrono::duration<double>(after.time - before.time).count();
  std::vector<Gate> gates = changed_gates(before, after);
  std::string reason = fmt::format("{:.2f} s {}", std::abs(later_s), later_s > 0 ? "later" : "earlier");
  if (!gates.empty()) reason += ": " + join(gates);
  const std::string changes = config.changes_of_rule ? config.changes_of_rule(before.rule) : "";
  if (!changes.empty()) reason += " (" + changes + ")";
  return {EventChange::Kind::moved, before, after, std::move(reason), std::move(gates)};
}

std::string number(double value) {
  std::string text = fmt::format("{:.3f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string describe_gate(const Gate& gate) {
  return fmt::format("{} {}, needs {} {}", gate.name, number(gate.value),
                     gate.need == events::Need::at_least ? "at least" : "at most", number(gate.threshold));
}

std::uint64_t EventDiff::count(EventChange::Kind kind) const {
  return static_cast<std::uint64_t>(
      std::count_if(changes.begin(), changes.end(), [&](const EventChange& change) { return change.kind == kind; }));
}

EventDiff diff_events(const ReplayedRun& before, const ReplayedRun& after, const DiffConfig& config) {
  const Pairing pairing(before.events, after.events, config);
  const Witness witness_before(before, config.tracks);
  const Witness witness_after(after, config.tracks);
  EventDiff diff;
  for (std::size_t i = 0; i < before.events.size(); ++i) {
    const Event& event = before.events[i];
    if (!pairing.partner(i)) {
      diff.changes.push_back(one_sided(EventChange::Kind::removed, event, witness_after, config));
    } else if (const Event& now = after.events[*pairing.partner(i)]; now.time != event.time) {
      diff.changes.push_back(moved(event, now, config));
    } else {
      ++diff.unchanged;
    }
  }
  for (std::size_t j = 0; j < after.events.size(); ++j) {
    if (pairing.is_taken(j)) continue;
    diff.changes.push_back(one_sided(EventChange::Kind::added, after.events[j], witness_before, config));
  }
  std::stable_sort(diff.changes.begin(), diff.changes.end(),
                   [](const EventChange& a, const EventChange& b) { return a.event.time < b.event.time; });
  return diff;
}

}  // namespace ocelli::engine
