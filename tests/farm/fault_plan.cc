// Where faults come from: generated from a seed, or read from a file of JSON lines.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/farm/fault.h"

namespace ocelli::farm {
namespace {

using base::Code;
using base::Error;
using base::Result;

struct Range {
  double low;
  double high;
};
struct Habit {
  Range seconds;
  Range percent;
};

// A watcher gets some seconds to connect, and between two faults of a camera time to be seen healthy again.
constexpr Range kSecondsBeforeFirst{10, 30};
constexpr Range kSecondsBetween{20, 40};
constexpr double kQuietSecondsAtEnd = 15;  // so that the last recovery is seen too
constexpr Range kNoPercent{0, 0};

Habit habit_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::loss:
    case FaultKind::reorder:
      return {{10, 30}, {1, 20}};
    case FaultKind::garbage:
      return {{5, 20}, {2, 20}};
    case FaultKind::stall:
      return {{30, 30}, kNoPercent};
    case FaultKind::half_open:
      return {{20, 40}, kNoPercent};
    case FaultKind::restart:
      return {{3, 10}, kNoPercent};
    case FaultKind::reboot:
      return {{5, 15}, kNoPercent};
    case FaultKind::sdp:
    case FaultKind::resolution:
    case FaultKind::no_key:
    case FaultKind::ts_zero:
    case FaultKind::ts_repeat:
    case FaultKind::ts_wall:
      return {{10, 30}, kNoPercent};
    case FaultKind::no_keepalive:
      return {{70, 90}, kNoPercent};  // a client asks every half minute or so
  }
  return {};
}

double rounded_to_ms(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

/// The distributions of <random> differ between libraries; plans must not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  double within(Range range) {
    const double share = static_cast<double>(random_() >> 11U) * 0x1.0p-53;
    return rounded_to_ms(range.low + share * (range.high - range.low));
  }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }

 private:
  std::mt19937_64 random_;
};

std::vector<int> pick_cameras(Dice& dice, int camera_count, double fraction) {
  std::vector<int> cameras(static_cast<std::size_t>(camera_count));
  std::iota(cameras.begin(), cameras.end(), 0);
  for (std::size_t left = cameras.size(); left > 1; --left) std::swap(cameras[left - 1], cameras[dice.below(left)]);
  cameras.resize(static_cast<std::size_t>(std::ceil(fraction * camera_count)));
  return cameras;
}

bool to_number(std::string_view text, auto& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

Result<Fault> parse_fault(const std::string& line, int camera_count) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return Error(Code::invalid, "not a JSON object");
  Fault fault;
  try {
    OC_TRY(fault.kind, parse_fault_kind(json.at("kind").get<std::string>()));
    fault.camera = json.at("camera").get<int>();
    fault.begin_s = json.at("begin_s").get<double>();
    fault.end_s = json.at("end_s").get<double>();
    fault.percent = json.value("percent", habit_of(fault.kind).percent.high);
  } catch (const nlohmann::json::exception& error) {
    return Error(Code::invalid, error.what());
  }
  if (fault.camera < kAllCameras || fault.camera >= camera_count)
    return Error(Code::invalid, "there is no such camera");
  if (!(fault.begin_s >= 0 && fault.end_s > fault.begin_s))
    return Error(Code::invalid, "0 <= begin_s < end_s must hold");
  return fault;
}

}  // namespace

Result<FaultPlan> parse_fault_plan(const std::string& text) {
  const auto parts = split(text, ':');
  FaultPlan plan;
  const bool is_number = parts.size() >= 3 && parts.size() <= 4 && to_number(parts[0], plan.seed) &&
                         to_number(parts[1], plan.seconds) && to_number(parts[2], plan.fraction);
  if (!is_number || plan.fraction < 0 || plan.fraction > 1) {
    return Error(Code::invalid,
                 "--faults wants SEED:SECONDS:FRACTION[:KIND,KIND], e.g. 7:1800:0.5, not '" + text + "'");
  }
  for (const auto& name : parts.size() == 4 ? split(parts[3], ',') : fault_names()) {
    OC_TRY(const auto kind, parse_fault_kind(name));
    plan.kinds.push_back(kind);
  }
  if (plan.kinds.empty()) return Error(Code::invalid, "--faults names no kind after the third colon");
  return plan;
}

std::vector<Fault> generate_faults(const FaultPlan& plan, int camera_count) {
  Dice dice(plan.seed);
  std::vector<Fault> faults;
  for (const int camera : pick_cameras(dice, camera_count, plan.fraction)) {
    for (double begin_s = dice.within(kSecondsBeforeFirst);; begin_s += dice.within(kSecondsBetween)) {
      const FaultKind kind = plan.kinds[dice.below(plan.kinds.size())];
      const double end_s = rounded_to_ms(begin_s + dice.within(habit_of(kind).seconds));
      if (end_s > plan.seconds - kQuietSecondsAtEnd) break;
      faults.push_back({camera, kind, rounded_to_ms(begin_s), end_s, dice.within(habit_of(kind).percent)});
      begin_s = end_s;
    }
  }
  std::ranges::stable_sort(faults, {}, &Fault::begin_s);
  return faults;
}

Result<std::vector<Fault>> read_faults(const std::filesystem::path& file, int camera_count) {
  std::ifstream stream(file);
  if (!stream) return Error(Code::not_found, file.string() + " cannot be read");
  std::vector<Fault> faults;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.empty()) continue;
    auto fault = parse_fault(line, camera_count);
    if (!fault) return std::move(fault).error().with_context(file.string() + ":" + std::to_string(number));
    faults.push_back(*fault);
  }
  std::ranges::stable_sort(faults, {}, &Fault::begin_s);
  return faults;
}

std::string to_json(const Fault& fault) {
  const nlohmann::ordered_json json = {{"camera", fault.camera},
                                       {"kind", fault_name(fault.kind)},
                                       {"begin_s", fault.begin_s},
                                       {"end_s", fault.end_s},
                                       {"percent", fault.percent}};
  return json.dump();
}

}  // namespace ocelli::farm
