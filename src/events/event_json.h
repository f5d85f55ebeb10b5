#pragma once

#include <string>

#include "events/event.h"

namespace ocelli::events {

/// One line of JSON: a CloudEvents 1.0 envelope (structured mode) with the event under `data`. Deterministic: the same
/// event gives the same bytes. The id is "<camera>/<sequence>".
std::string to_cloud_event(const Event& event);

}  // namespace ocelli::events
