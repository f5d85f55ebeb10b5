#pragma once

#include <array>
#include <cmath>
#include <optional>

#include "events/anchor.h"
#include "events/crowd_config.h"
#include "vision/geometry.h"

namespace ocelli::events {

/// A place on the ground in metres, from an origin that means nothing.
struct GroundPoint {
  double x = 0;
  double y = 0;
};

inline double distance_m(GroundPoint a, GroundPoint b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

/// Turns places in the picture into metres on the ground.
///
/// With four known corners: the homography. Without: how high people look in each row tells how the camera hangs.
/// A pinhole of known view angle, `height` metres above flat ground and tilted down, shows a person of 1.7 m in each
/// row with one height only; those two numbers are fitted to what is seen (robust to noise, since hundreds of boxes
/// speak), with a weak belief in a common mounting, which decides while everybody walks in one row. Sources: Hoiem,
/// Efros, Hebert, "Putting objects in perspective", IJCV 2008; Lv, Zhao, Nevatia, "Camera calibration from video of a
/// walking human", PAMI 2006. Memory is constant. One thread at a time.
class CrowdRuler {
 public:
  explicit CrowdRuler(const CrowdConfig& config);

  /// A person's box; boxes that touch the border of the picture are not whole and teach nothing.
  void observe(const vision::PixelBox& box, PictureSize picture);
  /// Takes what was observed into account. Costs some microseconds: not for each box.
  void fit();

  /// `point` as a share of the picture. Nothing at or above the horizon.
  std::optional<GroundPoint> to_ground(Anchor point, PictureSize picture) const;

  double camera_height_m() const { return height_m_; }  ///< as fitted; without a homography
  double tilt_rad() const { return tilt_; }             ///< below the horizontal

 private:
  struct Row {
    double weight = 0;
    double row = 0;     // weighted sums, in focal lengths from the centre of the picture
    double height = 0;  // in focal lengths
  };
  double cost(double tilt, double log_height) const;

  static constexpr int kRows = 16;
  std::optional<std::array<double, 8>> homography_;  // unit points from the origin to metres; the ninth is 1
  Anchor homography_origin_;
  double person_m_;
  double half_width_;  // of the picture, in focal lengths
  std::array<Row, kRows> rows_;
  double tilt_;
  double height_m_;
};

}  // namespace ocelli::events
