#include "infer/batcher.h"

#include <algorithm>
#include <latch>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "infer/testing/canned_session.h"
#include "infer/testing/open_session.h"

namespace ocelli::infer {
namespace {

using namespace std::chrono_literals;
using base::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kRunTime = 10ms;

class BatcherTest : public ::testing::Test {
 protected:
  void make(const BatcherConfig& config) {
    const auto session = std::make_shared<testing::OpenSession>([this](std::size_t pictures) -> base::Status {
      batches_.push_back(pictures);
      clock_.advance(kRunTime);
      if (fails_) return base::Error(Code::internal, "the runtime stumbled");
      return {};
    });
    auto batcher = Batcher::create(session, config, clock_, [this] { ++wakes_; });
    ASSERT_TRUE(batcher) << batcher.error().message();
    batcher_ = std::move(*batcher);
  }

  /// What a stream hears is noted as "<stream>: <sum of its picture>" or "<stream>: <code>".
  BatchRequest request(StreamId stream, float level = 1) {
    BatchRequest request;
    request.stream = stream;
    request.fill = [level](void* input) -> base::Result<vision::Letterbox> {
      std::fill_n(static_cast<float*>(input), testing::OpenSession::kPictureFloats, level);
      return vision::Letterbox{};
    };
    request.done = [this, stream](const base::Result<ModelOutput>& output) {
      heard_.push_back(std::to_string(stream) + ": " +
                       (output ? std::to_string(static_cast<int>(output->floats(0)[0]))
                               : std::string(base::code_name(output.error().code()))));
    };
    return request;
  }
  base::Status submit(StreamId stream, float level = 1) { return batcher_->submit(request(stream, level)); }
  base::Status submit_until(StreamId stream, base::SteadyTime deadline) {
    auto wanted = request(stream);
    wanted.deadline = deadline;
    return batcher_->submit(std::move(wanted));
  }

