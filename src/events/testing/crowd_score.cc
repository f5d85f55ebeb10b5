#include "events/testing/crowd_score.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <tuple>

#include "events/crowd_rule.h"
#include "track/tracker.h"

namespace ocelli::events::testing {
namespace {

constexpr double kFarthestPair = 3;  // s
constexpr double kRight = 1;         // s

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
  lateness_s.insert(lateness_s.end(), other.lateness_s.begin(), other.lateness_s.end());
  return *this;
}

CrowdScores score_scene(const Scene& scene, Calibration calibration, CrowdInput input, std::uint64_t seed) {
  const CrowdConfig config = config_for(scene.camera, calibration);
  const auto truths = true_transitions(scene, config);
  const auto events = events_of(scene, config, input, seed);
  CrowdScores scores;
  for (std::size_t kind = 0; kind < kCrowdTransitions.size(); ++kind) {
    CrowdScore& score = scores[kind];
    std::vector<std::tuple<double, std::size_t, std::size_t>> pairs;
    for (std::size_t t = 0; t < truths.size(); ++t) {
      if (type_of(truths[t].entered) != kCrowdTransitions[kind]) continue;
      ++score.truths;
      for (std::size_t e = 0; e < events.size(); ++e) {
        const double late = std::chrono::duration<double>(events[e].time - truths[t].time).count();
        const bool same = events[e].type == kCrowdTransitions[kind] && vision::iou(events[e].box, truths[t].box) > 0.1F;
        if (same && std::abs(late) <= kFarthestPair) pairs.emplace_back(std::abs(late), t, e);
      }
    }
    score.events = static_cast<int>(std::count_if(
        events.begin(), events.end(), [&](const Event& event) { return event.type == kCrowdTransitions[kind]; }));
    std::sort(pairs.begin(), pairs.end());
    std::vector<bool> truth_taken(truths.size(), false);
    std::vector<bool> event_taken(events.size(), false);
    for (const auto& [off, t, e] : pairs) {
      if (truth_taken[t] || event_taken[e]) continue;
      truth_taken[t] = event_taken[e] = true;
      score.lateness_s.push_back(std::chrono::duration<double>(events[e].time - truths[t].time).count());
      if (off <= kRight) ++score.right;
    }
  }
  return scores;
}

}  // namespace ocelli::events::testing
