#pragma once

namespace ocelli::base {

/// Prints the broken expectation with its place and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace ocelli::base

/// Guards our own bugs only, in every build type. Never for bytes, configuration, models or networks: those get an
/// Error.
#define OC_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::ocelli::base::check_failed(#condition, __FILE__, __LINE__))
