#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ocelli::base {

/// The candidate that a person most likely meant by `typed`, or "" when none is near: optimal string alignment distance
/// (Damerau–Levenshtein without repeated edits) of at most a third of the length, case ignored.
std::string nearest_name(std::string_view typed, std::span<const std::string> candidates);

/// " (did you mean 'x'?)" or "".
std::string did_you_mean(std::string_view typed, std::span<const std::string> candidates);

}  // namespace ocelli::base
