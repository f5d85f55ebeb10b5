#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "eval/pairing.h"

namespace ocelli::eval {

// Each measure is kept as sums, which add up over sequences; shares are taken at the end, 0…1. That is what TrackEval
// calls combined. Whoever has no true box and no result scores 0.

/// Localisation thresholds of HOTA: .05, .10 … .95.
inline constexpr std::size_t kAlphas = 19;
double alpha(std::size_t index);

/// Higher order tracking accuracy. Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-object Tracking",
/// IJCV 2021. All three are means over the thresholds.
struct HotaScore {
  std::array<std::int64_t, kAlphas> matched{};
  std::array<double, kAlphas> association{};  ///< summed over matches: the share of both identities that they share
  std::int64_t truths = 0;                    ///< true boxes
  std::int64_t results = 0;                   ///< the tracker's boxes

  double hota() const;
  double detection() const;             ///< DetA
  double association_accuracy() const;  ///< AssA
  HotaScore& operator+=(const HotaScore& other);

 private:
  double detection(std::size_t index) const;
  double association_accuracy(std::size_t index) const;
};

/// Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics", 2008.
struct ClearScore {
  std::int64_t matched = 0;
  std::int64_t missed = 0;    ///< true boxes without a result (FN)
  std::int64_t surplus = 0;   ///< results without a true box (FP)
  std::int64_t switches = 0;  ///< a true identity gets another of the tracker's than it had last (IDs)

  double mota() const;  ///< may be negative; 0 without any true box
  ClearScore& operator+=(const ClearScore& other);
};

/// Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", 2016.
struct IdentityScore {
  std::int64_t matched = 0;  ///< boxes of the best one-to-one matching of whole identities
  std::int64_t truths = 0;
  std::int64_t results = 0;

  double idf1() const;
  IdentityScore& operator+=(const IdentityScore& other);
};

struct Score {
  HotaScore hota;
  ClearScore clear;
  IdentityScore identity;

  Score& operator+=(const Score& other);
};

HotaScore measure_hota(const PairedSequence& sequence);
ClearScore measure_clear(const PairedSequence& sequence);
IdentityScore measure_identity(const PairedSequence& sequence);
Score measure(const PairedSequence& sequence);

}  // namespace ocelli::eval
