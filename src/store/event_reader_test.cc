#include "store/event_reader.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "events/event_json.h"
#include "store/testing/fixture.h"

namespace ocelli::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kStart;
using testing::make_event;
using ::testing::Not;

class EventReaderTest : public testing::StoreTest {
 protected:
  /// Sequences of what is found.
  std::vector<std::uint64_t> found(const EventQuery& query) {
    const auto page = reader().events(query);
    if (!page) {
      ADD_FAILURE() << page.error().message();
      return {};
    }
    std::vector<std::uint64_t> sequences;
    for (const auto& event : page->events) sequences.push_back(event.sequence);
    return sequences;
  }
  EventReader& reader() {
    if (!reader_) {
      auto opened = EventReader::open(config_.path);
      if (!opened) std::abort();
      reader_ = std::move(*opened);
    }
    return *reader_;
  }

  std::unique_ptr<EventReader> reader_;
};

TEST_F(EventReaderTest, GivesBackWhatWasStored) {
  const auto event = make_event(7, 1.5);
  store({event});
  const auto stored = reader().event("gate/7");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->json, events::to_cloud_event(event));
  EXPECT_EQ(stored->time, event.wall_time);
  EXPECT_EQ(stored->picture_width, 640);
  const auto details = details_of(*stored);
  ASSERT_TRUE(details);
  EXPECT_EQ(details->id, "gate/7");
  EXPECT_EQ(details->label, "person");
  EXPECT_EQ(details->box, event.box);
  ASSERT_EQ(details->gates.size(), 5U);
  EXPECT_EQ(details->gates[1].name, "dwell_s");
  EXPECT_EQ(details->gates[1].value, 6.2);
  EXPECT_EQ(details->gates[2].need, events::Need::at_most);
  EXPECT_THAT(stored_json(*stored), ::testing::StartsWith("{\"storeid\":\"1\",\"specversion\""));
}

