#pragma once

#include <string>

#include "app/tune_rule.h"

namespace ocelli::app {

/// A line per value with a bar of its events, for a terminal of 80 columns.
std::string sweep_text(const SweepResult& result);

/// The same as a drawing: events by value, and precision and recall where they are known. Readable on a light and on a
/// dark page: no background, colours of middle lightness.
std::string sweep_svg(const SweepResult& result);

/// One JSON object.
std::string sweep_json(const SweepResult& result);

}  // namespace ocelli::app
