#include "infer/model_runner.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "infer/testing/open_session.h"
#include "infer/testing/white_frame.h"

namespace ocelli::infer {
namespace {

using testing::white;

class SharedRunsTest : public ::testing::Test {
 protected:
  void make(const BatcherConfig& config) {
    card_.name = "sum";
    card_.input.width = card_.input.height = 2;
    session_ = std::make_shared<testing::OpenSession>([](std::size_t /*pictures*/) -> base::Status { return {}; });
    auto batcher = Batcher::create(session_, config);
    ASSERT_TRUE(batcher) << batcher.error().message();
    batcher_ = *std::move(batcher);
  }
  ModelRunner make_runner() {
    auto runner = ModelRunner::create(card_, session_, batcher_);
    EXPECT_TRUE(runner) << runner.error().message();
    return *std::move(runner);
  }

  ModelCard card_;
  std::shared_ptr<testing::OpenSession> session_;
  std::shared_ptr<Batcher> batcher_;
};

TEST_F(SharedRunsTest, GiveEachStreamItsOwnAnswer) {
  make({.max_batch = 4});
  std::atomic<int> right = 0;
  std::vector<std::jthread> streams;
  for (int stream = 0; stream < 6; ++stream) {
    streams.emplace_back([this, &right] {
      auto runner = make_runner();
      const auto frame = white(2, 2);
      for (int i = 0; i < 100; ++i) {
        RunTimes times;
        const auto output = runner.run(*frame, whole(*frame), nullptr, times);
        if (output && std::abs(output->floats(0)[0] - 12) < 0.1F && times.run.count() > 0) ++right;
      }
    });
  }
  streams.clear();
  EXPECT_EQ(right, 600);
  EXPECT_EQ(batcher_->counts().pictures, 600U);
}

TEST_F(SharedRunsTest, SayThatTheModelIsBusy) {
  make({.max_batch = 1, .max_waiting = 0});
  auto runner = make_runner();
  const auto frame = white(2, 2);
  RunTimes times;
  const auto refused = runner.run(*frame, whole(*frame), nullptr, times);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::exhausted);
}

}  // namespace
}  // namespace ocelli::infer
