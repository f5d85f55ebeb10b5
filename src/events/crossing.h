#pragma once

#include <cstdint>

#include "events/anchor.h"

namespace ocelli::events {

/// A place on a fine grid over the picture, 2^-24 of its width and height: products of differences are exact in 64
/// bits, so that every question about sides has one answer, whatever the order of computation. Reaches eight pictures
/// beyond each edge; what is farther is taken to its border.
struct GridPoint {
  std::int64_t x = 0;
  std::int64_t y = 0;
  bool operator==(const GridPoint&) const = default;
};

GridPoint to_grid(Anchor share);

/// +1, −1 or 0: whether the step crosses the segment, and in which direction: +1 from its left to its right as seen on
/// the screen when walking along it. Exact. A step that only touches is decided as if all steps were shifted by one
/// infinitely small vector ("simulation of simplicity", Edelsbrunner and Mücke, ACM TOG 9(1), 1990): so what a path
/// crosses is the sum over its steps, going back undoes going forth, and a path through the joint of two segments
/// crosses exactly one of them, or both in opposite directions.
int signed_crossing(GridPoint step_from, GridPoint step_to, GridPoint segment_from, GridPoint segment_to);

/// Which share of the step lies before the segment's line, 0…1. For steps that cross it.
double share_before_crossing(GridPoint step_from, GridPoint step_to, GridPoint segment_from, GridPoint segment_to);

}  // namespace ocelli::events
