#include "infer/batcher.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "infer/testing/canned_session.h"
#include "infer/testing/open_session.h"

namespace ocelli::infer {
namespace {

using namespace std::chrono_literals;
using base::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BatcherTest : public ::testing::Test {
 protected:
  void make(const BatcherConfig& config) {
    const auto session = std::make_shared<testing::OpenSession>([this](std::size_t pictures) -> base::Status {
      sizes_.push_back(pictures);
      if (on_run_) on_run_();
      if (fails_) return base::Error(Code::internal, "the runtime stumbled");
      return {};
    });
    auto batcher = Batcher::create(session, config);
    ASSERT_TRUE(batcher) << batcher.error().message();
    batcher_ = std::move(*batcher);
  }

  Batcher::Place take() {
    auto place = batcher_->take();
    EXPECT_TRUE(place) << place.error().message();
    return *std::move(place);
  }
  static void write(const Batcher::Place& place, float level) {
    std::fill_n(static_cast<float*>(place.input()), testing::OpenSession::kPictureFloats, level);
  }
  static float sum_of(const Batcher::Place& place) {
    const auto bytes = place.output(0);
    EXPECT_EQ(bytes.size(), sizeof(float));
    return *reinterpret_cast<const float*>(bytes.data());
  }
  /// The whole way of one picture: the sum that comes back.
  float look(float level) {
    auto place = take();
    write(place, level);
    EXPECT_TRUE(place.run());
    return sum_of(place);
  }

  std::vector<std::size_t> sizes_;  // of the runs
  std::function<void()> on_run_;
  bool fails_ = false;
  std::unique_ptr<Batcher> batcher_;
};

TEST_F(BatcherTest, DoesNotKeepALonelyPictureWaiting) {
  make({.max_batch = 8});
  EXPECT_EQ(look(1), 12);
  EXPECT_EQ(look(2), 24);
  EXPECT_THAT(sizes_, ElementsAre(1, 1));
}

TEST_F(BatcherTest, GivesEachPictureItsOwnResult) {
  make({.max_batch = 2});
  auto first = take();
  auto second = take();
  write(second, 2);
  write(first, 1);
  std::jthread other([&] { EXPECT_TRUE(first.run()); });
  EXPECT_TRUE(second.run());
  other.join();
  EXPECT_EQ(sum_of(first), 12);
  EXPECT_EQ(sum_of(second), 24);
  EXPECT_THAT(sizes_, ElementsAre(2));
}

TEST_F(BatcherTest, CollectsWhileTheModelRuns) {
  make({.max_batch = 4});
  std::latch running(1);
  std::latch go_on(1);
  on_run_ = [&, first = true]() mutable {
    if (!std::exchange(first, false)) return;
    running.count_down();
    go_on.wait();
  };
  std::jthread alone([&] { EXPECT_EQ(look(1), 12); });
  running.wait();
  std::vector<std::jthread> others;
  std::latch written(3);
  for (int i = 2; i <= 4; ++i) {
    others.emplace_back([&, i] {
      auto place = take();
      write(place, static_cast<float>(i));
      written.count_down();
      EXPECT_TRUE(place.run());
      EXPECT_EQ(sum_of(place), static_cast<float>(12 * i));
    });
  }
  written.wait();
  take();  // a place given up at once costs the others nothing
  go_on.count_down();
  others.clear();
  EXPECT_THAT(sizes_, ElementsAre(1, 4));
  EXPECT_EQ(batcher_->counts().runs, 2U);
}

TEST_F(BatcherTest, RunsSizesThatTheDeviceKnows) {
  make({.max_batch = 6});
  for (const std::size_t pictures : {3U, 5U, 6U}) {
    std::vector<Batcher::Place> places;
    for (std::size_t i = 0; i < pictures; ++i) places.push_back(take());
    std::vector<std::jthread> callers;
    for (auto& place : places) {
      callers.emplace_back([&place] {
        write(place, 1);
        EXPECT_TRUE(place.run());
        EXPECT_EQ(sum_of(place), 12);
      });
    }
    callers.clear();
  }
  EXPECT_THAT(sizes_, ElementsAre(4, 6, 6));
  EXPECT_EQ(batcher_->counts().pictures, 14U);
}

TEST_F(BatcherTest, GivesPlacesInTheOrderOfAsking) {
  make({.max_batch = 1, .patience = 1h});
  std::optional<Batcher::Place> first(take());
  std::optional<Batcher::Place> second(take());
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t waiting = static_cast<std::uint64_t>(i) + 1;
    callers.emplace_back([&, i] {
      const auto place = take();
      const std::lock_guard lock(mutex);
      order.push_back(i);
    });
    while (batcher_->counts().waiting < waiting) std::this_thread::yield();
  }
  first.reset();
  callers.clear();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST_F(BatcherTest, RefusesWhatItCannotHold) {
  make({.max_batch = 1, .max_waiting = 0});
  auto refused = batcher_->take();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::exhausted);
  EXPECT_EQ(batcher_->counts().refused, 1U);
}

TEST_F(BatcherTest, GivesUpWhenNoPlaceComesInTime) {
  make({.max_batch = 1, .patience = 1ms});
  const auto first = take();
  const auto second = take();
  auto late = batcher_->take();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::timeout);
  EXPECT_EQ(batcher_->counts().timed_out, 1U);
}

