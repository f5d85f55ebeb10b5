#include "events/explain.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace ocelli::events {
namespace {

struct Unit {
  std::string_view ending;  ///< of the gate's name
  std::string_view words;   ///< behind a number
  double factor = 1;        ///< from the gate's value to the number
};

// The longest ending that fits counts, so longer ones stand before those that they end with.
constexpr std::array<Unit, 16> kUnits = {{
    {"_px_per_frame", " px/frame"},
    {"_px_frame", " px/frame"},
    {"_px_per_s", " px/s"},
    {"_px_s", " px/s"},
    {"_m_per_s", " m/s"},
    {"_m_s", " m/s"},
    {"_kmh", " km/h"},
    {"_share", " %", 100},
    {"_percent", " %"},
    {"_deg", "°"},
    {"_ms", " ms"},
    {"_px", " px"},
    {"_hz", " Hz"},
    {"_m2", " m²"},
    {"_m", " m"},
    {"_s", " s"},
}};

const Unit* unit_of(std::string_view name) {
  const auto* found = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& unit) {
    return name.size() > unit.ending.size() && name.ends_with(unit.ending);
  });
  return found == kUnits.end() ? nullptr : &*found;
}

/// Three digits are what a reader can use; a whole number is whole, and a value that just missed its threshold must not
/// look like it.
std::string number_words(double value, int digits) {
  if (std::isnan(value)) return "unknown";
  if (std::isinf(value)) return value > 0 ? "∞" : "-∞";
  if (value == std::round(value) && std::abs(value) < 1e9) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}g}", value, digits);
}

struct Numbers {
  std::string value;
  std::string threshold;
};

Numbers numbers_of(const Gate& gate, double factor) {
  constexpr int kMostDigits = 9;
  Numbers numbers;
  for (int digits = 3; digits <= kMostDigits; ++digits) {
    numbers = {number_words(gate.value * factor, digits), number_words(gate.threshold * factor, digits)};
    if (gate.passed || numbers.value != numbers.threshold) break;
  }
  return numbers;
}

std::string joined(std::span<const Gate> gates, bool passed) {
  std::string text;
  for (const Gate& gate : gates) {
    if (gate.passed != passed) continue;
    if (!text.empty()) text += ", ";
    text += gate_words(gate);
  }
  return text;
}

}  // namespace

std::string type_words(std::string_view type_name) {
  std::string words(type_name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string gate_words(const Gate& gate) {
  const char* need = gate.need == Need::at_least ? "need" : "at most";
  const Unit* unit = unit_of(gate.name);
  const Numbers numbers = numbers_of(gate, unit == nullptr ? 1 : unit->factor);
  if (unit == nullptr) {
    return fmt::format("{} {} ({} {})", numbers.value, type_words(gate.name), need, numbers.threshold);
  }
  const std::string_view name(gate.name.data(), gate.name.size() - unit->ending.size());
  return fmt::format("{} {}{} ({} {}{})", type_words(name), numbers.value, unit->words, need, numbers.threshold,
                     unit->words);
}

std::string gates_words(std::span<const Gate> gates) {
  if (gates.empty()) return "no conditions";
  const std::string passed = joined(gates, true);
  const std::string failed = joined(gates, false);
  if (failed.empty()) return passed;
  return passed.empty() ? "but " + failed : passed + ", but " + failed;
}

std::string fired_words(std::span<const Gate> gates) {
  return "fired: " + gates_words(gates);
}

std::string near_miss_words(std::span<const Gate> gates) {
  return "would have fired: " + gates_words(gates);
}

}  // namespace ocelli::events
