#include "tests/farm/picture_number.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/farm/scene.h"

namespace ocelli::farm {
namespace {

constexpr int kWidth = 320;
constexpr int kHeight = 240;

std::vector<std::uint8_t> painted(int number) {
  std::vector<std::uint8_t> luma(kWidth * kHeight);
  std::vector<std::uint8_t> chroma(kWidth * kHeight / 2);
  Scene(kWidth, kHeight)
      .paint(number,
             {{luma.data(), chroma.data(), chroma.data() + kWidth * kHeight / 4}, {kWidth, kWidth / 2, kWidth / 2}});
  return luma;
}

TEST(PictureNumber, IsReadFromWhatTheScenePainted) {
  for (const int number : {0, 1, 249, 2730, kPictureNumbers - 1}) {
    EXPECT_EQ(read_picture_number(painted(number).data(), kWidth), number);
  }
}

TEST(PictureNumber, IsRefusedWhenAnyOneCellIsWrong) {
  for (int cell = 0; cell < kCodeCells; ++cell) {
    auto luma = painted(1234);
    for (int y = 0; y < kCodeCellPx; ++y) {
      for (int x = 0; x < kCodeCellPx; ++x) {
        const auto at = static_cast<std::size_t>(y) * kWidth + static_cast<std::size_t>(cell * kCodeCellPx + x);
        auto& pixel = luma[at];
        pixel = static_cast<std::uint8_t>(255 - pixel);
      }
    }
    EXPECT_EQ(read_picture_number(luma.data(), kWidth), std::nullopt) << "cell " << cell;
  }
}

TEST(PictureNumber, IsRefusedInPlainPictures) {
  for (const int level : {0, 90, 255}) {
    const std::vector<std::uint8_t> luma(kWidth * kHeight, static_cast<std::uint8_t>(level));
    EXPECT_EQ(read_picture_number(luma.data(), kWidth), std::nullopt) << "level " << level;
  }
}

}  // namespace
}  // namespace ocelli::farm
