#include "app/tune_rule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/replay_setup.h"
#include "base/suggest.h"
#include "config/fields.h"
#include "engine/replay.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

/// A threshold's value: a number, or a duration in milliseconds.
struct Quantity {
  double value = 0;
  bool is_duration = false;
};

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// "500ms", "10s", "0.02".
std::optional<Quantity> parse_quantity(std::string_view text) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}};
  for (const auto& [unit, milliseconds] : kUnits) {
    if (!text.ends_with(unit)) continue;
    if (const auto number = parse_number(text.substr(0, text.size() - unit.size()))) {
      return Quantity{*number * milliseconds, true};
    }
  }
  if (const auto number = parse_number(text)) return Quantity{*number, false};
  return std::nullopt;
}

std::string quantity_text(const Quantity& quantity) {
  if (!quantity.is_duration) return fmt::format("{:.6g}", quantity.value);
  return config::format_duration(std::chrono::milliseconds(std::llround(quantity.value)));
}

double shown_value(const Quantity& quantity) {
  return quantity.is_duration ? quantity.value / 1e3 : quantity.value;
}

/// Where the threshold stands among the settings.
base::Result<std::size_t> find_threshold(const std::vector<config::Setting>& settings, const ThresholdSweep& sweep) {
  std::vector<std::string> rules;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const std::string rule = rule_of(settings[i].path);
    if (rule.empty()) continue;
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
    if (rule != sweep.rule || !parse_quantity(settings[i].value)) continue;
    keys.push_back(settings[i].path.substr(settings[i].path.rfind('.') + 1));
    if (keys.back() == sweep.key) return i;
  }
  if (rules.empty()) return Error(Code::invalid, "there are no rules: say with --config whose rules are to be tried");
  if (std::find(rules.begin(), rules.end(), sweep.rule) == rules.end()) {
    return Error(Code::invalid, fmt::format("there is no rule '{}'{}; there are: {}", sweep.rule,
                                            base::did_you_mean(sweep.rule, rules), fmt::join(rules, ", ")));
  }
  return Error(Code::invalid, fmt::format("rule '{}' has no threshold '{}'{}; it has: {}", sweep.rule, sweep.key,
                                          base::did_you_mean(sweep.key, keys), fmt::join(keys, ", ")));
}

base::Result<std::vector<Quantity>> values_of(const ThresholdSweep& sweep, const std::string& now) {
  const auto current = parse_quantity(now);
  const auto from = parse_quantity(sweep.from);
  const auto to = parse_quantity(sweep.to);
  for (const auto& [option, text, value] : {std::tuple("--from", sweep.from, from), std::tuple("--to", sweep.to, to)}) {
    if (value && value->is_duration == current->is_duration) continue;
    return Error(Code::invalid, fmt::format("{} wants {} as {} has ({}), not '{}'", option,
                                            current->is_duration ? "a duration" : "a number", sweep.key, now, text));
  }
  std::vector<Quantity> values;
  for (int i = 0; i < sweep.steps; ++i) {
    const double share = sweep.steps > 1 ? static_cast<double>(i) / (sweep.steps - 1) : 0;
    values.push_back({from->value + (to->value - from->value) * share, from->is_duration});
  }
  return values;
}

/// A recording with the rules that are to be tried on it.
struct Trial {
  OpenRecording recording;
  std::vector<config::Setting> settings;
  std::size_t threshold = 0;  // index into settings
};

base::Result<Trial> open_trial(const std::string& folder, const ThresholdSweep& sweep) {
  Trial trial;
  OC_TRY(trial.recording, open_recording(folder));
  trial.settings = trial.recording.settings;
  if (!sweep.config_file.empty()) {
    OC_TRY(const auto other, load_other_config(sweep.config_file, "", trial.recording));
    trial.settings = config::effective_settings(other.site, other.camera);
  }
  OC_TRY(trial.threshold, find_threshold(trial.settings, sweep));
  return trial;
}

base::Result<std::vector<engine::ReplayVariant>> variants_of(const Trial& trial, const std::vector<Quantity>& values) {
  const auto& header = trial.recording.reader->header();
  std::vector<engine::ReplayVariant> variants;
  for (const auto& value : values) {
    auto settings = trial.settings;
    settings[trial.threshold].value = quantity_text(value);
    auto config = config::read_effective_config(config::to_yaml(settings), "the configuration", header.camera);
    if (!config) return Error(Code::invalid, config.error().message());
    engine::ReplayVariant variant;
    OC_TRY(variant.scene, scene_of(header, config->camera));
    variants.push_back(std::move(variant));
  }
  return variants;
}

