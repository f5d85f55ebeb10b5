// Do the tracker's settings suit the problem, or the files that they were chosen on? All are chosen anew, by a
// procedure that knows nothing of the default: settings are drawn evenly from wide ranges, each draw is judged by HOTA,
// and the choice is, setting by setting, the mean of the best tenth. A mean of many moves little when one sequence
// goes; the one best draw, which is printed beside, is chosen by chance among many that are as good.
//
// For each sequence in turn the choice is made without it and tried on it. Its loss is what it has less than
//  - with the choice made on all sequences: what the procedure owes to having seen it;
//  - with the default, whatever that was chosen by.
// Draws are judged by the mean over sets of the mean over their sequences, each on copies whose boxes and scores are
// a little off and of which some are missing; choices on the same copies or, with --trials N, on so many others: one
// sequence's HOTA moves by points through chance alone. Losses stand with their standard error over the sequences of a
// set.
//
// usage: tracker_choice_bench [--draws N] [--copies N] [--trials N] [--given boxes|motion|camera] [--no-shake]
// BENCH_DIR… (as for `ocelli eval mot`). With --draws 0 it judges the default alone, more surely than one run on the
// sequences as they are does; --no-shake takes the compensation of the camera's shaking out of it.
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
  int draws = 300;
  int copies = 2;
  int trials = 0;
  std::string given{eval::given_name(eval::Given::boxes)};
  track::ShakeCompensation shake = track::TrackerConfig{}.shake;
  std::vector<std::string> benchmarks;
};

/// A sequence and its copies.
struct Subject {
  std::size_t set = 0;
  eval::Protocol protocol = eval::Protocol::mot15;
  std::vector<eval::Sequence> copies;  ///< to choose by; the first is as it was
  std::vector<eval::Sequence> trials;  ///< to judge choices by
};
using Copies = std::vector<eval::Sequence> Subject::*;

/// A setting that is chosen, and what it is drawn from: from where it does nothing, or hardly anything, to about twice
/// what others have published for it.
struct Free {
  const char* name;
  double low;
  double high;
  void (*set)(track::TrackerConfig&, double);
};

constexpr std::array kFree{
    // 0.6 in ByteTrack, OC-SORT, BoT-SORT; a tenth more to begin a track
    Free{"high_score", 0.2, 0.8, [](auto& config, double value) { config.high_score = static_cast<float>(value); }},
    Free{"begin_score above it", 0, 0.2,
         [](auto& config, double value) { config.begin_score = config.high_score + static_cast<float>(value); }},
    // 0.1 to 0.2 in ByteTrack, 0.3 in SORT
    Free{"min_iou_first", 0, 0.4, [](auto& config, double value) { config.min_iou_first = static_cast<float>(value); }},
    // 0.5 in ByteTrack
    Free{"min_iou_second", 0.1, 0.9,
         [](auto& config, double value) { config.min_iou_second = static_cast<float>(value); }},
    // 2 in ByteTrack, 3 in SORT
    Free{"confirm_hits", 1, 5,
         [](auto& config, double value) { config.confirm_hits = static_cast<int>(std::lround(value)); }},
    // a second in ByteTrack and OC-SORT, three in StrongSORT
    Free{"keep_lost, s", 0.2, 4,
         [](auto& config, double value) { config.keep_lost = std::chrono::milliseconds(std::lround(value * 1000)); }},
    // 0.2 in OC-SORT
    Free{"direction_weight", 0, 0.4,
         [](auto& config, double value) { config.direction_weight = static_cast<float>(value); }},
    // 1 in Hybrid-SORT, where the overlap has 1, too, but the gate is behind the sum
    Free{"score_change_weight", 0, 1,
         [](auto& config, double value) { config.score_change_weight = static_cast<float>(value); }},
    // our own; from 10 up a doubtful box would hardly count
    Free{"doubt", 0, 8, [](auto& config, double value) { config.doubt = static_cast<float>(value); }},
};

