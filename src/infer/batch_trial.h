#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "infer/backend.h"

namespace ocelli::infer {

/// What a picture costs in runs of so many.
struct BatchCost {
  std::size_t batch = 1;
  std::chrono::nanoseconds run{};  ///< median
  double per_picture_ms() const {
    return std::chrono::duration<double, std::milli>(run).count() / static_cast<double>(batch);
  }
};

/// Runs a model whose batch is open with each number of pictures, in turns, `runs` times after two that do not count.
/// The pictures are black. `unsupported` where the batch, or the runtime, takes no other size.
base::Result<std::vector<BatchCost>> try_batches(Session& session, std::span<const std::size_t> batches, int runs,
                                                 const base::Clock& clock);

/// The batch that costs least for a picture, if that is at least a tenth less than alone; else 1: waiting for others
/// makes an answer late, so it has to pay. `costs` has one for batch 1.
std::size_t best_batch(std::span<const BatchCost> costs);

/// How many pictures should share a run of this session: 1 on the processor, where sharing does not pay
/// (docs/performance.md), and where the batch is not open; else what best_batch() says of up to eight.
base::Result<std::size_t> measure_batch(Session& session, const base::Clock& clock);

}  // namespace ocelli::infer
