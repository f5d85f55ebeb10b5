#include "infer/binding_pool.h"

#include <optional>
#include <thread>

#include <gmock/gmock.h>

#include "infer/backend.h"
#include "infer/testing/canned_session.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;

class BindingPoolTest : public ::testing::Test {
 protected:
  testing::CannedSession session_{8, {1, 2}, {1, 2}};
};

TEST_F(BindingPoolTest, LendsTheSameMemoryAgain) {
  const void* memory = nullptr;
  for (int run = 0; run < 100; ++run) {
    const auto binding = session_.lease_binding();
    ASSERT_TRUE(binding);
    if (run == 0) memory = (*binding)->input(0).data();
    EXPECT_EQ((*binding)->input(0).data(), memory);
  }
  const auto counts = session_.bindings().counts();
  EXPECT_EQ(counts.hits, 99U);
  EXPECT_EQ(counts.misses, 1U);
  EXPECT_EQ(counts.bindings, 1U);
  EXPECT_DOUBLE_EQ(counts.hit_rate(), 0.99);
}

TEST_F(BindingPoolTest, HasAsManyAsWereOnLoanAtOnce) {
  {
    const auto first = session_.lease_binding();
    const auto second = session_.lease_binding();
    EXPECT_NE((*first)->input(0).data(), (*second)->input(0).data());
  }
  {
    const auto third = session_.lease_binding();
  }
  EXPECT_EQ(session_.bindings().counts().bindings, 2U);
}

TEST_F(BindingPoolTest, LendsFirstWhatCameBackLast) {
  auto first = session_.lease_binding();
  std::optional second = *session_.lease_binding();
  const void* warm = (*second)->input(0).data();
  {
    const BindingLease gone = std::move(*first);
  }
  second.reset();
  EXPECT_EQ((*session_.lease_binding())->input(0).data(), warm);
}

TEST_F(BindingPoolTest, TellsWhyThereIsNone) {
  BindingPool pool;
  const auto refused = pool.take([] { return base::Error(base::Code::exhausted, "out of memory"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::exhausted);
  EXPECT_EQ(pool.counts().bindings, 0U);
  EXPECT_DOUBLE_EQ(pool.counts().hit_rate(), 1);
}

TEST_F(BindingPoolTest, ServesManyStreamsWithABindingForEachWorker) {
  constexpr std::size_t kWorkers = 4;
  constexpr std::size_t kRuns = 2000;
  std::vector<std::jthread> workers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([this, worker] {
      for (std::size_t run = 0; run < kRuns; ++run) {
        auto binding = session_.lease_binding();
        ASSERT_TRUE(binding);
        auto* const mine = static_cast<float*>((*binding)->input(0).data());
        *mine = static_cast<float>(worker);
        ASSERT_TRUE(session_.run(**binding));
        ASSERT_EQ(*mine, static_cast<float>(worker));
      }
    });
  }
  workers.clear();
  const auto counts = session_.bindings().counts();
  EXPECT_LE(counts.bindings, kWorkers);
  EXPECT_EQ(counts.hits + counts.misses, kWorkers * kRuns);
  EXPECT_GE(counts.hit_rate(), 0.99);
}

TEST_F(BindingPoolTest, PublishesItsCounts) {
  base::Metrics metrics;
  ASSERT_TRUE(session_.lease_binding());
  session_.bindings().publish(metrics, "tiny");
  for (int run = 0; run < 2; ++run) ASSERT_TRUE(session_.lease_binding());
  const std::string text = metrics.expose();
  EXPECT_THAT(text, HasSubstr("ocelli_tensor_pool_hits_total{model=\"tiny\"} 2"));
  EXPECT_THAT(text, HasSubstr("ocelli_tensor_pool_misses_total{model=\"tiny\"} 1"));
  EXPECT_THAT(text, HasSubstr("ocelli_tensor_pool_bindings{model=\"tiny\"} 1"));
}

}  // namespace
}  // namespace ocelli::infer
