#pragma once

#include <string>

#include "base/result.h"

namespace ocelli::app {

/// Lower-case hexadecimal SHA-256 of a text.
base::Result<std::string> sha256_of_text(const std::string& text);

}  // namespace ocelli::app
