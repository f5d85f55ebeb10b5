#include "media/internal/image_folder.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "media/testing/clip.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

TEST(NaturallyBefore, ComparesNumbersAsNumbers) {
  std::vector<std::string> names{"10.jpg", "2.jpg", "1.jpg", "a10b2.jpg", "a9b10.jpg", "a10b1.jpg", "002.jpg"};
  std::sort(names.begin(), names.end(), naturally_before);
  EXPECT_THAT(names, ElementsAre("1.jpg", "002.jpg", "2.jpg", "10.jpg", "a9b10.jpg", "a10b1.jpg", "a10b2.jpg"));
}

RC_GTEST_PROP(NaturallyBefore, IsAnOrder, ()) {
  const auto name = rc::gen::container<std::string>(rc::gen::elementOf(std::string("019ab.")));
  const std::string a = *name;
  const std::string b = *name;
  const std::string c = *name;
  RC_ASSERT(naturally_before(a, b) + naturally_before(b, a) == (a == b ? 0 : 1));
  if (naturally_before(a, b) && naturally_before(b, c)) RC_ASSERT(naturally_before(a, c));
}

class ImageFolderTest : public ::testing::Test {
 protected:
  base::Result<std::unique_ptr<Source>> open(double rate) {
    SourceConfig config;
    config.url = folder_ / "";
    config.url.pop_back();
    config.pictures_per_second = rate;
    return Source::open(config, clock_, {});
  }

  TemporaryFolder folder_;
  base::SystemClock clock_;
};

TEST_F(ImageFolderTest, PlaysPicturesInNaturalOrderAtTheStatedRate) {
  // Without leading zeros, so that 10 would come before 2.
  ASSERT_TRUE(testing::make_clip(folder_ / "%d.jpg", 12, "-q:v 5"));
  testing::write_file(folder_ / "notes.txt", "no picture");
  auto source = open(5);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().codec, "mjpeg");
  EXPECT_EQ((*source)->info().width, 160);
  EXPECT_EQ((*source)->info().frame_count, 12U);
  EXPECT_EQ((*source)->info().frames_per_second, 5);
  EXPECT_FALSE((*source)->info().live);
  for (int i = 0; i < 12; ++i) {
    const auto packet = (*source)->read();
    ASSERT_TRUE(packet) << packet.error().message();
    EXPECT_TRUE(packet->is_key());
    EXPECT_NEAR(to_seconds(packet->time()), i * 0.2, 1e-9);
  }
  EXPECT_EQ((*source)->read().error().code(), Code::end_of_stream);
}

TEST_F(ImageFolderTest, Seeks) {
  ASSERT_TRUE(testing::make_clip(folder_ / "%d.png", 12, ""));
  auto source = open(3);
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->info().codec, "png");
  for (const int number : {11, 0, 7}) {
    ASSERT_TRUE((*source)->seek(from_seconds(number / 3.0)));
    EXPECT_NEAR(to_seconds((*source)->read()->time()), number / 3.0, 1e-9);
  }
}

TEST_F(ImageFolderTest, NamesThePictureThatIsOfAnotherKind) {
  ASSERT_TRUE(testing::make_clip(folder_ / "%d.jpg", 2, ""));
  ASSERT_TRUE(testing::make_clip(folder_ / "3.png", 1, "-update 1"));
  auto source = open(25);
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->read());
  ASSERT_TRUE((*source)->read());
  const auto third = (*source)->read();
  EXPECT_EQ(third.error().code(), Code::corrupt);
  EXPECT_THAT(third.error().message(), HasSubstr("3.png"));
}

TEST_F(ImageFolderTest, RefusesAFolderWithoutPictures) {
  EXPECT_EQ(open(25).error().code(), Code::invalid);
}

}  // namespace
}  // namespace ocelli::media::internal
