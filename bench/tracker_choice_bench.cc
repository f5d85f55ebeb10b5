// Do the tracker's settings suit the problem, or the files that they were chosen on? Many settings around the default
// are judged by HOTA on copies of each sequence whose boxes and scores are a little off and of which some are missing.
// Then, for each sequence in turn, the best settings for all the others are tried on it: the loss is what it has less
// than with the settings that are the best for all.
//
// usage: tracker_choice_bench [--settings N] [--copies N] BENCH_DIR…     (as for `ocelli eval mot`; sets count alike)
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "eval/mot_folder.h"
#include "eval/pairing.h"
#include "eval/score.h"
#include "eval/tracking_run.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file

struct Options {
  int settings = 60;
  int copies = 8;
  std::vector<std::string> benchmarks;
};

/// A sequence and its copies, the first of which is as it was.
struct Subject {
  std::size_t set = 0;
  eval::Protocol protocol = eval::Protocol::mot15;
  std::vector<eval::Sequence> copies;
};

/// HOTA of each subject, mean over its copies.
using Row = std::vector<double>;

eval::Sequence disturbed(eval::Sequence sequence, std::mt19937& random) {
  constexpr float kMissing = 0.015F;
  std::uniform_real_distribution<float> unit(0, 1);
  std::normal_distribution<float> off(0, 0.01F);
  for (auto& frame : *sequence.detections) {
    std::erase_if(frame, [&](const auto&) { return unit(random) < kMissing; });
    for (auto& [box, score, class_id] : frame) {
      box.left += box.width * off(random);
      box.top += box.height * off(random);
      box.width *= 1 + off(random);
      box.height *= 1 + off(random);
      score = std::clamp(score + off(random), 0.F, 1.F);
    }
  }
  return sequence;
}

base::Result<std::vector<Subject>> read_subjects(const Options& options) {
  std::vector<Subject> subjects;
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): figures that can be had again
  for (std::size_t set = 0; set < options.benchmarks.size(); ++set) {
    OC_TRY(const auto names, eval::sequence_names(options.benchmarks[set]));
    std::vector<eval::Sequence> sequences;
    for (const auto& name : names) {
      OC_TRY(auto sequence, eval::read_sequence(options.benchmarks[set], name));
      if (!sequence.detections) return base::Error(base::Code::invalid, name + " has no det/det.txt: nothing to track");
      sequences.push_back(std::move(sequence));
    }
    const auto protocol = eval::protocol_of(sequences);
    for (auto& sequence : sequences) {
      Subject subject{set, protocol, {sequence}};
      for (int i = 1; i < options.copies; ++i) subject.copies.push_back(disturbed(sequence, random));
      subjects.push_back(std::move(subject));
    }
  }
  return subjects;
}

/// The default first; the others differ from it in one to four settings.
std::vector<track::TrackerConfig> draw_settings(int count) {
  using Config = track::TrackerConfig;
  using Change = std::function<void(Config&, float)>;
  const std::vector<std::pair<Change, std::array<float, 4>>> changes{
      {[](Config& config, float value) { config.high_score = value; }, {0.35F, 0.45F, 0.5F, 0.6F}},
      {[](Config& config, float value) { config.begin_score = value; }, {0.4F, 0.55F, 0.6F, 0.65F}},
      {[](Config& config, float value) { config.min_iou_first = value; }, {0.15F, 0.18F, 0.22F, 0.25F}},
      {[](Config& config, float value) { config.min_iou_second = value; }, {0.5F, 0.55F, 0.65F, 0.7F}},
      {[](Config& config, float value) { config.confirm_hits = static_cast<int>(value); }, {2, 4, 4, 5}},
      {[](Config& config, float value) { config.keep_lost = std::chrono::milliseconds(static_cast<int>(value)); },
       {1'000, 1'500, 2'500, 3'000}},
      {[](Config& config, float value) { config.direction_weight = value; }, {0, 0.05F, 0.15F, 0.2F}},
      {[](Config& config, float value) { config.score_change_weight = value; }, {0.2F, 0.3F, 0.5F, 0.6F}},
      {[](Config& config, float value) { config.doubt = value; }, {1, 2, 4, 5}},
  };
  std::mt19937 random(2);  // NOLINT(bugprone-random-generator-seed): figures that can be had again
  std::vector<Config> settings{Config{}};
  while (settings.size() < static_cast<std::size_t>(count)) {
    Config config;
    for (auto left = 1 + random() % 4; left > 0; --left) {
      const auto& [change, values] = changes[random() % changes.size()];
      change(config, values[random() % values.size()]);
    }
    config.begin_score = std::max(config.begin_score, config.high_score);
    settings.push_back(config);
  }
  return settings;
}

