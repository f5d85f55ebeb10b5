#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "events/rule.h"
#include "events/zone_rule.h"

namespace ocelli::events {

/// occupancy_began and occupancy_ended: so many objects (fewer) are in a zone at once for long enough. Counts the stays
/// that the zone counts; who is not seen stays where he was. The event's track is the one that came (left) last, its
/// members are all inside. Near misses: too few came before they left again; enough came, but not for long enough.
class OccupancyRule final : public Rule {
 public:
  /// `zone` is shown each object first and outlives the rule.
  explicit OccupancyRule(const ZoneRule& zone) : Rule(zone.config().name, zone.config().labels), zone_(zone) {}

  void see(const Object& object, const Scene& scene, Report& report) override;
  void end(const Object& object, const Scene& scene, Report& report) override;
  void after_frame(const Scene& scene, Report& report) override;

 private:
  struct Inside {
    std::uint64_t arrival = 0;  // counts from 1
    Object object;
  };
  /// The most that there were since the zone was last far from full: what a near miss tells.
  struct Peak {
    std::size_t count = 0;
    double held_s = 0;
    Event event;
  };

  bool is_full() const;
  const Object& newest() const;
  Event began(const Report& report, double held_s) const;
  Event ended(const Report& report, double held_s) const;
  void add_members(Event& event) const;
  void watch_peak(const Scene& scene, Report& report, double held_s);

  const ZoneRule& zone_;
  std::map<std::uint64_t, Inside> inside_;  // by object
  std::uint64_t arrivals_ = 0;
  std::optional<Object> left_last_;
  bool told_full_ = false;
  std::optional<media::MediaTime> otherwise_since_;  // when the count began to say the opposite
  std::optional<Peak> peak_;
  bool watching_ = true;  // for a peak: from when the zone was far from full until it is told full
};

}  // namespace ocelli::events
