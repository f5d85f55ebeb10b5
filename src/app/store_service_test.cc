#include "app/store_service.h"

#include <future>
#include <latch>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "store/testing/fixture.h"

namespace ocelli::app {
namespace {

using base::Code;
using store::testing::make_event;
using ::testing::HasSubstr;
using Answer = base::Result<std::string>;

class StoreServiceTest : public store::testing::StoreTest {
 protected:
  Answer find(const store::EventQuery& query) {
    std::promise<Answer> answer;
    service_.find(query, [&](Answer json) { answer.set_value(std::move(json)); });
    return answer.get_future().get();
  }
  Answer explain(const store::WhyQuestion& question) {
    std::promise<Answer> answer;
    service_.explain(question, [&](Answer json) { answer.set_value(std::move(json)); });
    return answer.get_future().get();
  }

  base::Executor workers_{"worker", 1};
  StoreService service_{config_.path, workers_};
};

TEST_F(StoreServiceTest, GivesPagesOfEvents) {
  store({make_event(1, 1), make_event(2, 2), make_event(3, 3)});
  const auto first = nlohmann::json::parse(*find({.limit = 2}));
  ASSERT_EQ(first["events"].size(), 2U);
  EXPECT_EQ(first["events"][0]["id"], "gate/3");
  const auto place = store::parse_place(first["next"].get<std::string>());
  ASSERT_TRUE(place);
  const auto second = nlohmann::json::parse(*find({.limit = 2, .after = place}));
  ASSERT_EQ(second["events"].size(), 1U);
  EXPECT_EQ(second["events"][0]["id"], "gate/1");
  EXPECT_TRUE(second["next"].is_null());
}

TEST_F(StoreServiceTest, ExplainsEvents) {
  store({make_event(1)});
  EXPECT_EQ(nlohmann::json::parse(*explain({.event = "gate/1"}))["verdict"], "fired");
  EXPECT_EQ(explain({.event = "gate/9"}).error().code(), Code::not_found);
  EXPECT_EQ(explain({.camera = "gate"}).error().code(), Code::invalid);
}

TEST_F(StoreServiceTest, SaysThatNothingCanBeReadYet) {
  const auto answer = find({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_THAT(answer.error().message(), HasSubstr("nothing can be read from the store yet"));
}

TEST_F(StoreServiceTest, SeesTheNewFileWhenTheOldOneWasSetAside) {
  store({make_event(1)});
  ASSERT_TRUE(explain({.event = "gate/1"}));
  std::filesystem::rename(config_.path, config_.path + ".broken");
  store({make_event(2)});
  EXPECT_TRUE(explain({.event = "gate/2"}));
  EXPECT_FALSE(explain({.event = "gate/1"}));
}

/// Keeps the only worker busy, so that questions wait.
class BusyStoreServiceTest : public StoreServiceTest {
 protected:
  BusyStoreServiceTest() : busy_(workers_, [this] { return block(); }) { busy_.wake(); }
  ~BusyStoreServiceTest() override {
    service_.close();
    free_worker();
  }

  void free_worker() {
    if (!free_) may_go_.count_down();
    free_ = true;
  }
  void ask() {
    service_.find({},
                  [this](const Answer& answer) { codes_.push_back(answer ? Code::internal : answer.error().code()); });
  }

  std::vector<Code> codes_;  // of the test's thread while the worker is busy

 private:
  base::StepOutcome block() {
    may_go_.wait();
    return base::StepOutcome::idle;
  }
  std::latch may_go_{1};
  bool free_ = false;
  base::Strand busy_;
};

TEST_F(BusyStoreServiceTest, RefusesWhatWouldWaitTooLong) {
  for (std::size_t i = 0; i < StoreService::kMostQuestions; ++i) ask();
  EXPECT_TRUE(codes_.empty());
  ask();
  EXPECT_EQ(codes_, std::vector<Code>{Code::exhausted});
  service_.close();  // tells those who wait, now
  EXPECT_EQ(codes_.size(), StoreService::kMostQuestions + 1);
  EXPECT_EQ(codes_.back(), Code::cancelled);
  ask();
  EXPECT_EQ(codes_.back(), Code::cancelled);
}

}  // namespace
}  // namespace ocelli::app
