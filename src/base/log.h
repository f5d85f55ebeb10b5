#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace ocelli::base {

enum class LogLevel { debug, info, warn, error, off };
enum class LogFormat {
  console,  ///< One line for a person: time, level, message, key=value.
  json,     ///< One JSON object a line, for machines.
};

/// One named value of a log line, e.g. {"camera", "gate"} or {"fps", 12.5}.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, bool truth) : key(name), value(truth) {}
  LogField(std::string_view name, double number) : key(name), value(number) {}
  template <class Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
  LogField(std::string_view name, Integer number) : key(name), value(static_cast<std::int64_t>(number)) {}
};

/// Writes structured lines to standard error. A cheap handle: copies share the output. Thread-safe. A logger made by
/// for_camera() lets through a bounded number of lines per second, so that one bad stream cannot bury the others; what
/// it held back is counted and told once the camera calms down.
class Logger {
 public:
  struct Config {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::console;
    double camera_lines_per_second = 5;  ///< sustained; the burst is four seconds' worth
    /// Receives the lines instead of standard error; called from any thread that logs, several at once.
    std::function<void(std::string_view)> output;
  };

  /// `clock` outlives the logger and its copies; it meters the rate limit, while time stamps are always wall time.
  Logger(const Config& config, Clock& clock);
  /// Drops every line.
  static Logger null();

  Logger for_camera(std::string_view camera) const;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  struct Output;
  struct Limit;
  Logger() = default;
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const;

  std::shared_ptr<Output> output_;  // co-owned by all loggers derived from one
  std::shared_ptr<Limit> limit_;    // co-owned by the copies of one camera's logger
  std::string camera_;
};

/// A line as it would be written, without the time stamp's value being fixed by the caller. For tests and for Logger.
std::string format_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view camera,
                            std::string_view message, std::initializer_list<LogField> fields);

/// "2026-05-04T10:11:12.345Z".
std::string format_wall_time(WallTime time);

}  // namespace ocelli::base
