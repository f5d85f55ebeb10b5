#include "base/suggest.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace ocelli::base {
namespace {

// Longer names are not typed by hand, and the distance below is quadratic.
constexpr std::size_t kMaxLength = 64;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

/// Optimal string alignment distance: insert, delete, replace, or swap two neighbours, each at cost 1.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_above(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
    std::swap(two_above, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view typed, std::span<const std::string> candidates) {
  if (typed.empty() || typed.size() > kMaxLength) return {};
  const std::string wanted = lower(typed);
  std::string nearest;
  std::size_t smallest = std::numeric_limits<std::size_t>::max();
  for (const auto& candidate : candidates) {
    if (candidate.size() > kMaxLength) continue;
    const std::size_t found = distance(wanted, lower(candidate));
    const std::size_t allowed = std::max(wanted.size(), candidate.size()) / 3;
    if (found <= allowed && found < smallest) {
      smallest = found;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string did_you_mean(std::string_view typed, std::span<const std::string> candidates) {
  const std::string nearest = nearest_name(typed, candidates);
  return nearest.empty() ? "" : " (did you mean '" + nearest + "'?)";
}

}  // namespace ocelli::base
