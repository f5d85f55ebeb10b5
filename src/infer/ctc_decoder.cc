#include "infer/ctc_decoder.h"

#include <algorithm>
#include <array>
#include <limits>

namespace ocelli::infer {
namespace {

/// Index of the first greatest value; 0 when none is a number. The greatest is sought in lanes, since a model knows
/// ten thousands of characters and a single running maximum cannot be vectorised.
std::size_t most_probable(std::span<const float> values) {
  constexpr std::size_t kLanes = 16;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  std::array<float, kLanes> greatest;
  greatest.fill(kLowest);
  std::size_t begin = 0;
  for (; begin + kLanes <= values.size(); begin += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float value = values[begin + lane];
      greatest[lane] = value > greatest[lane] ? value : greatest[lane];
    }
  }
  float best = *std::max_element(greatest.begin(), greatest.end());
  for (; begin < values.size(); ++begin) best = values[begin] > best ? values[begin] : best;
  const auto found = std::find(values.begin(), values.end(), best);
  return found == values.end() ? 0 : static_cast<std::size_t>(found - values.begin());
}

}  // namespace

CtcDecoder::CtcDecoder(std::string_view characters) : characters_{""} {
  while (!characters.empty()) {
    const std::size_t end = std::min(characters.find('\n'), characters.size());
    characters_.emplace_back(characters.substr(0, end));
    characters.remove_prefix(std::min(end + 1, characters.size()));
  }
  characters_.emplace_back(" ");
}

base::Result<RecognisedText> CtcDecoder::decode(std::span<const float> values) const {
  const std::size_t count = characters_.size();
  if (values.size() % count != 0) {
    return base::Error(base::Code::corrupt, std::to_string(values.size()) + " values are not steps of " +
                                                std::to_string(count) + " characters each");
  }
  RecognisedText result;
  double sum = 0;
  std::size_t read = 0;
  std::size_t last = 0;
  for (std::size_t begin = 0; begin < values.size(); begin += count) {
    const auto step = values.subspan(begin, count);
    const std::size_t character = most_probable(step);
    if (character != 0 && character != last) {
      result.text += characters_[character];
      sum += std::clamp(step[character], 0.F, 1.F);
      ++read;
    }
    last = character;
  }
  if (read > 0) result.score = static_cast<float>(sum / static_cast<double>(read));
  return result;
}

}  // namespace ocelli::infer