TEST_F(EventReaderTest, FindsByTimeCameraTypeRuleAndTrack) {
  auto crossed = make_event(4, 40, "dock", "kerb");
  crossed.type = events::EventType::line_crossed;
  store({make_event(1, 10), make_event(2, 20), make_event(3, 30, "gate", "door"), crossed});
  EXPECT_THAT(found({}), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(found({.order = Order::oldest_first}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(found({.from = kStart + std::chrono::seconds(20), .to = kStart + std::chrono::seconds(30)}),
              ElementsAre(3, 2));
  EXPECT_THAT(found({.camera = "gate"}), ElementsAre(3, 2, 1));
  EXPECT_THAT(found({.type = "line_crossed"}), ElementsAre(4));
  EXPECT_THAT(found({.rule = "yard"}), ElementsAre(2, 1));
  EXPECT_THAT(found({.track = 3}), ElementsAre(3));
  EXPECT_THAT(found({.camera = "dock", .rule = "yard"}), IsEmpty());
}

TEST_F(EventReaderTest, FindsATrackAmongTheMembersOfAnEvent) {
  auto crowd = make_event(5, 15);
  crowd.members = {2, 5, 9};
  store({make_event(2, 10), crowd, make_event(9, 20)});
  EXPECT_THAT(found({.track = 9}), ElementsAre(9, 5));
  EXPECT_THAT(found({.track = 5}), ElementsAre(5)) << "once, though it is its own and a member";
  EXPECT_THAT(found({.track = 2, .order = Order::oldest_first}), ElementsAre(2, 5));
}

TEST_F(EventReaderTest, GoesOnWhereAPageEnded) {
  std::vector<events::Event> events;
  // Several at the same moment, so that the time alone is no place.
  for (std::uint64_t sequence = 1; sequence <= 25; ++sequence) {
    events.push_back(make_event(sequence, static_cast<double>(sequence / 4)));
  }
  store(events);
  for (const Order order : {Order::newest_first, Order::oldest_first}) {
    EventQuery query{.order = order, .limit = 4};
    std::vector<std::uint64_t> all;
    while (true) {
      const auto page = reader().events(query);
      ASSERT_TRUE(page);
      for (const auto& event : page->events) all.push_back(event.sequence);
      if (!page->next) break;
      ASSERT_EQ(page->events.size(), 4U);
      query.after = parse_place(place_text(*page->next));
      ASSERT_TRUE(query.after);
    }
    ASSERT_EQ(all.size(), 25U);
    if (order == Order::newest_first) std::reverse(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i + 1);
  }
}

TEST_F(EventReaderTest, FindsEveryQueryByAnIndex) {
  store({make_event(1)});
  const auto now = kStart;
  const std::vector<std::pair<EventQuery, std::string>> wanted = {
      {{}, "USING INDEX events_by_time"},
      {{.from = now, .to = now}, "USING INDEX events_by_time"},
      {{.from = now, .camera = "gate"}, "USING INDEX events_by_camera"},
      {{.to = now, .type = "line_crossed"}, "USING INDEX events_by_type"},
      {{.from = now, .rule = "yard"}, "USING INDEX events_by_rule"},
      {{.from = now, .track = 1}, "USING INDEX events_by_track"},
      {{.camera = "gate", .after = Place{5, 6}}, "USING INDEX events_by_camera"},
  };
  for (const auto& [query, index] : wanted) {
    const auto plan = reader().plan(query);
    ASSERT_TRUE(plan) << plan.error().message();
    EXPECT_THAT(*plan, HasSubstr(index));
    if (!query.track) {
      EXPECT_THAT(*plan, Not(HasSubstr("TEMP B-TREE"))) << "it need not sort";
    }
  }
}

TEST_F(EventReaderTest, FindsTheNewestOfAnIdThatCameAgain) {
  store({make_event(1, 10)});
  store({make_event(1, 5)});  // another run; the clock was set back
  const auto newest = reader().event("gate/1");
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->id, 2);
  const auto first = reader().event("1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->run, 1);
}

TEST_F(EventReaderTest, SaysWhatIsWrongWithAnId) {
  store({make_event(1)});
  EXPECT_EQ(reader().event("gate/2").error().code(), base::Code::not_found);
  for (const char* id : {"gate", "gate/", "gate/x", "/"}) {
    EXPECT_EQ(reader().event(id).error().code(), base::Code::invalid) << id;
  }
}

TEST_F(EventReaderTest, SaysThatThereIsNoFile) {
  EXPECT_EQ(EventReader::open(folder_ + "/none.db").error().code(), base::Code::not_found);
}

TEST_F(EventReaderTest, FindsWhatBelongsToAnEvent) {
  auto& store = open();
  ASSERT_TRUE(store.accept(make_event(3)));
  store.accept({"gate", 3, "clip", "clips/gate-3.mp4"});
  ASSERT_TRUE(store.flush());
  const auto event = reader().event("gate/3");
  ASSERT_TRUE(event);
  EXPECT_THAT(*reader().media_of(*event), ElementsAre("clips/gate-3.mp4"));
}

TEST_F(EventReaderTest, ReadsWhileTheStoreIsWritten) {
  auto& store = open();
  for (std::uint64_t sequence = 1; sequence <= 500; ++sequence) {
    ASSERT_TRUE(store.accept(make_event(sequence)));
    if (sequence % 100 != 0) continue;
    ASSERT_TRUE(store.flush());
    EXPECT_EQ(found({.limit = 1}).size(), 1U);
    EXPECT_EQ(reader().event("gate/" + std::to_string(sequence))->sequence, sequence);
  }
}

TEST(Place, RefusesWhatIsNone) {
  for (const char* text : {"", "5", "-5", "5-", "x-1", "1-x", "1-1-x"}) EXPECT_FALSE(parse_place(text)) << text;
  EXPECT_EQ(parse_place("-5-7")->time_us, -5) << "before 1970";
}

}  // namespace
}  // namespace ocelli::store
