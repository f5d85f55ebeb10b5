#pragma once

#include <string_view>

namespace ocelli::eval {

/// What a tracker was given; only like is compared with like.
enum class Given {
  boxes,   ///< detections alone
  motion,  ///< and the motion of the camera
  camera,  ///< and the camera's place above the ground, or how people look
};
std::string_view given_name(Given given);

}  // namespace ocelli::eval
