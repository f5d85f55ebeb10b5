#include "vision/letterbox.h"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::vision {
namespace {

TEST(Letterbox, CentresAWidePicture) {
  const Letterbox box = Letterbox::fit(1920, 1080, 640, 640);
  EXPECT_EQ(box.content_width, 640);
  EXPECT_EQ(box.content_height, 360);
  EXPECT_EQ(box.content_left, 0);
  EXPECT_EQ(box.content_top, 140);
}

TEST(Letterbox, KeepsThePictureAtTheTopLeftWhenAsked) {
  const Letterbox box = Letterbox::fit(480, 640, 416, 416, Fit::top_left);
  EXPECT_EQ(box.content_width, 312);
  EXPECT_EQ(box.content_height, 416);
  EXPECT_EQ(box.content_left, 0);
  EXPECT_EQ(box.content_top, 0);
}

TEST(Letterbox, KeepsAtLeastOnePixelOfAThinPicture) {
  EXPECT_EQ(Letterbox::fit(4000, 1, 64, 64).content_height, 1);
}

RC_GTEST_PROP(Letterbox, MapsItsContentBackToTheWholePicture, ()) {
  const int width = *rc::gen::inRange(1, 5000);
  const int height = *rc::gen::inRange(1, 5000);
  const int canvas_width = *rc::gen::inRange(1, 1300);
  const int canvas_height = *rc::gen::inRange(1, 1300);
  const auto fit = *rc::gen::element(Fit::center, Fit::top_left);
  const Letterbox box = Letterbox::fit(width, height, canvas_width, canvas_height, fit);
  RC_ASSERT(box.content_left >= 0 && box.content_left + box.content_width <= canvas_width);
  RC_ASSERT(box.content_top >= 0 && box.content_top + box.content_height <= canvas_height);
  RC_ASSERT(box.content_width == canvas_width || box.content_height == canvas_height);
  const PixelBox content{static_cast<float>(box.content_left), static_cast<float>(box.content_top),
                         static_cast<float>(box.content_width), static_cast<float>(box.content_height)};
  const PixelBox back = box.to_source(content);
  RC_ASSERT(back.left == 0 && back.top == 0);
  RC_ASSERT(std::abs(back.width - static_cast<float>(width)) < 0.01F);
  RC_ASSERT(std::abs(back.height - static_cast<float>(height)) < 0.01F);
}

TEST(Letterbox, StretchesEachDirectionByItself) {
  const Letterbox box = Letterbox::fit(640, 360, 128, 256, Fit::stretch);
  EXPECT_EQ(box.content_width, 128);
  EXPECT_EQ(box.content_height, 256);
  EXPECT_FLOAT_EQ(box.scale_x, 0.2F);
  EXPECT_FLOAT_EQ(box.scale_y, 256.F / 360);
}

TEST(Letterbox, CropsTheMiddleOfTheCanvassShape) {
  const Letterbox wide = Letterbox::fit(1920, 1080, 224, 224, Fit::crop);
  EXPECT_EQ(wide.source, (PixelRegion{420, 0, 1080, 1080}));
  EXPECT_EQ(wide.content_width, 224);
  const Letterbox tall = Letterbox::fit({100, 50, 101, 301}, 100, 200, Fit::crop);
  EXPECT_EQ(tall.source, (PixelRegion{100, 98, 101, 202}));  // 99 / 2 rounded down to an even row
}

RC_GTEST_PROP(Letterbox, MapsItsContentBackToItsPartOfTheSource, ()) {
  const PixelRegion region{2 * *rc::gen::inRange(0, 500), 2 * *rc::gen::inRange(0, 500), *rc::gen::inRange(1, 2000),
                           *rc::gen::inRange(1, 2000)};
  const auto fit = *rc::gen::element(Fit::center, Fit::top_left, Fit::stretch, Fit::crop);
  const Letterbox box = Letterbox::fit(region, *rc::gen::inRange(1, 700), *rc::gen::inRange(1, 700), fit);
  RC_ASSERT(box.source.left >= region.left && box.source.right() <= region.right());
  RC_ASSERT(box.source.top >= region.top && box.source.bottom() <= region.bottom());
  RC_ASSERT(box.source.left % 2 == 0 && box.source.top % 2 == 0 && !box.source.empty());
  const PixelBox back = box.to_source({static_cast<float>(box.content_left), static_cast<float>(box.content_top),
                                       static_cast<float>(box.content_width), static_cast<float>(box.content_height)});
  RC_ASSERT(std::abs(back.left - static_cast<float>(box.source.left)) < 0.01F);
  RC_ASSERT(std::abs(back.top - static_cast<float>(box.source.top)) < 0.01F);
  RC_ASSERT(std::abs(back.width - static_cast<float>(box.source.width)) < 0.01F);
  RC_ASSERT(std::abs(back.height - static_cast<float>(box.source.height)) < 0.01F);
}

}  // namespace
}  // namespace ocelli::vision
