#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace ocelli::base {

struct SubprocessConfig {
  std::vector<std::string> arguments;        ///< the first is the program, found through PATH; no shell is involved
  std::size_t max_output_bytes = 64 * 1024;  ///< of what it printed, the end is kept
  std::optional<std::chrono::seconds> time_limit = std::nullopt;
};

struct SubprocessResult {
  int exit_code = 0;   ///< 128 + signal number when a signal ended it
  std::string output;  ///< standard output and standard error in the order in which they came
};

/// Runs a program to its end, with nothing on its standard input. It leads a process group of its own, so that ctrl-C
/// on the terminal reaches us and not it; nothing of that group is left alive on return.
/// `not_found` when there is no such program, `cancelled` after `stop` (asked to end, killed two seconds later),
/// `unavailable` after the time limit (likewise),
/// `exhausted` when no process can be made. A program that ran and failed is a result, not an error.
Result<SubprocessResult> run_subprocess(const SubprocessConfig& config, std::stop_token stop);

}  // namespace ocelli::base
