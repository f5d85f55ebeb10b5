#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/box.h"
#include "infer/detection.h"
#include "track/camera_motion.h"

namespace ocelli::eval {

/// What seqinfo.ini says.
struct SequenceInfo {
  int frames = 0;
  double frames_per_second = 0;
  int width_px = 0;  ///< 0: not said
  int height_px = 0;
};

/// Where an object truly is in a frame.
struct TruthBox {
  int frame = 0;  ///< from 1
  std::int64_t id = 0;
  Box box;
  bool counts = false;  ///< the row's flag: false for what is not to be scored
  int class_id = 0;     ///< MOT17's class, 1…13; 0 where the column holds something else, as in MOT15
};

/// Where a tracker says that an object is.
struct ResultBox {
  int frame = 0;  ///< from 1
  std::int64_t id = 0;
  Box box;
  double score = 0;
};

/// Detections of each frame, the first frame's first.
using DetectionFrames = std::vector<std::vector<infer::Detection>>;

/// How a camera sees the ground: intrinsics · (rotation · point + translation), row by row.
struct CameraView {
  std::array<double, 9> rotation{};
  std::array<double, 3> translation_mm{};
  std::array<double, 9> intrinsics_px{};
};

/// One sequence of a benchmark, as it lies in its folder.
struct Sequence {
  std::string name;  ///< of its folder
  SequenceInfo info;
  std::vector<TruthBox> truth;
  std::optional<DetectionFrames> detections;
  std::vector<track::CameraMotion> motion;  ///< empty without gmc.txt, else one a frame
  std::optional<CameraView> camera;
};

}  // namespace ocelli::eval
