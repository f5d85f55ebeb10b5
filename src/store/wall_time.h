#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace ocelli::store {

/// Reads "2026-11-23T10:11:12.5Z", also with an offset such as +01:00 in place of Z, with a blank for the T, without
/// the seconds, or as a day alone (its beginning, UTC), and "90": seconds since 1970, which is how the times of
/// recordings without a clock count. `invalid` says what is wanted; `name` is whose value it is.
base::Result<base::WallTime> parse_wall_time(std::string_view text, std::string_view name);

}  // namespace ocelli::store
