#include "events/testing/crowd_score.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>
#include <tuple>

#include "events/crowd_rule.h"
#include "track/tracker.h"

namespace ocelli::events::testing {
namespace {

constexpr double kFarthestPair = 3;  // s
constexpr double kRight = 1;         // s
constexpr float kSamePlace = 0.1F;   // intersection over union

std::vector<Event> events_of(const Scene& scene, const CrowdConfig& config, CrowdInput input, std::uint64_t seed) {
  CrowdRule rule(config, {"person"});
  NoisyView view({}, seed);
  track::Tracker tracker({});
  std::vector<Event> events;
  media::FrameInfo info;
  info.width = scene.camera.width;
  info.height = scene.camera.height;
  for (const auto& frame : scene.frames) {
    ++info.sequence;
    if (view.drops_frame()) continue;
    info.time = frame.time;
    const auto tracks =
        input == CrowdInput::tracks ? view.tracks(frame) : tracker.update(frame.time, view.detections(frame)).tracks;
    auto judgement = rule.update(info, tracks);
    events.insert(events.end(), judgement.events.begin(), judgement.events.end());
  }
  return events;
}

EventType type_of(CrowdPhase phase) {
  return kCrowdTransitions[static_cast<std::size_t>(phase) - static_cast<std::size_t>(CrowdPhase::gathering)];
}

double late_s(media::MediaTime time, media::MediaTime truth) {
  return std::chrono::duration<double>(time - truth).count();
}

bool is_told(EventType type, media::MediaTime time, const vision::PixelBox& box, const TrueTransitions& truths) {
  return std::any_of(truths.begin(), truths.end(), [&](const TrueTransition& truth) {
    return type_of(truth.entered) == type && std::abs(late_s(time, truth.time)) <= kRight &&
           vision::iou(box, truth.box) > kSamePlace;
  });
}

/// One kind of transition: who belongs to whom, each to one at most, the nearest first.
struct Matching {
  std::vector<const TrueTransition*> truths;
  std::vector<const Event*> events;
  std::vector<std::optional<double>> event_late_s;  // of those with a truth
  std::vector<const TrueTransition*> event_truths;  // those within kRight
};

Matching match(const TrueTransitions& truths, const std::vector<Event>& events, EventType type) {
  Matching matching;
  for (const auto& truth : truths) {
    if (type_of(truth.entered) == type) matching.truths.push_back(&truth);
  }
  for (const auto& event : events) {
    if (event.type == type) matching.events.push_back(&event);
  }
  std::vector<std::tuple<double, std::size_t, std::size_t>> pairs;
  for (std::size_t t = 0; t < matching.truths.size(); ++t) {
    for (std::size_t e = 0; e < matching.events.size(); ++e) {
      const double off = std::abs(late_s(matching.events[e]->time, matching.truths[t]->time));
      const bool same_place = vision::iou(matching.events[e]->box, matching.truths[t]->box) > kSamePlace;
      if (same_place && off <= kFarthestPair) pairs.emplace_back(off, t, e);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<bool> truth_taken(matching.truths.size(), false);
  matching.event_late_s.resize(matching.events.size());
  matching.event_truths.resize(matching.events.size());
  for (const auto& [off, t, e] : pairs) {
    if (truth_taken[t] || matching.event_late_s[e]) continue;
    truth_taken[t] = true;
    matching.event_late_s[e] = late_s(matching.events[e]->time, matching.truths[t]->time);
    if (off <= kRight) matching.event_truths[e] = matching.truths[t];
  }
  return matching;
}

void count_firm(const Matching& matching, const std::vector<TrueTransitions>& close, EventType type,
                CrowdScore& score) {
  const auto is_firm = [&](const TrueTransition& truth) {
    return std::all_of(close.begin(), close.end(),
                       [&](const TrueTransitions& truths) { return is_told(type, truth.time, truth.box, truths); });
  };
  for (const auto* truth : matching.truths) score.firm_truths += is_firm(*truth) ? 1 : 0;
  for (std::size_t e = 0; e < matching.events.size(); ++e) {
    const Event& event = *matching.events[e];
    if (matching.event_truths[e] != nullptr) {
      const int firm = is_firm(*matching.event_truths[e]) ? 1 : 0;
      score.firm_events += firm;
      score.firm_right += firm;
    } else if (std::none_of(close.begin(), close.end(), [&](const TrueTransitions& truths) {
                 return is_told(type, event.time, event.box, truths);
               })) {
      ++score.firm_events;
    }
  }
}

}  // namespace

double CrowdScore::lateness_quantile_s(double share) const {
  if (lateness_s.empty()) return 0;
  std::vector<double> sorted;
  for (const double late : lateness_s) sorted.push_back(std::abs(late));
  std::sort(sorted.begin(), sorted.end());
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

double CrowdScore::within_a_second() const {
  return lateness_s.empty() ? 1 : static_cast<double>(right) / static_cast<double>(lateness_s.size());
}

CrowdScore& CrowdScore::operator+=(const CrowdScore& other) {
  truths += other.truths;
  events += other.events;
  right += other.right;
  firm_truths += other.firm_truths;
  firm_events += other.firm_events;
  firm_right += other.firm_right;
  lateness_s.insert(lateness_s.end(), other.lateness_s.begin(), other.lateness_s.end());
  return *this;
}

CrowdScores score_scene(const Scene& scene, Calibration calibration, CrowdInput input, std::uint64_t seed,
                        CrowdCount count) {
  const CrowdConfig config = config_for(scene.camera, calibration);
  const auto truths = true_transitions(scene, config);
  const auto close = count == CrowdCount::also_firm ? close_truths(scene, config) : std::vector<TrueTransitions>{};
  const auto events = events_of(scene, config, input, seed);
  CrowdScores scores;
  for (std::size_t kind = 0; kind < kCrowdTransitions.size(); ++kind) {
    CrowdScore& score = scores[kind];
    const Matching matching = match(truths, events, kCrowdTransitions[kind]);
    score.truths = static_cast<int>(matching.truths.size());
    score.events = static_cast<int>(matching.events.size());
    for (std::size_t e = 0; e < matching.events.size(); ++e) {
      if (matching.event_late_s[e]) score.lateness_s.push_back(*matching.event_late_s[e]);
      if (matching.event_truths[e] != nullptr) ++score.right;
    }
    if (count == CrowdCount::also_firm) count_firm(matching, close, kCrowdTransitions[kind], score);
  }
  return scores;
}

}  // namespace ocelli::events::testing
