#pragma once

#include <memory>

#include "base/result.h"
#include "infer/tcn.h"

namespace ocelli::infer {

/// The network of learned behaviour that comes with ocelli: its weights (models/behaviour.safetensors) lie inside the
/// program, so that there is nothing to pull and nothing to find. Every call reads them anew. `corrupt` or `invalid`
/// where they are damaged, or were trained for another BehaviourClassifier than this one: then the build is to blame.
base::Result<std::shared_ptr<const Tcn>> load_behaviour_network();

}  // namespace ocelli::infer
