#include "infer/batch_trial.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "infer/session_bench.h"

namespace ocelli::infer {
namespace {

using std::chrono::nanoseconds;

constexpr int kWarmUpRuns = 2;
constexpr double kWorthIt = 0.9;  // of the cost alone

}  // namespace

base::Result<std::vector<BatchCost>> try_batches(Session& session, std::span<const std::size_t> batches, int runs,
                                                 const base::Clock& clock) {
  OC_CHECK(runs > 0 && session.inputs().size() == 1 && !session.inputs()[0].shape.empty());
  auto shape = session.inputs()[0].shape;
  if (shape[0] >= 0) {
    return base::Error(base::Code::unsupported, "input " + session.inputs()[0].to_string() + " has no open batch");
  }
  OC_TRY(const auto binding, session.make_open_binding());
  std::vector<std::vector<nanoseconds>> times(batches.size());
  for (int round = -kWarmUpRuns; round < runs; ++round) {
    for (std::size_t i = 0; i < batches.size(); ++i) {
      shape[0] = static_cast<std::int64_t>(batches[i]);
      OC_TRY([[maybe_unused]] const void* input, binding->shape_input(0, shape));
      const auto begin = clock.now();
      OC_TRY_STATUS(binding->run());
      if (round >= 0) times[i].push_back(clock.now() - begin);
    }
  }
  std::vector<BatchCost> costs;
  for (std::size_t i = 0; i < batches.size(); ++i) costs.push_back({batches[i], quantile(times[i], 0.5)});
  return costs;
}

std::size_t best_batch(std::span<const BatchCost> costs) {
  const auto alone = std::find_if(costs.begin(), costs.end(), [](const BatchCost& cost) { return cost.batch == 1; });
  OC_CHECK(alone != costs.end());
  const auto best = std::min_element(costs.begin(), costs.end(), [](const BatchCost& a, const BatchCost& b) {
    return a.per_picture_ms() < b.per_picture_ms();
  });
  return best->per_picture_ms() <= kWorthIt * alone->per_picture_ms() ? best->batch : 1;
}

base::Result<std::size_t> measure_batch(Session& session, const base::Clock& clock) {
  constexpr std::array<std::size_t, 4> kBatches{1, 2, 4, 8};
  constexpr int kRuns = 5;
  if (session.provider().provider == Provider::cpu) return 1;
  const auto costs = try_batches(session, kBatches, kRuns, clock);
  if (costs) return best_batch(*costs);
  if (costs.error().code() == base::Code::unsupported) return 1;
  return costs.error();
}

}  // namespace ocelli::infer
