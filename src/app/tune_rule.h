#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/command.h"
#include "base/result.h"

namespace ocelli::app {

/// One threshold of one rule and the values that are tried. A value.
struct ThresholdSweep {
  std::vector<std::string> recordings;
  std::string config_file;  ///< whose rules are tried; empty: those of the recording
  std::string rule;
  std::string key;   ///< as in the configuration: min_stay, hysteresis
  std::string from;  ///< a duration or a number, as the key has it
  std::string to;
  int steps = 11;
  std::string event;                ///< only events of this type count; empty: all of the rule
  std::vector<std::string> wanted;  ///< for each recording a file with the times of events that should be; or none
  std::chrono::nanoseconds tolerance = std::chrono::seconds(2);  ///< between a wanted event and one that fired
};

/// What one value gave, over all recordings.
struct SweepStep {
  double value = 0;  ///< in seconds where the key is a duration
  std::string text;  ///< as in the configuration
  std::uint64_t events = 0;
  std::uint64_t hits = 0;  ///< of them, those that were wanted

  /// Nothing where there is nothing to be precise about.
  std::optional<double> precision() const;
  std::optional<double> recall(std::uint64_t wanted) const;
};

struct SweepResult {
  std::string rule;
  std::string key;
  std::string unit;  ///< "s", or empty
  std::string now;   ///< the value in force, as in the configuration
  double now_value = 0;
  std::optional<std::uint64_t> wanted;  ///< how many there should be, where somebody said so
  std::vector<SweepStep> steps;
};

/// Judges every recording with each value of the threshold, on the recorded detections, in one pass per recording.
/// `invalid`: no such rule or threshold (the nearest name is suggested), or a value that the configuration refuses.
base::Result<SweepResult> sweep_threshold(const ThresholdSweep& sweep, const CommandContext& context);

/// Times of wanted events, one a line: seconds or [hours:]minutes:seconds, and what follows "#" is a comment. In order.
base::Result<std::vector<double>> parse_wanted_times(const std::string& text, const std::string& file);

/// How many of `times` have a partner of their own among `wanted` within the tolerance; both in order, in seconds.
std::uint64_t count_hits(const std::vector<double>& times, const std::vector<double>& wanted, double tolerance_s);

}  // namespace ocelli::app