TEST_F(BatcherTest, GoesOnWhenPlacesAreGivenUp) {
  make({.max_batch = 2});
  for (int i = 0; i < 10; ++i) take();  // a camera that was removed, ten times
  auto given_up = std::make_optional(take());
  auto kept = take();
  write(kept, 1);
  std::jthread other([&] { EXPECT_TRUE(kept.run()); });
  given_up.reset();
  other.join();
  EXPECT_EQ(sum_of(kept), 12);
}

TEST_F(BatcherTest, TellsAllOfABatchWhyItFailed) {
  make({.max_batch = 2});
  fails_ = true;
  auto first = take();
  auto second = take();
  std::jthread other([&] { EXPECT_EQ(first.run().error().code(), Code::internal); });
  EXPECT_EQ(second.run().error().code(), Code::internal);
  other.join();
  fails_ = false;
  EXPECT_EQ(look(1), 12) << "the other batch is whole";
}

TEST_F(BatcherTest, SendsThoseAwayWhoWaitWhenItCloses) {
  make({.max_batch = 1, .patience = 1h});
  const auto first = take();
  const auto second = take();
  std::jthread waiting([&] { EXPECT_EQ(batcher_->take().error().code(), Code::cancelled); });
  while (batcher_->counts().waiting == 0) std::this_thread::yield();
  batcher_->close();
  batcher_->close();
  waiting.join();
  EXPECT_EQ(batcher_->take().error().code(), Code::cancelled);
}

TEST_F(BatcherTest, AnswersManyStreamsEachWithItsOwn) {
  make({.max_batch = 4});
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> streams;
  for (int stream = 1; stream <= 8; ++stream) {
    streams.emplace_back([&, stream] {
      for (int i = 0; i < 500; ++i) {
        const auto level = static_cast<float>(stream * 1'000 + i);
        if (look(level) != 12 * level) ++wrong;
      }
    });
  }
  streams.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(batcher_->counts().pictures, 4'000U);
}

TEST_F(BatcherTest, RefusesAModelWhoseBatchIsNotOpen) {
  const auto closed =
      std::make_shared<testing::CannedSession>(8, std::vector<std::int64_t>{1, 2}, std::vector<float>{});
  const auto refused = Batcher::create(closed, {.max_batch = 2});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unsupported);
  EXPECT_THAT(refused.error().message(), HasSubstr("images float32[1,3,8,8] has no open batch"));
}

}  // namespace
}  // namespace ocelli::infer