  base::SimulatedClock clock_;
  std::vector<std::size_t> batches_;
  std::vector<std::string> heard_;
  int wakes_ = 0;
  bool fails_ = false;
  std::unique_ptr<Batcher> batcher_;  // the last member: its end is heard too
};

TEST_F(BatcherTest, RunsEachPictureAtOnceUnlessTold) {
  make({});
  const auto begin = clock_.now();
  ASSERT_TRUE(submit(1));
  ASSERT_TRUE(submit(2, 2));
  EXPECT_EQ(wakes_, 2);
  EXPECT_EQ(batcher_->run_due(), begin);  // the second is due since it came
  EXPECT_EQ(batcher_->run_due(), std::nullopt);
  EXPECT_THAT(batches_, ElementsAre(1, 1));
  EXPECT_THAT(heard_, ElementsAre("1: 12", "2: 24"));
}

TEST_F(BatcherTest, GivesEachStreamItsOwnResultOfAFullBatch) {
  make({.max_batch = 3, .max_wait = 1h});
  ASSERT_TRUE(submit(1, 1));
  ASSERT_TRUE(submit(2, 2));
  EXPECT_EQ(batcher_->run_due(), clock_.now() + 1h);
  EXPECT_THAT(heard_, IsEmpty());
  ASSERT_TRUE(submit(3, 3));
  EXPECT_EQ(batcher_->run_due(), std::nullopt);
  EXPECT_THAT(batches_, ElementsAre(3));
  EXPECT_THAT(heard_, ElementsAre("1: 12", "2: 24", "3: 36"));
}

TEST_F(BatcherTest, DoesNotLetTheFirstWaitLongerThanItMay) {
  make({.max_batch = 8, .max_wait = 5ms});
  ASSERT_TRUE(submit(1));
  clock_.advance(3ms);
  ASSERT_TRUE(submit(2));
  EXPECT_EQ(batcher_->run_due(), clock_.now() + 2ms);
  clock_.advance(2ms);
  EXPECT_EQ(batcher_->run_due(), std::nullopt);
  EXPECT_THAT(batches_, ElementsAre(2));
}

TEST_F(BatcherTest, RunsEarlyEnoughForADeadline) {
  make({.max_batch = 8, .max_wait = 1h});
  ASSERT_TRUE(submit_until(1, clock_.now()));
  batcher_->run_due();  // learns how long a run takes
  ASSERT_TRUE(submit_until(2, clock_.now() + 15ms));
  EXPECT_EQ(batcher_->run_due(), clock_.now() + 15ms - kRunTime);
  clock_.advance(15ms - kRunTime);
  EXPECT_EQ(batcher_->run_due(), std::nullopt);
  EXPECT_THAT(heard_, ElementsAre("1: 12", "2: 12"));
}

TEST_F(BatcherTest, DoesNotRunWhatIsTooLate) {
  make({});
  ASSERT_TRUE(submit_until(1, clock_.now() + 5ms));
  ASSERT_TRUE(submit(2));
  clock_.advance(6ms);
  batcher_->run_due();
  EXPECT_THAT(heard_, ElementsAre("1: timeout", "2: 12"));
  EXPECT_EQ(batcher_->counts().timed_out, 1U);
  EXPECT_THAT(batches_, ElementsAre(1));
}

TEST_F(BatcherTest, LetsStreamsTakeTurns) {
  make({.max_batch = 2, .max_waiting_per_stream = 3});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(submit(1));
  ASSERT_TRUE(submit(2));
  ASSERT_TRUE(submit(3));
  ASSERT_TRUE(submit(3));
  while (batcher_->run_due()) {
  }
  EXPECT_THAT(batches_, ElementsAre(2, 2, 2));
  EXPECT_THAT(heard_, ElementsAre("1: 12", "2: 12", "3: 12", "1: 12", "3: 12", "1: 12"));
}

TEST_F(BatcherTest, RefusesWhatItCannotHold) {
  make({.max_batch = 1, .max_waiting = 3, .max_waiting_per_stream = 2});
  ASSERT_TRUE(submit(1));
  ASSERT_TRUE(submit(1));
  const auto of_stream = submit(1);
  ASSERT_FALSE(of_stream);
  EXPECT_EQ(of_stream.error().code(), Code::exhausted);
  EXPECT_THAT(of_stream.error().message(), HasSubstr("2 of this stream"));
  ASSERT_TRUE(submit(2));
  EXPECT_EQ(submit(3).error().code(), Code::exhausted);
  EXPECT_EQ(batcher_->counts().refused, 2U);
  while (batcher_->run_due()) {
  }
  EXPECT_EQ(heard_.size(), 3U);  // nothing is heard of what was refused
  EXPECT_TRUE(submit(3));
}

TEST_F(BatcherTest, EndsWhatARemovedStreamHasWaiting) {
  make({.max_batch = 4, .max_wait = 1h});
  ASSERT_TRUE(submit(1));
  ASSERT_TRUE(submit(2));
  ASSERT_TRUE(submit(1));
  batcher_->cancel(1);
  EXPECT_THAT(heard_, ElementsAre("1: cancelled", "1: cancelled"));
  clock_.advance(1h);
  batcher_->run_due();
  EXPECT_THAT(heard_, ElementsAre("1: cancelled", "1: cancelled", "2: 12"));
  batcher_->cancel(7);  // has nothing
  EXPECT_EQ(batcher_->counts().cancelled, 2U);
}

TEST_F(BatcherTest, RemovesAStreamOnlyAfterTheRunThatHasItsPicture) {
  make({});
  std::latch filling(1);
  std::latch go_on(1);
  auto wanted = request(1);
  wanted.fill = [&](void*) -> base::Result<vision::Letterbox> {
    filling.count_down();
    go_on.wait();
    return vision::Letterbox{};
  };
  ASSERT_TRUE(batcher_->submit(std::move(wanted)));
  std::jthread runner([this] { batcher_->run_due(); });
  filling.wait();
  std::jthread remover([this] {
    batcher_->cancel(1);
    EXPECT_EQ(heard_.size(), 1U);
  });
  go_on.count_down();
}

TEST_F(BatcherTest, EndsOnlyThePictureThatCannotBeMade) {
  make({.max_batch = 2});
  auto bad = request(1);
  bad.fill = [](void*) -> base::Result<vision::Letterbox> { return base::Error(Code::invalid, "no pixels"); };
  ASSERT_TRUE(batcher_->submit(std::move(bad)));
  ASSERT_TRUE(submit(2, 2));
  batcher_->run_due();
  EXPECT_THAT(heard_, ElementsAre("1: invalid", "2: 24"));
}

TEST_F(BatcherTest, TellsAllOfABatchWhyItFailed) {
  make({.max_batch = 2});
  fails_ = true;
  ASSERT_TRUE(submit(1));
  ASSERT_TRUE(submit(2));
  batcher_->run_due();
  EXPECT_THAT(heard_, ElementsAre("1: internal", "2: internal"));
}

TEST_F(BatcherTest, EndsEverythingWhenItIsClosed) {
  make({.max_batch = 4, .max_wait = 1h});
  ASSERT_TRUE(submit(1));
  ASSERT_TRUE(submit(2));
  batcher_->close();
  batcher_->close();
  EXPECT_THAT(heard_, ElementsAre("1: cancelled", "2: cancelled"));
  EXPECT_EQ(submit(1).error().code(), Code::cancelled);
  EXPECT_EQ(batcher_->run_due(), std::nullopt);
}

TEST_F(BatcherTest, RefusesAModelWhoseBatchIsNotOpen) {
  const auto closed =
      std::make_shared<testing::CannedSession>(8, std::vector<std::int64_t>{1, 2}, std::vector<float>{});
  const auto refused = Batcher::create(closed, {.max_batch = 2}, clock_, [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unsupported);
  EXPECT_THAT(refused.error().message(), HasSubstr("images float32[1,3,8,8] has no open batch"));
}

}  // namespace
}  // namespace ocelli::infer
