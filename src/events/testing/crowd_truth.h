#pragma once

#include <cstdint>
#include <vector>

#include "events/crowd_config.h"
#include "events/crowd_state.h"
#include "events/testing/crowd_simulator.h"
#include "media/media_time.h"
#include "vision/geometry.h"

namespace ocelli::events::testing {

/// Something that the rule should say.
struct TrueTransition {
  CrowdPhase entered = CrowdPhase::idle;
  media::MediaTime time;
  vision::PixelBox box;  ///< around the crowd
};

using TrueTransitions = std::vector<TrueTransition>;

/// The rule as docs/crowd.md words it, applied to where people truly are: no noise, no ruler, every frame, true names.
/// Written plainly and apart from the rule's own code, by looking everything up in the whole past of the scene.
TrueTransitions true_transitions(const Scene& scene, const CrowdConfig& config);

/// What is true of scenes and rules that nobody can tell from these: all thresholds a twentieth stricter, all a
/// twentieth laxer, and twice with each person five centimetres beside their place, always in the same direction.
std::vector<TrueTransitions> close_truths(const Scene& scene, const CrowdConfig& config);

}  // namespace ocelli::events::testing
