#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ocelli::farm {

/// The code by which a picture of the farm tells its number: one row of 16 cells of 16x16 pixels at the top left, a
/// cell white for 1 and black for 0. Cells 0..11 are the number, lowest bit first; 12..15 a check by which an all
/// black, an all white and most damaged rows are refused. picture_number.py reads the same.
inline constexpr int kCodeCells = 16;
inline constexpr int kCodeCellPx = 16;
inline constexpr int kCodeNumberBits = 12;
inline constexpr int kPictureNumbers = 1 << kCodeNumberBits;

/// The 16 bits of the row; bit i is cell i.
constexpr unsigned picture_code(int number) {
  const auto bits = static_cast<unsigned>(number);
  const unsigned check = ~(bits ^ (bits >> 4) ^ (bits >> 8)) & 0xFU;
  return bits | (check << kCodeNumberBits);
}

/// Mean of the inner half of a cell: coding artefacts and resampling spoil edges first.
inline int code_cell_mean(const std::uint8_t* luma, std::ptrdiff_t stride_bytes, int cell) {
  constexpr int kMargin = kCodeCellPx / 4;
  constexpr int kInner = kCodeCellPx / 2;
  int sum = 0;
  for (int y = kMargin; y < kMargin + kInner; ++y) {
    const std::uint8_t* const row = luma + y * stride_bytes + cell * kCodeCellPx + kMargin;
    for (int x = 0; x < kInner; ++x) sum += row[x];
  }
  return sum / (kInner * kInner);
}

/// The number in a picture of at least 256x16 pixels, or nothing where the code is damaged.
inline std::optional<int> read_picture_number(const std::uint8_t* luma, std::ptrdiff_t stride_bytes) {
  constexpr int kMiddle = 126;  // between video black, 16, and video white, 235
  unsigned code = 0;
  for (int cell = 0; cell < kCodeCells; ++cell) {
    if (code_cell_mean(luma, stride_bytes, cell) >= kMiddle) code |= 1U << static_cast<unsigned>(cell);
  }
  const int number = static_cast<int>(code & (kPictureNumbers - 1U));
  if (picture_code(number) != code) return std::nullopt;
  return number;
}

}  // namespace ocelli::farm
