#pragma once

#include <cstddef>
#include <functional>

#include "base/executor.h"

namespace ocelli::base {

/// Calls work(0) … work(count - 1), each once and in any order, on this thread and on those workers that are free;
/// returns when all are done, and what they wrote is seen. Waits for no worker that has not begun, so that a worker may
/// call it, too. `work` does not throw.
void run_side_by_side(Executor& executor, std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace ocelli::base
