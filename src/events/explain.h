#pragma once

#include <span>
#include <string>
#include <string_view>

#include "events/event.h"

namespace ocelli::events {

/// A gate in words, its unit taken from the ending of its name: "dwell_s" 4.1, need 5 → "dwell 4.1 s (need 5 s)",
/// "people" 3, need 3 → "3 people (need 3)", "drift_px" 9, at most 8 → "drift 9 px (at most 8 px)".
std::string gate_words(const Gate& gate);

/// All gates in one sentence: those that passed, then, after "but", those that did not:
/// "3 people (need 3), but dwell 4.1 s (need 5 s)". "no conditions" without gates.
std::string gates_words(std::span<const Gate> gates);

/// "fired: 3 people (need 3), dwell 6.2 s (need 5 s)".
std::string fired_words(std::span<const Gate> gates);

/// "would have fired: 3 people (need 3), but dwell 4.1 s (need 5 s)".
std::string near_miss_words(std::span<const Gate> gates);

/// The type's name as people write it: "zone_entered" → "zone entered".
std::string type_words(std::string_view type_name);

}  // namespace ocelli::events
