#pragma once

#include <string>

namespace ocelli::base {

/// The processor's own name, e.g. "Intel(R) Xeon(R) Processor @ 2.70GHz"; the architecture where it has none.
std::string processor_name();

}  // namespace ocelli::base
