#include "serve/annotate.h"

#include <cstring>

#include <gtest/gtest.h>

#include "serve/testing/live_fixture.h"

namespace ocelli::serve {
namespace {

media::FramePtr black(int width, int height) {
  media::FrameInfo info;
  info.width = width;
  info.height = height;
  auto picture = media::FrameBuilder::create(info);
  for (int plane = 0; plane < 3; ++plane) {
    const media::PlaneSize size = media::plane_size(info.format, plane, width, height);
    for (int row = 0; row < size.height; ++row) {
      std::memset(picture->plane(plane) + row * picture->stride_bytes(plane), plane == 0 ? 16 : 128,
                  static_cast<std::size_t>(size.width));
    }
  }
  return std::move(*picture).freeze();
}

std::size_t pixels_drawn(const media::Frame& frame) {
  std::size_t count = 0;
  for (int row = 0; row < frame.height(); ++row) {
    const std::uint8_t* const luma = frame.plane(0).data + row * frame.plane(0).stride_bytes;
    for (int column = 0; column < frame.width(); ++column) count += luma[column] != 16 ? 1U : 0U;
  }
  return count;
}

TEST(Annotate, DrawsOnACopy) {
  const media::FramePtr frame = black(320, 240);
  const std::vector<track::Track> tracks{testing::make_track(1)};
  const auto annotated = annotate(*frame, tracks, {}, {"person"});
  ASSERT_TRUE(annotated);
  EXPECT_EQ(pixels_drawn(*frame), 0U);
  EXPECT_GT(pixels_drawn(**annotated), 50U);
  EXPECT_EQ((*annotated)->info().sequence, frame->info().sequence);
}

TEST(Annotate, MarksAPictureThatOnlyStandsForALostOne) {
  const media::FramePtr frame = black(320, 240);
  media::FramePool pool(1);
  const auto placeholder = pool.placeholder(*frame, media::from_seconds(1));
  ASSERT_TRUE(placeholder);
  const auto annotated = annotate(**placeholder, {}, {}, {});
  ASSERT_TRUE(annotated);
  EXPECT_GT(pixels_drawn(**annotated), 50U);
  EXPECT_EQ((*annotated)->info().quality, media::FrameQuality::placeholder);
}

TEST(Annotate, DrawsZonesAndLinesWithoutTracks) {
  const media::FramePtr frame = black(320, 240);
  events::RulesConfig rules;
  rules.lines.push_back({"kerb", {0.1F, 0.5F}, {0.9F, 0.5F}, {}});
  const auto with_line = annotate(*frame, {}, rules, {});
  ASSERT_TRUE(with_line);
  EXPECT_GT(pixels_drawn(**with_line), 200U);
  rules.zones.push_back({"yard", {{0.1F, 0.1F}, {0.9F, 0.1F}, {0.5F, 0.9F}}, {}});
  const auto with_zone = annotate(*frame, {}, rules, {});
  ASSERT_TRUE(with_zone);
  EXPECT_GT(pixels_drawn(**with_zone), pixels_drawn(**with_line));
}

TEST(Annotate, SurvivesShapesOutsideThePicture) {
  const media::FramePtr frame = black(33, 17);
  track::Track track = testing::make_track(1);
  track.box = {-500, -500, 2000, 2000};
  events::RulesConfig rules;
  rules.lines.push_back({"point", {0.5F, 0.5F}, {0.5F, 0.5F}, {}});
  rules.zones.push_back({"nothing", {}, {}});
  EXPECT_TRUE(annotate(*frame, std::vector{track}, rules, {}));
}

TEST(ClassLabel, NamesUnknownClassesByNumber) {
  EXPECT_EQ(class_label({"person"}, 0), "person");
  EXPECT_EQ(class_label({"person"}, 1), "class 1");
  EXPECT_EQ(class_label({"person"}, -1), "class -1");
}

}  // namespace
}  // namespace ocelli::serve
