// simulated_recording FOLDER [SECONDS [SEED]]: writes a recording of simulated people who cross a yard, stand at a dock
// and walk through a door, as a detector would see them: 25 frames a second, noise, misses, false alarms. The same
// arguments give the same bytes. Written by the recorder that runs use, with the events of the stages that runs use.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "app/record_setup.h"
#include "app/sha256.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/effective.h"
#include "engine/recording_run.h"
#include "engine/scene_stages.h"

namespace {

using namespace ocelli;

constexpr int kWidth = 1920;
constexpr int kHeight = 1080;
constexpr int kFramesPerSecond = 25;
constexpr int kPeople = 12;
constexpr const char* kRules = R"(camera:
  zones:
    dock:
      points: [[0.4, 0.45], [0.6, 0.45], [0.6, 0.75], [0.4, 0.75]]
      min_stay: 500ms
  lines:
    door:
      from: [0.2, 0.05]
      to: [0.2, 0.95]
)";

/// Numbers of our own making: those of the standard's distributions differ between libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// 0…1
  double share() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * share(); }
  /// About normal: the sum of twelve, less their mean (Irwin–Hall).
  double noise() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += share();
    return sum;
  }

 private:
  std::mt19937_64 engine_;
};

/// Walks from place to place and stays there for a while. Pixels and seconds.
struct Walker {
  double x = 0;
  double y = 0;
  double goal_x = 0;
  double goal_y = 0;
  double speed = 0;
  double stays_s = 0;

  void choose(Random& random) {
    const bool to_dock = random.share() < 0.4;
    goal_x = to_dock ? random.between(0.42, 0.58) * kWidth : random.between(0.02, 0.98) * kWidth;
    goal_y = to_dock ? random.between(0.5, 0.7) * kHeight : random.between(0.3, 0.95) * kHeight;
    speed = random.between(60, 200);
    stays_s = to_dock ? random.between(0, 12) : random.between(0, 2);
  }

  void walk(double dt_s, Random& random) {
    const double distance = std::hypot(goal_x - x, goal_y - y);
    const double step = speed * dt_s;
    if (distance > step) {
      x += (goal_x - x) / distance * step;
      y += (goal_y - y) / distance * step;
      return;
    }
    stays_s -= dt_s;
    if (stays_s <= 0) choose(random);
  }
};

std::vector<infer::Detection> seen(const std::vector<Walker>& walkers, Random& random) {
  std::vector<infer::Detection> detections;
  const auto add = [&](double x, double y, double height, double score, int class_id) {
    const double width = height * 0.4;
    detections.push_back({{static_cast<float>(x - width / 2), static_cast<float>(y - height), static_cast<float>(width),
                           static_cast<float>(height)},
                          static_cast<float>(score),
                          class_id});
  };
  for (const auto& walker : walkers) {
    if (random.share() < 0.1) continue;
    const double height = 80 + 0.15 * walker.y;
    add(walker.x + random.noise() * 0.02 * height, walker.y + random.noise() * 0.02 * height,
        height * (1 + random.noise() * 0.03), random.between(0.45, 0.95), 0);
  }
  if (random.share() < 0.05) {
    add(random.between(0, kWidth), random.between(200, kHeight), 120, random.between(0.26, 0.5), 1);
  }
  return detections;
}

/// The whole run, frame by frame, as a pipeline does it.
base::Status simulate(engine::RunRecorder& recorder, engine::SceneStages& stages, int frames, std::uint64_t seed) {
  Random random(seed);
  std::vector<Walker> walkers(kPeople);
  for (auto& walker : walkers) {
    walker = {random.between(0, kWidth), random.between(300, kHeight)};
    walker.choose(random);
  }
  const auto publish = [&](const events::Rules::Judgement& judgement) -> base::Status {
    for (const auto& event : judgement.events) OC_TRY_STATUS(recorder.accept(event));
    return {};
  };
  for (int i = 0; i < frames; ++i) {
    for (auto& walker : walkers) walker.walk(1.0 / kFramesPerSecond, random);
    media::FrameInfo frame;
    frame.width = kWidth;
    frame.height = kHeight;
    frame.sequence = static_cast<std::uint64_t>(i);
    frame.time = media::MediaTime(std::chrono::milliseconds(1000LL * i / kFramesPerSecond));
    frame.captured = base::WallTime(std::chrono::milliseconds(1000LL * i / kFramesPerSecond));
    const auto detections = seen(walkers, random);
    OC_TRY_STATUS(recorder.accept(frame, detections));
    const auto update = stages.follow(frame, detections);
    OC_TRY_STATUS(publish(stages.judge(frame, update)));
  }
  OC_TRY_STATUS(recorder.accept_end());
  OC_TRY_STATUS(publish(stages.finish()));
  return recorder.close();
}

base::Status write_recording(const std::string& folder, int seconds, std::uint64_t seed) {
  OC_TRY(const auto config, config::read_effective_config(kRules, "rules", "yard"));
  engine::RunRecording recording;
  recording.folder = folder;
  auto& header = recording.header;
  header.program = app::program_version();
  header.camera = "yard";
  header.source = "simulated";
  header.model = "yolov8n";
  header.model_version = "simulated";
  header.model_sha256 = "none";
  header.precision = "fp32";
  header.score = 0.25;
  header.labels = {"person", "dog"};
  header.class_groups = {0, 1};
  header.config = config::to_yaml(config::effective_settings(config.site, config.camera));
  OC_TRY(header.config_sha256, app::sha256_of_text(header.config));
  engine::SceneConfig scene{"yard", config.camera.labels, config.camera.tracker, config.camera.rules, header.labels};
  scene.tracker.class_groups = header.class_groups;
  engine::SceneStages stages(scene);
  base::Metrics metrics;
  OC_TRY(const auto recorder, engine::RunRecorder::create(recording, base::Logger::null(), metrics));
  return simulate(*recorder, stages, seconds * kFramesPerSecond, seed);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: simulated_recording FOLDER [SECONDS [SEED]]\n");
    return 2;
  }
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 600;
  const std::uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  const auto written = write_recording(argv[1], seconds, seed);
  if (written) return 0;
  std::fprintf(stderr, "simulated_recording: %s\n", written.error().message().c_str());
  return 1;
}
