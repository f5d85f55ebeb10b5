#pragma once

#include <string>

#include "tests/farm/clip.h"

namespace ocelli::farm {

/// The description of a camera that shows `clip` (RFC 4566, with the format parameters of RFC 6184 and RFC 7798).
std::string describe(const Clip& clip, int camera);

}  // namespace ocelli::farm
