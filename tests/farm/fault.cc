#include "tests/farm/fault.h"

#include <algorithm>
#include <array>

namespace ocelli::farm {
namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr std::array<std::string_view, 14> kNames = {"loss",    "reorder",   "stall",      "half_open",   "restart",
                                                     "reboot",  "sdp",       "resolution", "garbage",     "no_key",
                                                     "ts_zero", "ts_repeat", "ts_wall",    "no_keepalive"};

}  // namespace

std::string_view fault_name(FaultKind kind) {
  return kNames.at(static_cast<std::size_t>(kind));
}

std::vector<std::string> fault_names() {
  return {kNames.begin(), kNames.end()};
}

Result<FaultKind> parse_fault_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name);
  if (found != kNames.end()) return static_cast<FaultKind>(found - kNames.begin());
  std::string known;
  for (const auto candidate : kNames) known += " " + std::string(candidate);
  return Error(Code::invalid, "no fault is called '" + std::string(name) + "'; there are:" + known);
}

void add_effect(Effects& effects, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::loss:
      effects.loss_percent = std::max(effects.loss_percent, fault.percent);
      break;
    case FaultKind::reorder:
      effects.reorder_percent = std::max(effects.reorder_percent, fault.percent);
      break;
    case FaultKind::garbage:
      effects.garbage_percent = std::max(effects.garbage_percent, fault.percent);
      break;
    case FaultKind::stall:
      effects.is_silent = true;
      break;
    case FaultKind::half_open:
      effects.is_half_open = true;
      break;
    case FaultKind::restart:
    case FaultKind::reboot:
      effects.is_down = true;
      break;
    case FaultKind::sdp:
      effects.shows_other_clip = true;
      break;
    case FaultKind::resolution:
      effects.changes_size = true;
      break;
    case FaultKind::no_key:
      effects.holds_key_frames = true;
      break;
    case FaultKind::ts_zero:
      effects.timestamps = TimestampMode::zero;
      break;
    case FaultKind::ts_repeat:
      effects.timestamps = TimestampMode::repeat;
      break;
    case FaultKind::ts_wall:
      effects.timestamps = TimestampMode::wall;
      break;
    case FaultKind::no_keepalive:
      effects.ignores_keepalive = true;
      break;
  }
}

}  // namespace ocelli::farm
