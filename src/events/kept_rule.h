#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/rule.h"
#include "events/zone_rule.h"

namespace ocelli::events {

/// A rule about what an object in a zone does for a while without a break: told once per stay. Near miss: it stopped
/// before.
class KeptRule : public Rule {
 public:
  void see(const Object& object, const Scene& scene, Report& report) final;
  void end(const Object& object, const Scene& scene, Report& report) final;

 protected:
  /// `zone` is shown each object first and outlives the rule. `gate`: name of the time that it was kept.
  KeptRule(const ZoneRule& zone, EventType type, std::string gate, std::chrono::milliseconds needed);

  /// The gates of this sighting; it does so when all pass. Empty: not known yet.
  virtual std::vector<Gate> measure(const Object& object) = 0;
  virtual void forget(std::uint64_t object) = 0;

  const ZoneConfig& zone() const { return zone_.config(); }

 private:
  struct Watch {
    bool told = false;
    std::optional<media::MediaTime> since{};
    media::MediaTime last{};
    std::vector<Gate> gates{};  // of the last sighting at which it did
  };

  Event draft(const Object& object, const Watch& watch, const Report& report) const;
  void stopped(const Object& object, Watch& watch, Report& report) const;

  const ZoneRule& zone_;
  const EventType type_;
  const std::string gate_;
  const std::chrono::milliseconds needed_;
  std::map<std::uint64_t, Watch> watches_;  // by object
};

}  // namespace ocelli::events
