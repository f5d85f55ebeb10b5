#include "base/log.h"

#include <algorithm>
#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace ocelli::base {
namespace {

constexpr double kBurstSeconds = 4;

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      return "off";
  }
  return "off";
}

nlohmann::ordered_json json_value(const LogField& field) {
  return std::visit([](const auto& value) { return nlohmann::ordered_json(value); }, field.value);
}

/// Text of cameras and networks must not forge lines or steer the terminal: control characters become spaces.
void defuse(std::string& line) {
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
}

}  // namespace

struct Logger::Output {
  Output(const Config& wanted, Clock& time_source)
      : config(wanted), clock(time_source), sink(std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    sink->set_pattern("%v");
  }

  void write_line(const std::string& line) {
    if (config.output) {
      config.output(line);
      return;
    }
    sink->log(spdlog::details::log_msg(spdlog::string_view_t{}, spdlog::level::info, line));
    sink->flush();
  }

  const Config config;
  Clock& clock;
  const std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink;  // spdlog's own signature wants shared ownership
};

/// Token bucket.
struct Logger::Limit {
  explicit Limit(double lines_per_second, SteadyTime now)
      : rate(lines_per_second), tokens(lines_per_second * kBurstSeconds), refilled(now) {}

  /// How many lines were held back before this one, or nothing when this one is held back too.
  bool admit(SteadyTime now, std::uint64_t& held_back_before) OC_EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    const double seconds = std::chrono::duration<double>(now - refilled).count();
    tokens = std::min(rate * kBurstSeconds, tokens + seconds * rate);
    refilled = now;
    if (tokens < 1) {
      ++held_back;
      return false;
    }
    tokens -= 1;
    held_back_before = std::exchange(held_back, 0);
    return true;
  }

  Mutex mutex;
  const double rate;
  double tokens OC_GUARDED_BY(mutex);
  SteadyTime refilled OC_GUARDED_BY(mutex);
  std::uint64_t held_back OC_GUARDED_BY(mutex) = 0;
};

Logger::Logger(const Config& config, Clock& clock) : output_(std::make_shared<Output>(config, clock)) {}

Logger Logger::null() {
  return Logger();
}

Logger Logger::for_camera(std::string_view camera) const {
  Logger child = *this;
  child.camera_ = camera;
  if (output_) child.limit_ = std::make_shared<Limit>(output_->config.camera_lines_per_second, output_->clock.now());
  return child;
}

void Logger::debug(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::debug, message, fields);
}
void Logger::info(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::info, message, fields);
}
void Logger::warn(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::warn, message, fields);
}
void Logger::error(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::error, message, fields);
}

void Logger::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
  if (!output_ || level < output_->config.level) return;
  std::uint64_t held_back = 0;
  if (limit_ && !limit_->admit(output_->clock.now(), held_back)) return;
  const auto format = output_->config.format;
  const auto time = output_->clock.wall_now();
  if (held_back > 0) {
    output_->write_line(format_log_line(format, time, LogLevel::warn, camera_, "log lines held back by the rate limit",
                                        {{"lines", held_back}}));
  }
  output_->write_line(format_log_line(format, time, level, camera_, message, fields));
}

std::string format_wall_time(WallTime time) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = milliseconds / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), milliseconds % 1000);
}

std::string format_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view camera,
                            std::string_view message, std::initializer_list<LogField> fields) {
  if (format == LogFormat::json) {
    nlohmann::ordered_json line{{"time", format_wall_time(time)}, {"level", level_name(level)}, {"message", message}};
    if (!camera.empty()) line["camera"] = camera;
    for (const auto& field : fields) line[std::string(field.key)] = json_value(field);
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  std::string line = fmt::format("{} {:5} ", format_wall_time(time), level_name(level));
  if (!camera.empty()) fmt::format_to(std::back_inserter(line), "[{}] ", camera);
  line += message;
  for (const auto& field : fields) {
    fmt::format_to(std::back_inserter(line), " {}=", field.key);
    std::visit([&](const auto& value) { fmt::format_to(std::back_inserter(line), "{}", value); }, field.value);
  }
  defuse(line);
  return line;
}

}  // namespace ocelli::base