/// Values of all that is chosen, each as a share of its range.
using Point = std::array<double, kFree.size()>;

Point middle() {
  Point point;
  point.fill(0.5);
  return point;
}

/// HOTA of each subject, mean over its copies.
using Row = std::vector<double>;

struct Draw {
  Point point;
  Row row;
};

enum class Choice { mean_of_best_tenth, best };

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
  std::mt19937 random(1);        // NOLINT(bugprone-random-generator-seed): figures that can be had again
  std::mt19937 trial_random(3);  // NOLINT(bugprone-random-generator-seed): likewise
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
      Subject subject{set, protocol, {sequence}, {}};
      for (int i = 1; i < options.copies; ++i) subject.copies.push_back(disturbed(sequence, random));
      for (int i = 0; i < options.trials; ++i) subject.trials.push_back(disturbed(sequence, trial_random));
      if (subject.trials.empty()) subject.trials = subject.copies;
      subjects.push_back(std::move(subject));
    }
  }
  return subjects;
}

track::TrackerConfig settings_at(const Point& point, const Options& options) {
  track::TrackerConfig config;
  config.shake = options.shake;
  for (std::size_t i = 0; i < kFree.size(); ++i) {
    kFree[i].set(config, kFree[i].low + point[i] * (kFree[i].high - kFree[i].low));
  }
  return config;
}

base::Result<double> judge_one(const track::TrackerConfig& config, const Options& options, const Subject& subject,
                               Copies copies) {
  base::SystemClock clock;
  const auto given = eval::given_of(options.given).value_or(eval::Given::boxes);
  double sum = 0;
  for (const auto& copy : subject.*copies) {
    OC_TRY(const auto run, eval::run_tracker(copy, config, given, subject.protocol, clock, std::stop_token{}));
    sum += eval::measure_hota(eval::pair_up(copy.truth, run.results, copy.info.frames, subject.protocol)).hota();
  }
  return 100 * sum / static_cast<double>((subject.*copies).size());
}

base::Result<Row> judge(const track::TrackerConfig& config, const Options& options,
                        const std::vector<Subject>& subjects, Copies copies = &Subject::trials) {
  Row row;
  for (const auto& subject : subjects) {
    OC_TRY(const double hota, judge_one(config, options, subject, copies));
    row.push_back(hota);
  }
  return row;
}

base::Result<std::vector<Draw>> judge_draws(const Options& options, const std::vector<Subject>& subjects) {
  std::mt19937 random(2);  // NOLINT(bugprone-random-generator-seed): figures that can be had again
  std::uniform_real_distribution<double> share(0, 1);
  std::vector<Draw> draws;
  for (int i = 0; i < options.draws; ++i) {
    Draw draw;
    for (auto& value : draw.point) value = share(random);
    OC_TRY(draw.row, judge(settings_at(draw.point, options), options, subjects, &Subject::copies));
    draws.push_back(std::move(draw));
  }
  return draws;
}

std::vector<std::vector<double>> by_set(const Row& row, const std::vector<Subject>& subjects, std::size_t left_out) {
  std::vector<std::vector<double>> sets(subjects.back().set + 1);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i != left_out) sets[subjects[i].set].push_back(row[i]);
  }
  return sets;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Of the mean.
double standard_error_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  if (count < 2) return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (count - 1) / count);
}

/// Mean over sets of the mean over their sequences, without one subject; `left_out` past the end: with all.
double merit(const Row& row, const std::vector<Subject>& subjects, std::size_t left_out) {
  std::vector<double> means;
  for (const auto& values : by_set(row, subjects, left_out)) {
    if (!values.empty()) means.push_back(mean_of(values));
  }
  return mean_of(means);
}

