#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "store/event_reader.h"
#include "store/why.h"

namespace ocelli::serve {

/// What was stored, asked by those who must not wait for the disk. Thread-safe.
class EventHistory {
 public:
  using Done = std::function<void(base::Result<std::string>)>;

  virtual ~EventHistory() = default;

  // Both never block and call `done` exactly once, from any thread, perhaps before they return, with the answer as JSON
  // or: not_found, invalid: of the question; unavailable: nothing is stored here, or the disk refuses; exhausted: too
  // many questions wait already; cancelled: this server ends.

  /// {"events":[CloudEvents…],"next":…}: the place to continue, null at the end.
  virtual void find(store::EventQuery query, Done done) = 0;
  /// As store::Explanation::json.
  virtual void explain(store::WhyQuestion question, Done done) = 0;
};

}  // namespace ocelli::serve
