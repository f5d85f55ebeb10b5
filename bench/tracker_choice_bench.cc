// Do the tracker's settings suit the problem, or the files that they were chosen on? Many settings around the default
// are judged by HOTA on copies of each sequence whose boxes and scores are a little off and of which some are missing.
// Then, for each sequence in turn, the choice for all the others is tried on it: the loss is what it has less than with
// the choice for all. Two ways to choose: the best; and the plainest (fewest settings off the default) of those that
// are not worse than the best by more than a standard error, after Breiman et al., "Classification and Regression
// Trees", 1984, section 3.4.3: what chance explains is no reason to leave the default.
//
// usage: tracker_choice_bench [--settings N] [--copies N] [--given boxes|motion|camera] [--no-shake] BENCH_DIR…
// (as for `ocelli eval mot`; sets count alike). With --settings 1 it judges the default alone, more surely than one run
// on the sequences as they are does; --no-shake takes the compensation of the camera's shaking out of it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "eval/given.h"
#include "eval/mot_folder.h"
#include "eval/pairing.h"
#include "eval/score.h"
#include "eval/tracking_run.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file

struct Options {
  int settings = 60;
  int copies = 8;
  std::string given{eval::given_name(eval::Given::boxes)};
  track::ShakeCompensation shake = track::TrackerConfig{}.shake;
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

struct Setting {
  track::TrackerConfig config;
  int changes = 0;  ///< settings that are not the default's
};

enum class Choice { best, plainest };

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
std::vector<Setting> draw_settings(const Options& options) {
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
  Config plain;
  plain.shake = options.shake;
  std::vector<Setting> settings{{plain}};
  while (settings.size() < static_cast<std::size_t>(options.settings)) {
    Config config = plain;
    const auto changed = static_cast<int>(1 + random() % 4);
    for (int i = 0; i < changed; ++i) {
      const auto& [change, values] = changes[random() % changes.size()];
      change(config, values[random() % values.size()]);
    }
    config.begin_score = std::max(config.begin_score, config.high_score);
    settings.push_back({config, changed});
  }
  return settings;
}

base::Result<Row> judge(const track::TrackerConfig& config, eval::Given given, const std::vector<Subject>& subjects) {
  base::SystemClock clock;
  Row row;
  for (const auto& [set, protocol, copies] : subjects) {
    double sum = 0;
    for (const auto& copy : copies) {
      OC_TRY(const auto run, eval::run_tracker(copy, config, given, protocol, clock, std::stop_token{}));
      sum += eval::measure_hota(eval::pair_up(copy.truth, run.results, copy.info.frames, protocol)).hota();
    }
    row.push_back(100 * sum / static_cast<double>(copies.size()));
  }
  return row;
}

/// How far a row is above another: mean over sets of their sequences' mean, and its standard error over sequences.
struct Advantage {
  double mean = 0;
  double error = 0;
};

/// Without one of the subjects; `left_out` past the end: none.
Advantage advantage(const Row& row, const Row& over, const std::vector<Subject>& subjects, std::size_t left_out) {
  std::vector<std::vector<double>> by_set(subjects.back().set + 1);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i != left_out) by_set[subjects[i].set].push_back(row[i] - over[i]);
  }
  std::erase_if(by_set, [](const auto& differences) { return differences.empty(); });
  Advantage result;
  double variance = 0;
  for (const auto& differences : by_set) {
    const auto count = static_cast<double>(differences.size());
    const double mean = std::accumulate(differences.begin(), differences.end(), 0.0) / count;
    double squares = 0;
    for (const double difference : differences) squares += (difference - mean) * (difference - mean);
    result.mean += mean / static_cast<double>(by_set.size());
    if (count > 1) variance += squares / (count - 1) / count;
  }
  result.error = std::sqrt(variance) / static_cast<double>(by_set.size());
  return result;
}

std::size_t choose(Choice choice, const std::vector<Setting>& settings, const std::vector<Row>& rows,
                   const std::vector<Subject>& subjects, std::size_t left_out) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (advantage(rows[i], rows[best], subjects, left_out).mean > 0) best = i;
  }
  if (choice == Choice::best) return best;
  std::size_t plainest = best;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [lead, error] = advantage(rows[best], rows[i], subjects, left_out);
    if (lead <= error && settings[i].changes < settings[plainest].changes) plainest = i;
  }
  return plainest;
}

void print_default(const Row& row, const std::vector<Subject>& subjects) {
  std::vector<double> sums(subjects.back().set + 1);
  std::vector<double> counts(sums.size());
  std::printf("the default, HOTA:");
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::printf(" %s %.2f", subjects[i].copies.front().name.c_str(), row[i]);
    sums[subjects[i].set] += row[i];
    ++counts[subjects[i].set];
  }
  std::printf("; mean by set:");
  for (std::size_t set = 0; set < sums.size(); ++set) std::printf(" %.2f", sums[set] / counts[set]);
  std::printf("\n");
}

void print_losses(Choice choice, const std::vector<Setting>& settings, const std::vector<Row>& rows,
                  const Options& options, const std::vector<Subject>& subjects) {
  const auto chosen = choose(choice, settings, rows, subjects, subjects.size());
  std::printf("\n%s: for all, %s\n", choice == Choice::best ? "the best" : "the plainest within a standard error",
              chosen == 0 ? "the default" : "another setting");
  std::printf("HOTA, mean over copies      default   for all  for the others   loss\n");
  std::vector<double> sums(options.benchmarks.size());
  std::vector<double> counts(sums.size());
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto others = choose(choice, settings, rows, subjects, i);
    const double loss = rows[chosen][i] - rows[others][i];
    sums[subjects[i].set] += loss;
    ++counts[subjects[i].set];
    std::printf("%-24s %10.2f %9.2f %15.2f %6.2f\n", subjects[i].copies.front().name.c_str(), rows[0][i],
                rows[chosen][i], rows[others][i], loss);
  }
  std::printf("leave-one-sequence-out loss, mean:");
  for (std::size_t set = 0; set < sums.size(); ++set) std::printf(" %.2f", sums[set] / counts[set]);
  std::printf(" by set, %.2f of all\n",
              std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(subjects.size()));
}

base::Status run(const Options& options) {
  OC_TRY(const auto subjects, read_subjects(options));
  std::vector<Row> rows;
  const auto settings = draw_settings(options);
  for (const auto& setting : settings) {
    OC_TRY(auto row, judge(setting.config, eval::given_of(options.given).value_or(eval::Given::boxes), subjects));
    rows.push_back(std::move(row));
  }
  std::printf("%zu settings, %d copies of each of %zu sequences\n", rows.size(), options.copies, subjects.size());
  print_default(rows[0], subjects);
  if (rows.size() == 1) return {};
  for (const auto choice : {Choice::best, Choice::plainest}) {
    print_losses(choice, settings, rows, options, subjects);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App cli("what the choice of the tracker's settings owes to the sequences that it was made on");
  cli.add_option("--settings", options.settings)->check(CLI::Range(1, 10'000));
  cli.add_option("--copies", options.copies)->check(CLI::Range(1, 1'000));
  cli.add_option("--given", options.given)->check(CLI::IsMember(eval::given_names()));
  cli.add_flag_callback("--no-shake", [&options] { options.shake = track::ShakeCompensation::off; });
  cli.add_option("BENCH_DIR", options.benchmarks)->required();
  CLI11_PARSE(cli, argc, argv);
  if (const auto status = run(options); !status) {
    std::fprintf(stderr, "%s\n", status.error().message().c_str());
    return 1;
  }
  return 0;
}
