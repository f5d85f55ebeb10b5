#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace ocelli::app {

/// "12:34" or "1:02:03".
std::string format_duration(std::chrono::seconds duration);

/// Long work on standard error: a bar with rate and time left that redraws itself on a terminal, a plain line every ten
/// seconds elsewhere. One thread.
class Progress {
 public:
  enum class Style { bar, lines, none };
  /// A bar when standard error is a terminal that can redraw, else lines.
  static Style style_of_stderr();

  Progress(std::string title, std::string unit, Style style, base::Clock& clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `share` is 0…1, or empty when the end is not known; `done` counts `unit`s.
  void update(double done, std::optional<double> share);

 private:
  std::string line(double done, std::optional<double> share, int columns) const;

  const std::string title_;
  const std::string unit_;
  const Style style_;
  base::Clock& clock_;
  const base::SteadyTime began_;
  std::optional<base::SteadyTime> shown_;
};

}  // namespace ocelli::app
