#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "media/internal/open_input.h"

namespace ocelli::media::internal {

/// Whether `host` has an address, within `at_most`: not_found, unavailable (no name server answers), timeout,
/// cancelled. FFmpeg asks again later and cannot be interrupted then; but it asks for what has just been answered.
base::Status look_up(const std::string& host, std::chrono::milliseconds at_most, const std::stop_token& stop);

/// As above for the host of `url`, within the time that is left for opening.
base::Status resolve_host(const std::string& url, const Opening& opening);

}  // namespace ocelli::media::internal
