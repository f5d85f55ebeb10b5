#include "eval/score.h"

namespace ocelli::eval {

Score& Score::operator+=(const Score& other) {
  hota += other.hota;
  clear += other.clear;
  identity += other.identity;
  return *this;
}

Score measure(const PairedSequence& sequence) {
  return {measure_hota(sequence), measure_clear(sequence), measure_identity(sequence)};
}

}  // namespace ocelli::eval
