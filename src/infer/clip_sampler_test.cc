#include "infer/clip_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/testing/clip.h"

namespace ocelli::infer {
namespace {

using base::Code;
using ::testing::ElementsAre;

class ClipSamplerTest : public ::testing::Test {
 protected:
  std::string clip(const std::string& name, int frames) {
    auto path = folder_ / name;
    if (!media::testing::make_clip(path, frames, "-c:v mpeg4 -g 10")) ADD_FAILURE() << "ffmpeg cannot make clips";
    return path;
  }
  base::Result<std::vector<ClipSample>> sample(const ClipSamplerConfig& config) {
    OC_TRY(auto sampler, ClipSampler::create(config, clock_, {}));
    int used = 0;
    auto samples = sampler.run([&](const media::Frame&) { return ++used, base::Status(); }, {});
    if (samples) {
      EXPECT_EQ(used, sampler.planned_frames());
    }
    return samples;
  }

  media::testing::TemporaryFolder folder_;
  base::SystemClock clock_;
};

TEST_F(ClipSamplerTest, SpreadsPicturesEvenlyOverTheClip) {
  const auto samples = sample({{clip("a.mp4", 40)}, 4, {}});
  ASSERT_TRUE(samples) << samples.error().message();
  ASSERT_EQ(samples->size(), 1U);
  EXPECT_THAT((*samples)[0].frames, ElementsAre(5, 15, 25, 35));
  EXPECT_EQ((*samples)[0].sha256.size(), 64U);
}

TEST_F(ClipSamplerTest, LetsLongClipsGiveWhatShortOnesCannot) {
  const auto samples = sample({{clip("long.mp4", 40), clip("short.mp4", 2)}, 10, {}});
  ASSERT_TRUE(samples);
  ASSERT_EQ(samples->size(), 2U);
  EXPECT_EQ((*samples)[0].frames.size(), 8U);
  EXPECT_THAT((*samples)[1].frames, ElementsAre(0, 1));
}

TEST_F(ClipSamplerTest, TakesNoPictureTwice) {
  const auto path = clip("a.mp4", 12);
  const auto first = sample({{path}, 4, {}});
  ASSERT_TRUE(first);
  const auto second = sample({{path}, 4, *first});
  ASSERT_TRUE(second);
  for (const auto frame : (*second)[0].frames) {
    EXPECT_THAT((*first)[0].frames, ::testing::Not(::testing::Contains(frame)));
  }
}

TEST_F(ClipSamplerTest, SaysWhenNothingNewIsLeft) {
  const auto path = clip("a.mp4", 5);
  const auto all = sample({{path}, 5, {}});
  ASSERT_TRUE(all);
  const auto none = sample({{path}, 5, *all});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::corrupt);
}

TEST_F(ClipSamplerTest, NamesWhatIsNoClip) {
  media::testing::write_file(folder_ / "text.mp4", "no video");
  EXPECT_FALSE(sample({{folder_ / "text.mp4"}, 5, {}}));
  EXPECT_EQ(sample({{folder_ / "absent.mp4"}, 5, {}}).error().code(), Code::not_found);
}

TEST_F(ClipSamplerTest, StopsWhenAsked) {
  auto sampler = ClipSampler::create({{clip("a.mp4", 20)}, 5, {}}, clock_, {});
  ASSERT_TRUE(sampler);
  std::stop_source stop;
  stop.request_stop();
  const auto samples = sampler->run([](const media::Frame&) { return base::Status(); }, stop.get_token());
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().code(), Code::cancelled);
}

}  // namespace
}  // namespace ocelli::infer
