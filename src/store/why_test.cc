#include "store/why.h"

#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "store/testing/fixture.h"

namespace ocelli::store {
namespace {

using ::testing::HasSubstr;
using testing::kStart;
using testing::make_event;
using testing::make_near_miss;

class WhyTest : public testing::StoreTest {
 protected:
  void store_day() {
    auto& store = open();
    ASSERT_TRUE(store.accept(make_event(1, 100)));
    ASSERT_TRUE(store.accept_near_miss(make_near_miss(1, 200)));
    ASSERT_TRUE(store.accept(make_event(2, 1'000, "gate", "door")));
    ASSERT_TRUE(store.flush());
    store_.reset();
  }
  Explanation ask(const WhyQuestion& question) {
    auto reader = EventReader::open(config_.path);
    if (!reader) std::abort();
    auto explanation = explain(**reader, question);
    if (!explanation) {
      ADD_FAILURE() << explanation.error().message();
      return {};
    }
    return *explanation;
  }
  static WhyQuestion at(double seconds, const std::string& rule = "yard") {
    return {.camera = "gate",
            .rule = rule,
            .at = kStart + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000))};
  }
};

TEST_F(WhyTest, SaysWhatOpenedAnEvent) {
  store_day();
  const auto explanation = ask({.event = "gate/1"});
  EXPECT_EQ(explanation.verdict, Verdict::fired);
  EXPECT_EQ(explanation.words,
            "gate/1, zone entered (yard) at 2023-11-14T22:15:00.000Z fired: 3 people (need 3), dwell 6.2 s (need 5 s), "
            "centre distance 0.9 m (at most 1.2 m), 0.7 window iou (need 0.6), mean speed 0.1 px/frame (at most 0.3 "
            "px/frame)");
  const auto json = nlohmann::json::parse(explanation.json);
  EXPECT_EQ(json["verdict"], "fired");
  EXPECT_EQ(json["event"]["id"], "gate/1");
  EXPECT_EQ(json["event"]["data"]["gates"].size(), 5U);
  EXPECT_TRUE(json["near_miss"].is_null());
}

TEST_F(WhyTest, NamesTheClipsThatAreThere) {
  const std::string clip = folder_ + "/gate-1.mp4";
  auto& store = open();
  ASSERT_TRUE(store.accept(make_event(1)));
  store.accept({"gate", 1, "clip", clip});
  ASSERT_TRUE(store.flush());
  EXPECT_TRUE(ask({.event = "gate/1"}).media.empty()) << "it is not complete yet";
  std::ofstream(clip) << "a clip";
  const auto explanation = ask({.event = "gate/1"});
  EXPECT_EQ(explanation.media, std::vector<std::string>{clip});
  EXPECT_EQ(nlohmann::json::parse(explanation.json)["media"], nlohmann::json::array({clip}));
}

TEST_F(WhyTest, SaysWhatStoppedANearMiss) {
  store_day();
  const auto explanation = ask(at(195));
  EXPECT_EQ(explanation.verdict, Verdict::nearly);
  EXPECT_EQ(explanation.words,
            "zone entered (yard) at 2023-11-14T22:16:40.000Z (5.0 s after) would have fired: 3 people (need 3), but "
            "dwell 4.1 s (need 5 s)");
  const auto json = nlohmann::json::parse(explanation.json);
  EXPECT_EQ(json["verdict"], "nearly");
  EXPECT_EQ(json["offset_s"], 5.0);
  EXPECT_EQ(json["at"], "2023-11-14T22:16:35.000Z");
  EXPECT_EQ(json["near_miss"]["data"]["rule"], "yard");
  EXPECT_EQ(json["event"]["id"], "gate/1") << "the nearest event is told too";
}

TEST_F(WhyTest, SaysThatItFiredThen) {
  store_day();
  EXPECT_EQ(ask(at(110)).verdict, Verdict::fired);
  EXPECT_THAT(ask(at(110)).words, HasSubstr("(10.0 s before) fired: 3 people"));
}

TEST_F(WhyTest, SaysThatNothingCameNearAndWhatTheNearestWas) {
  store_day();
  const auto explanation = ask(at(150));
  EXPECT_EQ(explanation.verdict, Verdict::nothing_near);
  EXPECT_THAT(explanation.words, HasSubstr("nothing of yard came near on gate at 2023-11-14T22:15:50.000Z; the nearest "
                                           "was gate/1, zone entered (yard)"));
  EXPECT_EQ(ask(at(170)).verdict, Verdict::nearly) << "30 s is near";
  EXPECT_THAT(ask(at(169)).words, HasSubstr("the nearest was zone entered (yard) at 2023-11-14T22:16:40.000Z"));
}

TEST_F(WhyTest, SaysThatNothingOfTheRuleIsStored) {
  store_day();
  EXPECT_THAT(ask(at(100, "yrad")).words, HasSubstr("nothing of this rule is stored"));
}

TEST_F(WhyTest, RefusesHalfAQuestion) {
  store_day();
  const auto reader = EventReader::open(config_.path);
  ASSERT_TRUE(reader);
  for (const WhyQuestion& question :
       {WhyQuestion{}, WhyQuestion{.camera = "gate"}, WhyQuestion{.event = "gate/1", .camera = "gate"},
        WhyQuestion{.camera = "gate", .at = kStart}}) {
    EXPECT_EQ(explain(**reader, question).error().code(), base::Code::invalid);
  }
  EXPECT_EQ(explain(**reader, {.event = "gate/99"}).error().code(), base::Code::not_found);
}

}  // namespace
}  // namespace ocelli::store
