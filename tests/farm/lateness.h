#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

namespace ocelli::farm {

/// How late pictures were sent: counts in bins that widen by an eighth of an octave, so that any figure is within 13 %.
class LatenessHistogram {
 public:
  void add(std::chrono::nanoseconds late);
  /// Upper edge of the bin that holds this share of the pictures, 0 < share <= 1; 0 without pictures.
  double quantile_ms(double share) const;
  double maximum_ms() const { return static_cast<double>(maximum_us_) / 1000; }
  std::uint64_t count() const { return count_; }
  void merge(const LatenessHistogram& other);

 private:
  static constexpr unsigned kBinsPerOctave = 8;
  static constexpr unsigned kOctaves = 32;
  static unsigned bin_of(std::uint64_t microseconds);
  static double upper_edge_us(unsigned bin);

  std::array<std::uint64_t, kBinsPerOctave * kOctaves> bins_{};
  std::uint64_t count_ = 0;
  std::uint64_t maximum_us_ = 0;
};

/// The cameras whose pictures were later than allowed.
struct LateCamera {
  std::uint64_t pictures = 0;
  double maximum_ms = 0;
};
using LateCameras = std::map<int, LateCamera>;

}  // namespace ocelli::farm
