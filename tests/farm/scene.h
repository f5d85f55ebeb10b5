#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ocelli::farm {

/// Where the pixels of a 4:2:0 picture go.
struct Canvas {
  std::array<std::uint8_t*, 3> planes{};
  std::array<std::ptrdiff_t, 3> strides_bytes{};
};

/// A made-up scene: a textured wall that pans slowly, boxes that walk in front of it, and sensor noise, so that an
/// encoder has enough to say to reach the bit rates of real cameras. The same number paints the same pixels on every
/// machine.
class Scene {
 public:
  Scene(int width, int height);

  /// Paints picture `number` with its code (picture_number.h).
  void paint(int number, const Canvas& canvas) const;

 private:
  void paint_wall(int number, const Canvas& canvas) const;
  void paint_boxes(int number, const Canvas& canvas) const;
  static void paint_code(int number, const Canvas& canvas);

  int width_;
  int height_;
  std::vector<std::uint8_t> texture_;  ///< One row and one column of the wall are two walks through it.
  std::vector<std::int8_t> noise_;
};

}  // namespace ocelli::farm
