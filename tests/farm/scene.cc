#include "tests/farm/scene.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/farm/picture_number.h"

namespace ocelli::farm {
namespace {

constexpr std::size_t kTexturePx = 1024;  // a power of two: indices wrap by a mask
constexpr std::size_t kNoiseBytes = std::size_t{1} << 20U;
constexpr int kNoiseLevels = 7;  // -3..3, what a small sensor adds by daylight
constexpr int kBoxes = 6;
constexpr std::uint8_t kBlack = 16;
constexpr std::uint8_t kWhite = 235;

std::uint8_t clamp_luma(int value) {
  return static_cast<std::uint8_t>(std::clamp<int>(value, kBlack, kWhite));
}

}  // namespace

Scene::Scene(int width, int height) : width_(width), height_(height), texture_(kTexturePx), noise_(kNoiseBytes) {
  for (std::size_t x = 0; x < kTexturePx; ++x) {
    const double phase = 2 * 3.14159265358979 * static_cast<double>(x) / static_cast<double>(kTexturePx);
    texture_[x] =
        static_cast<std::uint8_t>(60 + 24 * std::sin(3 * phase) + 12 * std::sin(17 * phase) + 8 * std::sin(61 * phase));
  }
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp,cert-msc32-c): every run must paint the same noise
  for (auto& grain : noise_)
    grain = static_cast<std::int8_t>(static_cast<int>(random() % kNoiseLevels) - kNoiseLevels / 2);
}

void Scene::paint(int number, const Canvas& canvas) const {
  paint_wall(number, canvas);
  paint_boxes(number, canvas);
  paint_code(number, canvas);
}

void Scene::paint_wall(int number, const Canvas& canvas) const {
  std::mt19937 random(static_cast<std::uint32_t>(number));
  for (int y = 0; y < height_; ++y) {
    std::uint8_t* const row = canvas.planes[0] + y * canvas.strides_bytes[0];
    const int down = texture_[static_cast<std::size_t>(y + number) % kTexturePx];
    const std::size_t grain = random() % (kNoiseBytes - static_cast<std::size_t>(width_));
    for (int x = 0; x < width_; ++x) {
      const int across = texture_[static_cast<std::size_t>(x + 2 * number) % kTexturePx];
      row[x] = clamp_luma(across + down + noise_[grain + static_cast<std::size_t>(x)]);
    }
  }
  for (std::size_t plane = 1; plane < canvas.planes.size(); ++plane) {
    for (int y = 0; y < height_ / 2; ++y) {
      std::uint8_t* const row = canvas.planes[plane] + y * canvas.strides_bytes[plane];
      std::memset(row, 112 + static_cast<int>(plane) * 8 + y * 16 / height_, static_cast<std::size_t>(width_ / 2));
    }
  }
}

void Scene::paint_boxes(int number, const Canvas& canvas) const {
  for (int box = 0; box < kBoxes; ++box) {
    const int box_width = width_ / 12;
    const int box_height = height_ / 4;
    const int left = (box * width_ / kBoxes + number * (box + 1)) % (width_ - box_width);
    const int top = height_ / 4 + box * height_ / (2 * kBoxes);
    for (int y = top; y < std::min(top + box_height, height_); ++y) {
      std::uint8_t* const row = canvas.planes[0] + y * canvas.strides_bytes[0];
      for (int x = left; x < left + box_width; ++x) {
        const bool light = (((x - left) / 8 + (y - top) / 8) % 2) == 0;
        row[x] = static_cast<std::uint8_t>(light ? 60 + 25 * box : 40);
      }
    }
  }
}

void Scene::paint_code(int number, const Canvas& canvas) {
  const unsigned code = picture_code(number);
  for (int y = 0; y < kCodeCellPx; ++y) {
    std::uint8_t* const row = canvas.planes[0] + y * canvas.strides_bytes[0];
    for (int cell = 0; cell < kCodeCells; ++cell) {
      const bool is_one = ((code >> static_cast<unsigned>(cell)) & 1U) != 0;
      std::memset(row + cell * kCodeCellPx, is_one ? kWhite : kBlack, kCodeCellPx);
    }
  }
}

}  // namespace ocelli::farm
