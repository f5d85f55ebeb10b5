#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "track/assignment.h"

namespace ocelli::track {

/// The candidates that could as well have gone another way, by index, ascending: those that are within `margin` of the
/// best gain of their row or of their column, where they are not alone in that. All others are decided as it is.
std::vector<std::size_t> contested(std::span<const Candidate> candidates, double margin);

}  // namespace ocelli::track