Point choose(Choice choice, const std::vector<Draw>& draws, const std::vector<Subject>& subjects,
             std::size_t left_out) {
  std::vector<std::pair<double, const Draw*>> ranked;
  for (const auto& draw : draws) ranked.emplace_back(merit(draw.row, subjects, left_out), &draw);
  const std::size_t count = choice == Choice::best ? 1 : (draws.size() + 9) / 10;
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end(),
                    [](const auto& a, const auto& b) { return a.first > b.first; });
  Point point{};
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < point.size(); ++k) point[k] += ranked[i].second->point[k] / static_cast<double>(count);
  }
  return point;
}

void print_by_set(const char* what, const Row& row, const std::vector<Subject>& subjects) {
  std::printf("%s, mean by set:", what);
  for (const auto& values : by_set(row, subjects, row.size())) {
    std::printf(" %.2f ± %.2f", mean_of(values), standard_error_of(values));
  }
  std::printf("\n");
}

Row differences(const Row& row, const Row& less) {
  Row result(row.size());
  std::transform(row.begin(), row.end(), less.begin(), result.begin(), std::minus<>());
  return result;
}

base::Status print_losses(Choice choice, const std::vector<Draw>& draws, const Row& by_default, const Options& options,
                          const std::vector<Subject>& subjects) {
  const auto chosen = choose(choice, draws, subjects, subjects.size());
  OC_TRY(const auto for_all, judge(settings_at(chosen, options), options, subjects));
  Row for_others;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto others = settings_at(choose(choice, draws, subjects, i), options);
    OC_TRY(const double hota, judge_one(others, options, subjects[i], &Subject::trials));
    for_others.push_back(hota);
  }
  std::printf("\n%s of %zu draws; chosen on all:", choice == Choice::best ? "the best" : "mean of the best tenth",
              draws.size());
  for (std::size_t i = 0; i < kFree.size(); ++i) {
    std::printf("%s %s %.2f", i == 0 ? "" : ",", kFree[i].name,
                kFree[i].low + chosen[i] * (kFree[i].high - kFree[i].low));
  }
  std::printf("\n                            default  chosen on all  without it\n");
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    std::printf("%-24s %10.2f %14.2f %11.2f\n", subjects[i].copies.front().name.c_str(), by_default[i], for_all[i],
                for_others[i]);
  }
  print_by_set("chosen on all", for_all, subjects);
  print_by_set("leave-one-sequence-out loss", differences(for_all, for_others), subjects);
  print_by_set("leave-one-sequence-out loss, against the default", differences(by_default, for_others), subjects);
  return {};
}

base::Status run(const Options& options) {
  OC_TRY(const auto subjects, read_subjects(options));
  track::TrackerConfig plain;
  plain.shake = options.shake;
  OC_TRY(const auto by_default, judge(plain, options, subjects));
  std::printf("HOTA, mean over %d copies of each of %zu sequences\nthe default:",
              static_cast<int>(subjects[0].trials.size()), subjects.size());
  for (std::size_t i = 0; i < by_default.size(); ++i) {
    std::printf(" %s %.2f", subjects[i].copies.front().name.c_str(), by_default[i]);
  }
  std::printf("\n");
  print_by_set("the default", by_default, subjects);
  if (options.draws == 0) return {};
  OC_TRY(const auto of_middle, judge(settings_at(middle(), options), options, subjects));
  print_by_set("the middle of all ranges", of_middle, subjects);
  OC_TRY(const auto draws, judge_draws(options, subjects));
  for (const auto choice : {Choice::mean_of_best_tenth, Choice::best}) {
    OC_TRY_STATUS(print_losses(choice, draws, by_default, options, subjects));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App cli("what the choice of the tracker's settings owes to the sequences that it was made on");
  cli.add_option("--draws", options.draws)->check(CLI::Range(0, 100'000));
  cli.add_option("--copies", options.copies)->check(CLI::Range(1, 1'000));
  cli.add_option("--trials", options.trials)->check(CLI::Range(1, 1'000));
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
