#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "vision/quadrilateral.h"

namespace ocelli::infer {

struct TextRegionThresholds {
  float pixel = 0.3F;   ///< a pixel above is text
  float region = 0.5F;  ///< a region whose pixels' mean is below is dropped
  /// The network was taught shrunken regions; d = area × this / perimeter is what they grow by on every side.
  float growth = 1.6F;
  std::size_t most_regions = 1000;
};

struct TextRegion {
  vision::Quadrilateral area;  ///< a rectangle, perhaps rotated; pixels of the map; may reach beyond it
  float score = 0;             ///< mean of the pixels inside, 0…1
};

/// Text regions of a probability map (width × height, row by row), by the post-processing of Differentiable
/// Binarization (Liao et al., AAAI 2020): threshold, outline, smallest rotated rectangle, mean score, growth.
///
/// The authors grow polygons with rounded corners by a clipping library and then take the smallest rectangle again. The
/// outline here is a rectangle already, and what comes out of those two steps is the rectangle grown by d on every
/// side: so it is computed as that, exactly.
///
/// Any values are survived; those that are not finite are no text. `corrupt` when there are not width × height values.
base::Result<std::vector<TextRegion>> find_text(std::span<const float> map, int width, int height,
                                                const TextRegionThresholds& thresholds);

/// Corners in the order of Quadrilateral, whatever the order they come in.
vision::Quadrilateral ordered(const std::array<vision::PixelPoint, 4>& corners);

/// By lines from the top, within a line from the left. Lines are apart where the top left corners, sorted by height,
/// have a step of at least `step_px`.
void sort_for_reading(std::vector<TextRegion>& regions, float step_px);

}  // namespace ocelli::infer
