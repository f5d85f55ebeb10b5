#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "eval/box.h"
#include "eval/mot_data.h"

namespace ocelli::eval {

// Parsers of the text files of a MOT folder. `file` is the name that errors begin with: "file:line: what is wrong",
// code `corrupt`. Frames count from 1 to `frames`; coordinates are pixels. Blank lines are skipped; nothing else is
// guessed.

/// seqinfo.ini: length and rate are needed, the picture's size is not.
base::Result<SequenceInfo> parse_sequence_info(std::string_view text, std::string_view file);

/// gt.txt: frame, identity, left, top, width, height, flag, class, … No identity may be twice in a frame.
base::Result<std::vector<TruthBox>> parse_truth(std::string_view text, std::string_view file, int frames);

/// det.txt: frame, -1, left, top, width, height, score, … One entry a frame.
base::Result<DetectionFrames> parse_detections(std::string_view text, std::string_view file, int frames);

/// A tracker's output: frame, identity, left, top, width, height, score, … No identity may be twice in a frame.
base::Result<std::vector<ResultBox>> parse_results(std::string_view text, std::string_view file, int frames);

/// gmc.txt: frame, xx, xy, x0, yx, yy, y0. One entry a frame; before frames without a line the camera stood still.
base::Result<std::vector<track::CameraMotion>> parse_camera_motion(std::string_view text, std::string_view file,
                                                                   int frames);

/// cam.txt: headings RotationMatrices, TranslationVectors, IntrinsicMatrix, each above its numbers.
base::Result<CameraView> parse_camera_view(std::string_view text, std::string_view file);

/// What parse_results() reads, with three decimals: frame,id,left,top,width,height,score,-1,-1,-1.
std::string format_results(std::span<const ResultBox> results);

}  // namespace ocelli::eval
