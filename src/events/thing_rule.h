#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "events/ground.h"
#include "events/rule.h"

namespace ocelli::events {

/// object_left: a thing stands still in a zone for long enough with no person near. object_removed: a thing that stood
/// there for long enough is carried away, or is not seen any more though nothing hides its place. Follows places, not
/// tracks: a thing that is found again where it stood is the same. Near misses: a person came back in time; it was
/// found again in time.
class ThingRule final : public Rule {
 public:
  /// `ground` outlives the rule.
  ThingRule(const ZoneConfig& zone, const Ground& ground) : Rule(zone.name, {}), zone_(zone), ground_(ground) {}

  void see(const Object& object, const Scene& scene, Report& report) override;
  /// Nothing: the end of a track is not the end of a thing.
  void end(const Object& /*object*/, const Scene& /*scene*/, Report& /*report*/) override {}
  void after_frame(const Scene& scene, Report& report) override;

 private:
  struct Thing {
    Object last;                        // as last seen
    Anchor place{};                     // where it came to rest
    media::MediaTime at_rest{};         // since then
    media::MediaTime alone_since{};     // not before at_rest
    std::chrono::nanoseconds gone{};    // time without it while its place could be seen
    std::chrono::nanoseconds hidden{};  // and while not
    bool told_left = false;
  };

  bool is_thing(const Object& object) const;
  Thing* find(const Object& object);
  void move(Thing& thing, const Object& object, Report& report);
  void watch_owner(Thing& thing, const Scene& scene, Report& report) const;
  void found(Thing& thing, Report& report) const;
  bool has_vanished(Thing& thing, const Scene& scene, Report& report) const;
  bool stood_long(const Thing& thing) const;
  Event left(const Thing& thing, const Report& report) const;
  Event removed(const Thing& thing, const Report& report) const;
  Event vanished(const Thing& thing, const Report& report) const;

  const ZoneConfig zone_;
  const Ground& ground_;
  std::map<std::uint64_t, Thing> things_;  // by the object that it is now, or was last
  std::optional<media::MediaTime> last_frame_;
};

}  // namespace ocelli::events
