#include "store/wall_time.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace ocelli::store {
namespace {

using std::chrono::microseconds;

constexpr double kLatestSecond = 253'402'300'799.0;  // the end of the year 9999

/// Takes what it reads off the front.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  bool skip(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  /// ".25"; nothing is zero.
  std::optional<microseconds> fraction() {
    if (!skip('.')) return microseconds(0);
    std::int64_t value = 0;
    std::int64_t unit = 1'000'000;
    std::size_t read = 0;
    while (read < rest_.size() && rest_[read] >= '0' && rest_[read] <= '9') {
      unit /= 10;
      value += (rest_[read] - '0') * unit;
      ++read;
    }
    rest_.remove_prefix(read);
    return read == 0 ? std::nullopt : std::optional(microseconds(value));
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::sys_days> read_day(TimeReader& reader) {
  const auto year = reader.digits(4);
  if (!year || !reader.skip('-')) return std::nullopt;
  const auto month = reader.digits(2);
  if (!month || !reader.skip('-')) return std::nullopt;
  const auto day = reader.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

/// "10:11", "10:11:12.5".
std::optional<microseconds> read_time_of_day(TimeReader& reader) {
  const auto hour = reader.digits(2);
  if (!hour || *hour > 23 || !reader.skip(':')) return std::nullopt;
  const auto minute = reader.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  microseconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (!reader.skip(':')) return time;
  const auto second = reader.digits(2);
  if (!second || *second > 60) return std::nullopt;  // 60: a leap second
  const auto fraction = reader.fraction();
  if (!fraction) return std::nullopt;
  return time + std::chrono::seconds(*second) + *fraction;
}

/// "Z", "+01:00".
std::optional<microseconds> read_offset(TimeReader& reader) {
  if (reader.skip('Z') || reader.skip('z')) return microseconds(0);
  const int sign = reader.skip('+') ? 1 : reader.skip('-') ? -1 : 0;
  const auto hours = reader.digits(2);
  if (sign == 0 || !hours || !reader.skip(':')) return std::nullopt;
  const auto minutes = reader.digits(2);
  if (!minutes) return std::nullopt;
  return sign * (std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

std::optional<base::WallTime> read_date(std::string_view text) {
  TimeReader reader(text);
  const auto day = read_day(reader);
  if (!day) return std::nullopt;
  base::WallTime time = *day;
  if (reader.at_end()) return time;
  if (!reader.skip('T') && !reader.skip('t') && !reader.skip(' ')) return std::nullopt;
  const auto of_day = read_time_of_day(reader);
  if (!of_day) return std::nullopt;
  const auto offset = read_offset(reader);
  if (!offset || !reader.at_end()) return std::nullopt;
  return time + *of_day - *offset;
}

std::optional<base::WallTime> read_seconds(std::string_view text) {
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc{} || stopped != end || !(seconds >= 0 && seconds <= kLatestSecond)) return std::nullopt;
  return base::WallTime(microseconds(std::llround(seconds * 1e6)));
}

}  // namespace

base::Result<base::WallTime> parse_wall_time(std::string_view text, std::string_view name) {
  if (const auto seconds = read_seconds(text)) return *seconds;
  if (const auto date = read_date(text)) return *date;
  return base::Error(
      base::Code::invalid,
      fmt::format("{} wants a time such as 2026-11-23T10:11:12Z, or seconds since 1970, not '{}'", name, text));
}

}  // namespace ocelli::store
