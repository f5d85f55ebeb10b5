#pragma once

namespace ocelli::eval {

/// A box in a picture: pixels, x right, y down. In double, since scores turn on whether an overlap is exactly one half.
struct Box {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
  bool operator==(const Box&) const = default;
};

/// Intersection over union, 0…1; 0 where either box is empty.
double overlap(const Box& a, const Box& b);

}  // namespace ocelli::eval
