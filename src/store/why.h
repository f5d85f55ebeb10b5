#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/event_reader.h"

namespace ocelli::store {

/// Why did it fire: `event`. Why did it (not) fire then: `camera`, `rule` and `at`.
struct WhyQuestion {
  std::string event{};  ///< as EventReader::event() takes it
  std::string camera{};
  std::string rule{};
  std::optional<base::WallTime> at{};
};

enum class Verdict {
  fired,        ///< there is an event
  nearly,       ///< a near miss is the nearest thing
  nothing_near  ///< neither within kNear of that time
};

/// What is known of it. A value.
struct Explanation {
  Verdict verdict = Verdict::nothing_near;
  std::string words;  ///< one line
  std::string json;   ///< {"verdict":…,"words":…,"at":…,"offset_s":…,"event":…|null,"near_miss":…|null,"media":[…]}
  std::vector<std::string> media;  ///< paths of the pictures and clips of the event that are there now
};

/// What lies further from the time that was asked about is not said to have happened then.
constexpr std::chrono::seconds kNear{30};

/// `not_found`: no such event; `invalid`: the question is neither of the two.
base::Result<Explanation> explain(EventReader& reader, const WhyQuestion& question);

}  // namespace ocelli::store
