#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "eval/mot_data.h"

namespace ocelli::eval {

/// The rules of a family of benchmarks: what is left out before and after tracking, so that figures compare with those
/// that others publish.
enum class Protocol {
  mot15,  ///< everything counts as it stands
  mot17,  ///< results on distractors are taken out before anything counts; small and flat boxes are not put out
  dance,  ///< small and flat boxes are not put out
};

std::string_view protocol_name(Protocol protocol);
/// `invalid` for a name that is none.
base::Result<Protocol> protocol_of(std::string_view name);

/// Told from the truth's class column: MOT17's has distractors among pedestrians, DanceTrack's says 1 everywhere,
/// MOT15's holds something else.
Protocol protocol_of(std::span<const Sequence> sequences);

/// `invalid` when the truth lacks what the protocol needs: classes, for MOT17.
base::Status check_protocol(Protocol protocol, std::span<const Sequence> sequences);

/// Whether a tracker's box is not put out: smaller than a person can be, or wider than people are, after the
/// evaluations of ByteTrack (Zhang et al., ECCV 2022), which others have followed.
bool left_out(Protocol protocol, const Box& box);

/// Whether the class is one whose results are taken out: a person on a vehicle, a static person, a distractor, a
/// reflection.
bool is_distractor(int class_id);

/// MOT17's class of what is scored.
inline constexpr int kPedestrian = 1;

}  // namespace ocelli::eval
