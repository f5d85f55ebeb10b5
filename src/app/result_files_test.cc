#include "app/result_files.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "media/frame.h"
#include "media/testing/clip.h"

namespace ocelli::app {
namespace {

using media::testing::read_file;
using media::testing::TemporaryFolder;

media::FramePtr frame(std::uint64_t sequence) {
  media::FrameInfo info;
  info.width = 64;
  info.height = 48;
  info.sequence = sequence;
  info.time = media::from_seconds(static_cast<double>(sequence) * 0.1);
  return std::move(*media::FrameBuilder::create(info)).freeze();
}

track::Track track(std::uint64_t id, track::TrackState state) {
  track::Track result;
  result.id = id;
  result.state = state;
  result.class_id = 1;
  result.score = 0.75F;
  result.box = {1, 2, 30, 40};
  return result;
}

TEST(MotFile, WritesARowForEachTrackThatIsSeen) {
  const TemporaryFolder folder;
  auto file = MotFile::create(folder / "tracks.csv");
  ASSERT_TRUE(file);
  const std::string camera = "gate";
  const auto picture = frame(4);
  const std::vector<track::Track> tracks{track(3, track::TrackState::confirmed), track(5, track::TrackState::lost)};
  ASSERT_TRUE((*file)->accept({camera, picture, tracks}));
  ASSERT_TRUE((*file)->finish());
  EXPECT_EQ(read_file(folder / "tracks.csv"), "5,3,1.00,2.00,30.00,40.00,0.7500,-1,-1,-1\n");
}

TEST(CocoFile, IsADataSetWithImagesAnnotationsAndCategories) {
  const TemporaryFolder folder;
  auto file = CocoFile::create(folder / "coco.json", {"person", "a \"quoted\" class"});
  ASSERT_TRUE(file);
  const std::string camera = "gate";
  const std::vector<track::Track> tracks{track(3, track::TrackState::confirmed)};
  for (std::uint64_t sequence = 0; sequence < 3; ++sequence) {
    const auto picture = frame(sequence);
    ASSERT_TRUE((*file)->accept({camera, picture, tracks}));
  }
  ASSERT_TRUE((*file)->finish());
  const auto json = nlohmann::json::parse(read_file(folder / "coco.json"));
  EXPECT_EQ(json["images"].size(), 3U);
  ASSERT_EQ(json["annotations"].size(), 3U);
  EXPECT_EQ(json["annotations"][2]["image_id"], 3);
  EXPECT_EQ(json["annotations"][2]["category_id"], 2);
  EXPECT_EQ(json["categories"][1]["name"], "a \"quoted\" class");
}

TEST(CocoFile, IsValidWithoutAnyFrame) {
  const TemporaryFolder folder;
  auto file = CocoFile::create(folder / "coco.json", {"person"});
  ASSERT_TRUE((*file)->finish());
  EXPECT_TRUE(nlohmann::json::accept(read_file(folder / "coco.json")));
}

TEST(CocoFile, IsValidWithLabelsThatAreNotUtf8) {
  const TemporaryFolder folder;
  auto file = CocoFile::create(folder / "coco.json", {"caf\xe9"});
  ASSERT_TRUE((*file)->finish());
  EXPECT_TRUE(nlohmann::json::accept(read_file(folder / "coco.json")));
}

}  // namespace
}  // namespace ocelli::app
