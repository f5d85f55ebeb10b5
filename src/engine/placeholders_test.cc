#include "engine/placeholders.h"

#include <gmock/gmock.h>

namespace ocelli::engine {
namespace {

using media::FrameQuality;
using std::chrono::milliseconds;

media::MediaTime at(int ms) {
  return media::MediaTime(milliseconds(ms));
}

class Screen final : public events::TrackSink {
 public:
  base::Status accept(const events::FrameTracks& tracks) override {
    shown.push_back(tracks.frame);
    tracks_shown.push_back(tracks.tracks.size());
    if (fails) return base::Error(base::Code::exhausted, "the disk is full");
    return {};
  }
  bool shows_placeholders() const override { return true; }

  std::vector<media::FramePtr> shown;
  std::vector<std::size_t> tracks_shown;
  bool fails = false;
};

class PlaceholdersTest : public ::testing::Test {
 protected:
  media::FramePtr picture(int ms) {
    media::FrameInfo info;
    info.width = 16;
    info.height = 16;
    info.sequence = 7;
    info.time = at(ms);
    info.captured = base::WallTime(std::chrono::hours(1));
    return std::move(*media::FrameBuilder::create(info)).freeze();
  }

  Screen screen_;
  media::FramePool pool_{8};
  Placeholders placeholders_{"gate", {&screen_}, pool_};
};

TEST_F(PlaceholdersTest, ShowTheLastPictureAgainAtTheTimesOfThoseThatAreMissing) {
  const auto last = picture(40);
  placeholders_.keep(last, std::vector<track::Track>(2));
  placeholders_.note_lost(at(120));
  placeholders_.note_lost(at(80));
  ASSERT_TRUE(placeholders_.show_before(at(160)));
  ASSERT_EQ(screen_.shown.size(), 2U);
  EXPECT_EQ(screen_.shown[0]->time(), at(80));
  EXPECT_EQ(screen_.shown[1]->time(), at(120));
  EXPECT_EQ(screen_.tracks_shown[1], 2U);
  const media::FrameInfo& info = screen_.shown[0]->info();
  EXPECT_EQ(info.quality, FrameQuality::placeholder);
  EXPECT_EQ(info.sequence, 7U);
  EXPECT_EQ(info.captured, last->info().captured + milliseconds(40));
  EXPECT_EQ(screen_.shown[0]->plane(0).data, last->plane(0).data);  // no copy
  ASSERT_TRUE(placeholders_.show_before(at(200)));
  EXPECT_EQ(screen_.shown.size(), 2U);
}

TEST_F(PlaceholdersTest, WaitForTheirTurnAmongReorderedPictures) {
  placeholders_.keep(picture(40), {});
  placeholders_.note_lost(at(160));
  ASSERT_TRUE(placeholders_.show_before(at(80)));
  placeholders_.keep(picture(80), {});
  EXPECT_TRUE(screen_.shown.empty());
  ASSERT_TRUE(placeholders_.show_before(at(200)));
  ASSERT_EQ(screen_.shown.size(), 1U);
  EXPECT_EQ(screen_.shown[0]->time(), at(160));
}

TEST_F(PlaceholdersTest, ShowNothingBeforeTheFirstPictureNorBehindTheLastShown) {
  placeholders_.note_lost(at(0));
  ASSERT_TRUE(placeholders_.show_before(at(40)));
  placeholders_.keep(picture(80), {});
  placeholders_.note_lost(at(60));
  ASSERT_TRUE(placeholders_.show_before(at(120)));
  EXPECT_TRUE(screen_.shown.empty());
}

TEST_F(PlaceholdersTest, GoWithoutWhenThePoolIsDry) {
  media::FramePool pool(1);
  Placeholders placeholders("gate", {&screen_}, pool);
  const auto last = picture(40);
  const auto taken = pool.placeholder(*last, at(60));
  placeholders.keep(last, {});
  placeholders.note_lost(at(80));
  EXPECT_TRUE(placeholders.show_before(at(120)));
  EXPECT_TRUE(screen_.shown.empty());
  EXPECT_EQ(pool.refused(), 1U);
}

TEST_F(PlaceholdersTest, TellWhenTheyCannotBeDelivered) {
  screen_.fails = true;
  placeholders_.keep(picture(40), {});
  placeholders_.note_lost(at(80));
  placeholders_.note_lost(at(120));
  EXPECT_EQ(placeholders_.show_before(at(160)).error().code(), base::Code::exhausted);
  EXPECT_EQ(screen_.shown.size(), 1U);
}

TEST_F(PlaceholdersTest, KeepNoPictureWhereNobodyWantsThem) {
  Placeholders placeholders("gate", {}, pool_);
  auto last = picture(40);
  placeholders.keep(last, {});
  EXPECT_EQ(last.use_count(), 1);
}

}  // namespace
}  // namespace ocelli::engine
