#include "store/export.h"

#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "store/testing/fixture.h"

namespace ocelli::store {
namespace {

using ::testing::HasSubstr;
using testing::make_event;
using testing::make_frame;
using testing::make_near_miss;
using testing::make_track;
using ::testing::SizeIs;

class ExportTest : public testing::StoreTest {
 protected:
  ExportWriter to_text() {
    return [this](std::string_view piece) -> base::Status {
      text_ += piece;
      return {};
    };
  }
  EventReader& reader() {
    if (!reader_) {
      auto opened = EventReader::open(config_.path);
      if (!opened) std::abort();
      reader_ = std::move(*opened);
    }
    return *reader_;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::istringstream stream(text_);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  /// Two runs of the program, with a track of three frames in each.
  void store_two_runs_with_tracks(const std::string& second_camera = "gate") {
    for (const std::string& camera : {std::string("gate"), second_camera}) {
      auto& store = open();
      for (std::uint64_t frame = 0; frame < 3; ++frame) {
        const std::vector<track::Track> tracks{make_track(1, static_cast<float>(frame))};
        ASSERT_TRUE(store.accept({camera, make_frame(frame), tracks}));
      }
      store_.reset();
    }
  }

  std::unique_ptr<EventReader> reader_;
  std::string text_;
};

TEST_F(ExportTest, WritesALineForEachEventOfAllPages) {
  std::vector<events::Event> events;
  for (std::uint64_t sequence = 1; sequence <= 2'300; ++sequence) events.push_back(make_event(sequence));
  store(events);
  EXPECT_EQ(export_json_lines(reader(), {}, to_text()), 2'300U);
  const auto written = lines();
  ASSERT_THAT(written, SizeIs(2'300));
  EXPECT_EQ(nlohmann::json::parse(written.front())["id"], "gate/2300");
  text_.clear();
  EXPECT_EQ(export_json_lines(reader(), {.events = {.order = Order::oldest_first}, .most = 1'500}, to_text()), 1'500U);
  EXPECT_EQ(nlohmann::json::parse(lines().back())["id"], "gate/1500");
}

TEST_F(ExportTest, WritesNearMisses) {
  auto& store = open();
  ASSERT_TRUE(store.accept_near_miss(make_near_miss(5)));
  ASSERT_TRUE(store.flush());
  EXPECT_EQ(export_json_lines(reader(), {.what = ExportOrder::What::near_misses}, to_text()), 1U);
  EXPECT_THAT(text_, HasSubstr("\"gate/5\""));
}

TEST_F(ExportTest, QuotesWhatCsvNeedsQuoted) {
  store({make_event(1, 0, "gate \"north\", old", "yard")});
  EXPECT_EQ(export_csv(reader(), {}, to_text()), 1U);
  EXPECT_THAT(text_, HasSubstr("time,id,storeid,camera,"));
  EXPECT_THAT(text_, HasSubstr(",\"gate \"\"north\"\", old\",zone_entered,yard,1,person,0.7500,10.00,20.00,30.00,40.00,"
                               "\"3 people (need 3), dwell 6.2 s"));
  EXPECT_TRUE(text_.ends_with("\r\n"));
}

TEST_F(ExportTest, WritesACocoDataSetWhoseReferencesHold) {
  auto car = make_event(3, 1);
  car.label = "car";
  auto same_frame = make_event(4, 1);
  same_frame.frame = 3;
  store({make_event(1), car, same_frame});
  EXPECT_EQ(export_coco(reader(), {}, to_text()), 3U);
  const auto coco = nlohmann::json::parse(text_);
  ASSERT_EQ(coco["annotations"].size(), 3U);
  ASSERT_EQ(coco["images"].size(), 2U);
  ASSERT_EQ(coco["categories"].size(), 2U);
  std::set<int> images;
  for (const auto& image : coco["images"]) {
    EXPECT_TRUE(images.insert(image["id"].get<int>()).second);
    EXPECT_EQ(image["width"], 640);
    EXPECT_EQ(image["height"], 480);
  }
  std::set<int> categories;
  for (const auto& category : coco["categories"]) categories.insert(category["id"].get<int>());
  std::set<int> ids;
  for (const auto& annotation : coco["annotations"]) {
    EXPECT_TRUE(ids.insert(annotation["id"].get<int>()).second);
    EXPECT_TRUE(images.contains(annotation["image_id"].get<int>()));
    EXPECT_TRUE(categories.contains(annotation["category_id"].get<int>()));
    EXPECT_EQ(annotation["bbox"], nlohmann::json({10.0, 20.0, 30.0, 40.0}));
    EXPECT_EQ(annotation["area"], 1200.0);
    EXPECT_EQ(annotation["iscrowd"], 0);
  }
}

TEST_F(ExportTest, WritesAnEmptyCocoDataSet) {
  store({make_event(1)});
  EXPECT_EQ(export_coco(reader(), {.events = {.camera = "none"}}, to_text()), 0U);
  EXPECT_EQ(nlohmann::json::parse(text_)["annotations"].size(), 0U);
}

TEST_F(ExportTest, WritesTheTracksOfLaterRunsBehindThoseOfEarlierOnes) {
  store_two_runs_with_tracks();
  EXPECT_EQ(export_mot(reader(), {}, to_text()), 2U);
  EXPECT_EQ(text_,
            "1,1,0.00,8.00,16.00,24.00,0.9000,-1,-1,-1\n"
            "2,1,1.00,8.00,16.00,24.00,0.9000,-1,-1,-1\n"
            "3,1,2.00,8.00,16.00,24.00,0.9000,-1,-1,-1\n"
            "4,2,0.00,8.00,16.00,24.00,0.9000,-1,-1,-1\n"
            "5,2,1.00,8.00,16.00,24.00,0.9000,-1,-1,-1\n"
            "6,2,2.00,8.00,16.00,24.00,0.9000,-1,-1,-1\n");
}

TEST_F(ExportTest, RefusesTracksOfSeveralCamerasInOneMotFile) {
  store_two_runs_with_tracks("dock");
  EXPECT_EQ(export_mot(reader(), {}, to_text()).error().code(), base::Code::invalid);
  EXPECT_EQ(export_mot(reader(), {.camera = "dock"}, to_text()), 1U);
}

TEST_F(ExportTest, EndsWhenItCannotBeWritten) {
  store({make_event(1), make_event(2)});
  const ExportWriter full = [](std::string_view) -> base::Status {
    return base::Error(base::Code::exhausted, "the disk is full");
  };
  EXPECT_EQ(export_json_lines(reader(), {}, full).error().code(), base::Code::exhausted);
}

}  // namespace
}  // namespace ocelli::store
