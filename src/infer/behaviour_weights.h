#pragma once

#include <string_view>

namespace ocelli::infer {

/// The bytes of models/behaviour.safetensors as they were when this program was built (embed_weights.cmake).
std::string_view behaviour_weights();

}  // namespace ocelli::infer
