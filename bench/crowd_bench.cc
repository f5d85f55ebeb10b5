// How well the crowd rule agrees with its own definition applied to where people truly are, over simulated scenes with
// missed people, noisy boxes, dropped frames and changed numbers: precision, recall and lateness of each transition, by
// kind of scene, by camera and by how metres are known; and what a frame with fifty people costs.
// usage: crowd_bench [SCENES=700] [FIRST_SEED=1000000] [INPUT=tracks|detections]
// Seeds below 1000000 are for tuning.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "events/crowd_rule.h"
#include "events/testing/crowd_score.h"

namespace {

using namespace ocelli;           // NOLINT(google-build-using-namespace): a program of one file
using namespace events::testing;  // NOLINT(google-build-using-namespace)

void add(CrowdScores& sum, const CrowdScores& scores) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += scores[i];
}

void print(const std::string& name, const CrowdScores& scores) {
  std::printf("%-26s", name.c_str());
  for (const auto& score : scores) {
    std::printf(" | %5d %5.3f %5.3f", score.truths, score.precision(), score.recall());
  }
  std::printf("\n");
}

void print_lateness(const CrowdScores& scores) {
  std::printf("\nlateness against the rule's own time, of pairs within 3 s\n");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const CrowdScore& score = scores[i];
    std::printf("  %-18s median %.2f s  p95 %.2f s  within 1 s %.1f %%  (%zu pairs, %d wrong events, %d missed)\n",
                std::string(events::event_type_name(kCrowdTransitions[i])).c_str(), score.lateness_quantile_s(0.5),
                score.lateness_quantile_s(0.95), 100 * score.within_a_second(), score.lateness_s.size(),
                score.events - score.right, score.truths - score.right);
  }
}

/// The same without what nobody can decide (CrowdScore tells what that is).
void print_firm(const CrowdScores& scores) {
  std::printf("\nonly what is firm: what thresholds off by 5 %% and places off by 5 cm do not change\n");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const CrowdScore& score = scores[i];
    std::printf("  %-18s precision %.3f  recall %.3f  (%d of %d truths are firm, %d of %d events count)\n",
                std::string(events::event_type_name(kCrowdTransitions[i])).c_str(), score.firm_precision(),
                score.firm_recall(), score.firm_truths, score.truths, score.firm_events, score.events);
  }
}

/// Fifty people who mill about in ten groups.
void print_cost() {
  events::CrowdConfig config;
  events::CrowdRule rule(config, {"person"});
  NoisyView noise({}, 1);
  TrueFrame truth;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::uint64_t of_five = i / 5;
    const auto group = static_cast<float>(of_five);
    const auto place = static_cast<float>(i % 5);
    truth.people.push_back({i + 1, {}, {60 + 115 * group + 22 * place, 300 + 20 * place, 32, 80}});
  }
  media::FrameInfo info;
  info.width = 1280;
  info.height = 720;
  std::vector<std::vector<track::Track>> frames;
  for (int i = 0; i < 2'000; ++i) frames.push_back(noise.tracks(truth));
  const auto begin = std::chrono::steady_clock::now();
  std::size_t events = 0;
  for (const auto& tracks : frames) {
    info.time += std::chrono::milliseconds{40};
    events += rule.update(info, tracks).events.size();
  }
  const double us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
  std::printf("\ncost: %.0f us a frame with 50 people (%zu events)\n", us / static_cast<double>(frames.size()), events);
}

}  // namespace

int main(int count, char** arguments) {
  const int scenes = count > 1 ? std::atoi(arguments[1]) : 700;
  const std::uint64_t first = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000;
  const bool detections = count > 3 && std::string(arguments[3]) == "detections";
  const CrowdInput input = detections ? CrowdInput::detections : CrowdInput::tracks;
  std::map<std::string, CrowdScores> by_kind;
  std::map<std::string, CrowdScores> by_camera;
  std::map<std::string, CrowdScores> by_rate;
  std::map<std::string, CrowdScores> by_calibration;
  CrowdScores all;
  for (int i = 0; i < scenes; ++i) {
    const auto kind = static_cast<SceneKind>(i % kSceneKinds);
    const auto calibration = kCalibrations[static_cast<std::size_t>(i / kSceneKinds) % std::size(kCalibrations)];
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    const Scene scene = simulate_scene(kind, seed);
    const CrowdScores scores = score_scene(scene, calibration, input, seed, CrowdCount::also_firm);
    add(by_kind[std::string(scene_name(kind))], scores);
    add(by_camera[std::string(scene.camera.name)], scores);
    char rate[16];
    std::snprintf(rate, sizeof(rate), "%2.0f frames/s", scene.camera.frames_per_second);
    add(by_rate[rate], scores);
    add(by_calibration["metres: " + std::string(calibration_name(calibration))], scores);
    add(all, scores);
  }
  std::printf("%d scenes from seed %llu, %s; right: within 1 s of the rule's own time\n\n", scenes,
              static_cast<unsigned long long>(first), detections ? "detections through the tracker" : "noisy tracks");
  std::printf("%-26s | gathering         | loitering         | dispersing        | ended\n", "");
  std::printf("%-26s", "");
  for (int i = 0; i < 4; ++i) std::printf(" | %5s %5s %5s", "n", "prec", "rec");
  std::printf("\n");
  for (const auto* table : {&by_kind, &by_camera, &by_rate, &by_calibration}) {
    for (const auto& [name, scores] : *table) print(name, scores);
    std::printf("\n");
  }
  print("all", all);
  print_lateness(all);
  print_firm(all);
  print_cost();
  return 0;
}
