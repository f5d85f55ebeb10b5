#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ocelli::eval {

/// What a tracker was given, each with what stands before it; only like is compared with like.
enum class Given {
  boxes,   ///< detections alone
  motion,  ///< and the motion of the camera
  camera,  ///< and the camera's place above the ground, or how people look
};
std::string_view given_name(Given given);
std::vector<std::string> given_names();
std::optional<Given> given_of(std::string_view name);

}  // namespace ocelli::eval
