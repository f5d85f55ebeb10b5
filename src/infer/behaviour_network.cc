#include "infer/behaviour_network.h"

#include <string>

#include "infer/behaviour_classifier.h"
#include "infer/behaviour_weights.h"
#include "infer/safetensors.h"

namespace ocelli::infer {

base::Result<std::shared_ptr<const Tcn>> load_behaviour_network() {
  OC_TRY(const auto file, Safetensors::parse(std::string(behaviour_weights()), "behaviour.safetensors"));
  OC_TRY(auto network, Tcn::create(file));
  OC_TRY_STATUS(BehaviourClassifier::create(network));
  return network;
}

}  // namespace ocelli::infer