base::Result<std::vector<double>> read_wanted(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return Error(Code::not_found, path + " cannot be read, or is empty: it wants the time of an event on each line");
  }
  return parse_wanted_times(text.str(), path);
}

std::vector<double> times_of(const engine::ReplayedRun& run, const ThresholdSweep& sweep) {
  std::vector<double> times;
  for (const auto& event : run.events) {
    const bool counts = sweep.event.empty() || events::event_type_name(event.type) == sweep.event;
    if (event.rule == sweep.rule && counts) times.push_back(media::to_seconds(event.time));
  }
  std::sort(times.begin(), times.end());
  return times;
}

base::Status add_recording(const ThresholdSweep& sweep, std::size_t index, const std::vector<double>* wanted,
                           SweepResult& result, const CommandContext& context) {
  OC_TRY(const auto trial, open_trial(sweep.recordings[index], sweep));
  const std::string& now = trial.settings[trial.threshold].value;
  OC_TRY(const auto values, values_of(sweep, now));
  if (result.steps.empty()) {
    result.now = now;
    result.now_value = shown_value(*parse_quantity(now));
    result.unit = values.front().is_duration ? "s" : "";
    for (const auto& value : values) result.steps.push_back({shown_value(value), quantity_text(value), 0, 0});
  }
  OC_TRY(const auto variants, variants_of(trial, values));
  OC_TRY(const auto outcome, engine::replay(*trial.recording.reader, variants, {context.clock, context.stop, nullptr}));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto times = times_of(outcome.runs[i], sweep);
    result.steps[i].events += times.size();
    if (wanted == nullptr) continue;
    const double tolerance_s = std::chrono::duration<double>(sweep.tolerance).count();
    result.steps[i].hits += count_hits(times, *wanted, tolerance_s);
  }
  return {};
}

}  // namespace

std::optional<double> SweepStep::precision() const {
  if (events == 0) return std::nullopt;
  return static_cast<double>(hits) / static_cast<double>(events);
}

std::optional<double> SweepStep::recall(std::uint64_t wanted) const {
  if (wanted == 0) return std::nullopt;
  return static_cast<double>(hits) / static_cast<double>(wanted);
}

base::Result<std::vector<double>> parse_wanted_times(const std::string& text, const std::string& file) {
  std::vector<double> times;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = line.substr(0, line.find('#'));
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    double seconds = 0;
    std::string_view rest = std::string_view(line).substr(begin, end - begin);
    for (int part = 0; !rest.empty(); ++part) {
      const std::size_t colon = std::min(rest.find(':'), rest.size());
      const auto value = parse_number(rest.substr(0, colon));
      const bool is_last = colon == rest.size();
      if (!value || *value < 0 || part > 2 || (!is_last && colon + 1 == rest.size())) {
        return Error(Code::invalid,
                     fmt::format("{}:{}: wants a time such as 90, 1:30 or 1:02:03.5 on each line", file, number));
      }
      seconds = seconds * 60 + *value;
      rest.remove_prefix(is_last ? colon : colon + 1);
    }
    times.push_back(seconds);
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// The earliest that still fits takes the earliest: for intervals of one length that is the most there can be.
std::uint64_t count_hits(const std::vector<double>& times, const std::vector<double>& wanted, double tolerance_s) {
  std::uint64_t hits = 0;
  auto next = wanted.begin();
  for (const double time : times) {
    while (next != wanted.end() && *next < time - tolerance_s) ++next;
    if (next == wanted.end() || *next > time + tolerance_s) continue;
    ++hits;
    ++next;
  }
  return hits;
}

base::Result<SweepResult> sweep_threshold(const ThresholdSweep& sweep, const CommandContext& context) {
  SweepResult result;
  result.rule = sweep.rule;
  result.key = sweep.key;
  std::vector<std::vector<double>> wanted;
  for (const auto& file : sweep.wanted) {
    OC_TRY(auto times, read_wanted(file));
    result.wanted = result.wanted.value_or(0) + times.size();
    wanted.push_back(std::move(times));
  }
  if (!wanted.empty() && wanted.size() != sweep.recordings.size()) {
    return Error(Code::invalid,
                 fmt::format("--wanted names {} files for {} recordings: name one for each, in their order",
                             wanted.size(), sweep.recordings.size()));
  }
  for (std::size_t i = 0; i < sweep.recordings.size(); ++i) {
    auto added = add_recording(sweep, i, wanted.empty() ? nullptr : &wanted[i], result, context);
    if (!added) return std::move(added).error().with_context(sweep.recordings[i]);
  }
  return result;
}

}  // namespace ocelli::app