base::Result<Row> judge(const track::TrackerConfig& config, const std::vector<Subject>& subjects) {
  base::SystemClock clock;
  Row row;
  for (const auto& [set, protocol, copies] : subjects) {
    double sum = 0;
    for (const auto& copy : copies) {
      OC_TRY(const auto run, eval::run_tracker(copy, config, eval::Given::boxes, protocol, clock, std::stop_token{}));
      sum += eval::measure_hota(eval::pair_up(copy.truth, run.results, copy.info.frames, protocol)).hota();
    }
    row.push_back(100 * sum / static_cast<double>(copies.size()));
  }
  return row;
}

/// The row with the best mean over sets of their sequences' mean, without one of them; `left_out` past the end: none.
std::size_t best_row(const std::vector<Row>& rows, const std::vector<Subject>& subjects, std::size_t left_out) {
  const auto worth = [&](const Row& row) {
    std::vector<double> sums(subjects.back().set + 1);
    std::vector<double> counts(sums.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == left_out) continue;
      sums[subjects[i].set] += row[i];
      ++counts[subjects[i].set];
    }
    double total = 0;
    for (std::size_t set = 0; set < sums.size(); ++set) total += counts[set] > 0 ? sums[set] / counts[set] : 0;
    return total;
  };
  const auto best =
      std::max_element(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return worth(a) < worth(b); });
  return static_cast<std::size_t>(best - rows.begin());
}

void print_losses(const std::vector<Row>& rows, const std::vector<Subject>& subjects) {
  const auto chosen = best_row(rows, subjects, subjects.size());
  std::printf("HOTA, mean over copies      default  best for all  best for the others   loss\n");
  double sum = 0;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto others = best_row(rows, subjects, i);
    const double loss = rows[chosen][i] - rows[others][i];
    sum += loss;
    std::printf("%-24s %10.2f %13.2f %20.2f %6.2f\n", subjects[i].copies.front().name.c_str(), rows[0][i],
                rows[chosen][i], rows[others][i], loss);
  }
  std::printf("leave-one-sequence-out loss, mean: %.2f; the best for all is %s\n",
              sum / static_cast<double>(subjects.size()), chosen == 0 ? "the default" : "another setting");
}

base::Status run(const Options& options) {
  OC_TRY(const auto subjects, read_subjects(options));
  std::vector<Row> rows;
  for (const auto& config : draw_settings(options.settings)) {
    OC_TRY(auto row, judge(config, subjects));
    rows.push_back(std::move(row));
  }
  std::printf("%zu settings, %d copies of each of %zu sequences\n", rows.size(), options.copies, subjects.size());
  print_losses(rows, subjects);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App cli("what the choice of the tracker's settings owes to the sequences that it was made on");
  cli.add_option("--settings", options.settings)->check(CLI::Range(2, 10'000));
  cli.add_option("--copies", options.copies)->check(CLI::Range(1, 1'000));
  cli.add_option("BENCH_DIR", options.benchmarks)->required();
  CLI11_PARSE(cli, argc, argv);
  if (const auto status = run(options); !status) {
    std::fprintf(stderr, "%s\n", status.error().message().c_str());
    return 1;
  }
  return 0;
}
