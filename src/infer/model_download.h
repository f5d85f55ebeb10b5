#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace ocelli::infer {

/// Fetches `url` (http or https, redirects followed) into `path`. What a former try left at `path` is continued, not
/// fetched again; whether both halves belong together is for the caller to find out, who knows the hash. More than
/// `total_bytes` are never written. On failure what came so far stays at `path` for the next try.
/// `progress` gets the bytes that are there. `unavailable` with the reason, `exhausted` when the disk is full,
/// `corrupt` when the server sends more than `total_bytes`, `cancelled` after `stop`.
base::Status download(const std::string& url, const std::string& path, std::uint64_t total_bytes,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop);

}  // namespace ocelli::infer
