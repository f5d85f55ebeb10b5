#include "infer/batch_trial.h"

#include <array>

#include <gmock/gmock.h>

#include "infer/testing/canned_session.h"
#include "infer/testing/open_session.h"

namespace ocelli::infer {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::size_t, 3> kBatches{1, 2, 4};

class BatchTrialTest : public ::testing::Test {
 protected:
  /// A run takes `always` and `each` for every picture.
  std::vector<BatchCost> costs(std::chrono::milliseconds always, std::chrono::milliseconds each) {
    testing::OpenSession session([&](std::size_t pictures) -> base::Status {
      clock_.advance(always + pictures * each);
      return {};
    });
    return *try_batches(session, kBatches, 3, clock_);
  }

  base::SimulatedClock clock_;
};

TEST_F(BatchTrialTest, MeasuresARunOfEachBatch) {
  const auto measured = costs(6ms, 2ms);
  ASSERT_EQ(measured.size(), 3U);
  EXPECT_EQ(measured[2].batch, 4U);
  EXPECT_EQ(measured[2].run, 14ms);
  EXPECT_DOUBLE_EQ(measured[2].per_picture_ms(), 3.5);
}

TEST_F(BatchTrialTest, TakesTheBatchThatMakesPicturesCheapest) {
  EXPECT_EQ(best_batch(costs(6ms, 2ms)), 4U);
}

TEST_F(BatchTrialTest, StaysWithOnePictureWhereOthersGainLittle) {
  EXPECT_EQ(best_batch(costs(0ms, 10ms)), 1U);
  EXPECT_EQ(best_batch(costs(1ms, 100ms)), 1U);
}

TEST_F(BatchTrialTest, SharesRunsOnlyOnADevice) {
  testing::OpenSession session([&](std::size_t pictures) -> base::Status {
    clock_.advance(6ms + pictures * 1ms);
    return {};
  });
  EXPECT_EQ(*measure_batch(session, clock_), 1U);
  session.use.provider = Provider::cuda;
  EXPECT_EQ(*measure_batch(session, clock_), 8U);
  testing::CannedSession closed(8, {1, 2}, {});
  EXPECT_EQ(*measure_batch(closed, clock_), 1U);
}

TEST_F(BatchTrialTest, RefusesAModelWhoseBatchIsNotOpen) {
  testing::CannedSession closed(8, {1, 2}, {});
  EXPECT_EQ(try_batches(closed, kBatches, 3, clock_).error().code(), base::Code::unsupported);
}

}  // namespace
}  // namespace ocelli::infer
