#include "serve/live_view.h"

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/testing/live_fixture.h"

namespace ocelli::serve {
namespace {

using ::testing::HasSubstr;
using testing::LiveFixture;
using testing::make_frame;

TEST(LiveView, DrawsNothingWhileNobodyLooks) {
  LiveFixture live;
  for (std::uint64_t sequence = 0; sequence < 5; ++sequence) ASSERT_TRUE(live.feed(make_frame(sequence)));
  EXPECT_THAT(live.metrics.expose(), HasSubstr("ocelli_live_pictures_drawn_total 0\n"));
}

TEST(LiveView, DrawsAFrameOnceForManyViewers) {
  LiveFixture live;
  ASSERT_TRUE(live.feed(make_frame(1)));
  std::array<PicturePtr, 4> pictures;
  {
    std::vector<std::jthread> viewers;
    for (PicturePtr& picture : pictures) {
      viewers.emplace_back([&live, &picture] { picture = live.view.picture("gate").value(); });
    }
  }
  for (const PicturePtr& picture : pictures) EXPECT_EQ(picture, pictures[0]);
  EXPECT_THAT(live.metrics.expose(), HasSubstr("ocelli_live_pictures_drawn_total 1\n"));
  ASSERT_TRUE(live.feed(make_frame(2)));
  EXPECT_NE(live.view.picture("gate").value(), pictures[0]);
}

TEST(LiveView, MakesJpegs) {
  LiveFixture live;
  ASSERT_TRUE(live.feed(make_frame(1)));
  const media::Bytes& jpeg = live.view.picture("gate").value()->jpeg;
  ASSERT_GT(jpeg.size(), 100U);
  EXPECT_EQ(jpeg[0], 0xFF);
  EXPECT_EQ(jpeg[1], 0xD8);
}

TEST(LiveView, HoldsOneFramePerCamera) {
  LiveFixture live;
  media::FramePool pool(2);
  const media::FramePtr pixels = make_frame(0);
  const std::array<media::PlaneView, 3> planes{pixels->plane(0), pixels->plane(1), pixels->plane(2)};
  for (int count = 0; count < 20; ++count) {
    auto frame = pool.wrap(pixels->info(), planes, pixels);
    ASSERT_TRUE(frame) << "the view keeps more than one frame";
    ASSERT_TRUE(live.feed(*frame));
    ASSERT_TRUE(live.view.picture("gate"));
  }
  EXPECT_EQ(pool.frames_alive(), 1U);
  live.view.remove_camera("gate");
  EXPECT_EQ(pool.frames_alive(), 0U);
}

TEST(LiveView, MeasuresRateAndStaleness) {
  LiveFixture live;
  EXPECT_EQ(live.view.cameras().at(0).staleness_s, std::nullopt);
  for (std::uint64_t sequence = 0; sequence < 30; ++sequence) {
    live.clock.advance(std::chrono::milliseconds(100));
    ASSERT_TRUE(live.feed(make_frame(sequence)));
  }
  EXPECT_NEAR(live.view.cameras().at(0).frames_per_second, 10, 0.01);
  EXPECT_EQ(live.view.cameras().at(0).tracks, 1U);
  live.clock.advance(std::chrono::seconds(5));
  EXPECT_EQ(live.view.cameras().at(0).frames_per_second, 0);
  EXPECT_NEAR(live.view.cameras().at(0).staleness_s.value(), 5, 1e-6);
}

TEST(LiveView, IgnoresCamerasThatItDoesNotKnow) {
  LiveFixture live;
  EXPECT_TRUE(live.feed(make_frame(1), "stranger"));
  EXPECT_TRUE(live.happen(1, "stranger"));
  EXPECT_EQ(live.view.events().last_number(), 0U);
}

TEST(LiveView, SuggestsTheCameraThatWasMeant) {
  LiveFixture live;
  const auto picture = live.view.picture("gatte");
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().code(), base::Code::not_found);
  EXPECT_THAT(picture.error().message(), HasSubstr("did you mean 'gate'?"));
}

TEST(LiveView, HasNoPictureBeforeTheFirstFrame) {
  LiveFixture live;
  EXPECT_EQ(live.view.picture("gate").error().code(), base::Code::unavailable);
  EXPECT_EQ(live.view.generation("gate").value(), 0U);
}

TEST(LiveView, CountsTheEventsOfACamera) {
  LiveFixture live;
  live.add("dock");
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) ASSERT_TRUE(live.happen(sequence));
  ASSERT_TRUE(live.happen(1, "dock"));
  EXPECT_EQ(live.view.cameras().at(0).events, 3U);
  EXPECT_EQ(live.view.cameras().at(1).events, 1U);
  EXPECT_EQ(live.view.events().last_number(), 4U);
}

class CountingListener final : public LiveListener {
 public:
  void on_frame(const std::string&) override { ++frames; }
  void on_event() override { ++events; }
  int frames = 0;
  int events = 0;
};

TEST(LiveView, TellsItsListenerUntilItIsTakenAway) {
  LiveFixture live;
  const auto listener = std::make_shared<CountingListener>();
  live.view.set_listener(listener);
  ASSERT_TRUE(live.feed(make_frame(1)));
  ASSERT_TRUE(live.happen(1));
  live.view.set_listener(nullptr);
  ASSERT_TRUE(live.feed(make_frame(2)));
  EXPECT_EQ(listener->frames, 1);
  EXPECT_EQ(listener->events, 1);
}

TEST(LiveView, ServesViewersWhileFramesArriveAndCamerasComeAndGo) {
  LiveFixture live;
  const media::FramePtr frame = make_frame(1);
  std::jthread camera([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) static_cast<void>(live.feed(frame) && live.happen(1));
  });
  std::jthread changes([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      live.add("dock");
      live.view.remove_camera("dock");
    }
  });
  std::uint64_t newest = 0;
  for (int count = 0; count < 200; ++count) {
    const auto picture = live.view.picture("gate");
    if (!picture) continue;
    EXPECT_GE((*picture)->generation, newest);
    newest = (*picture)->generation;
    static_cast<void>(live.view.cameras());
    static_cast<void>(live.view.events().after(0, 10, ""));
  }
}

}  // namespace
}  // namespace ocelli::serve
