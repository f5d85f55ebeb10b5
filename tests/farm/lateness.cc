#include "tests/farm/lateness.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ocelli::farm {

void LatenessHistogram::add(std::chrono::nanoseconds late) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(late.count() / 1000, 0));
  ++bins_.at(bin_of(microseconds));
  ++count_;
  maximum_us_ = std::max(maximum_us_, microseconds);
}

/// Values below 8 have bins of their own; from there the three bits after the leading one choose the bin of an octave.
unsigned LatenessHistogram::bin_of(std::uint64_t microseconds) {
  if (microseconds < kBinsPerOctave) return static_cast<unsigned>(microseconds);
  const auto octave = static_cast<unsigned>(std::bit_width(microseconds)) - 4;
  const auto within = static_cast<unsigned>(microseconds >> octave) - kBinsPerOctave;
  return std::min((octave + 1) * kBinsPerOctave + within, kBinsPerOctave * kOctaves - 1);
}

double LatenessHistogram::upper_edge_us(unsigned bin) {
  if (bin < kBinsPerOctave) return bin + 1;
  const unsigned octave = bin / kBinsPerOctave - 1;
  return std::ldexp(bin % kBinsPerOctave + kBinsPerOctave + 1, static_cast<int>(octave));
}

double LatenessHistogram::quantile_ms(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (unsigned bin = 0; bin < bins_.size() && count_ != 0; ++bin) {
    seen += bins_.at(bin);
    if (seen >= wanted) return std::min(upper_edge_us(bin) / 1000, maximum_ms());
  }
  return 0;
}

void LatenessHistogram::merge(const LatenessHistogram& other) {
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) bins_.at(bin) += other.bins_.at(bin);
  count_ += other.count_;
  maximum_us_ = std::max(maximum_us_, other.maximum_us_);
}

}  // namespace ocelli::farm
