#include "engine/record_config.h"

#include <algorithm>

#include "base/suggest.h"
#include "events/event.h"

namespace ocelli::engine {

base::Status check_record(const RecordConfig& config) {
  std::vector<std::string> known;
  for (const auto type : events::all_event_types()) known.emplace_back(events::event_type_name(type));
  for (const auto& name : config.events) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return base::Error(base::Code::invalid, "there is no event '" + name + "'" + base::did_you_mean(name, known));
  }
  if (config.longest < config.before + config.after) {
    return base::Error(base::Code::invalid, "longest must be at least before and after together");
  }
  return {};
}

}  // namespace ocelli::engine
