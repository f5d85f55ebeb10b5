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
  const Letterbox box = Letterbox::fit(480, 640, 416, 416, LetterboxAnchor::top_left);
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
  const auto anchor = *rc::gen::element(LetterboxAnchor::center, LetterboxAnchor::top_left);
  const Letterbox box = Letterbox::fit(width, height, canvas_width, canvas_height, anchor);
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

}  // namespace
}  // namespace ocelli::vision
