#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "events/anchor.h"
#include "events/rules.h"
#include "media/media_time.h"

namespace ocelli::events {

/// Whether the point lies in the polygon (even-odd rule). Points on its edges: the left and upper ones belong to it,
/// the right and lower ones do not, so that zones which share an edge share no point.
bool contains(const std::vector<vision::UnitPoint>& corners, Anchor point);

/// Says when objects have come into one zone and when they have left it, each after they stayed there for long enough:
/// an anchor that flickers over the edge is one stay. While an object is not seen, it is taken to stay where it was.
class ZoneRule {
 public:
  explicit ZoneRule(const ZoneConfig& config);

  enum class Change { none, entered, left };
  enum class Chance { none, missed };
  struct Judgement {
    Change change = Change::none;
    std::vector<Gate> gates;
    media::MediaTime since{};        ///< when it was first seen inside (outside)
    Chance to_enter = Chance::none;  ///< missed: it was inside, and gone again before that counted
  };

  struct Stay {
    bool counted_inside = false;
    std::optional<media::MediaTime> otherwise_since;  ///< when the anchor began to say the opposite
    media::MediaTime inside_since;                    ///< first seen inside, of a stay that counts
    media::MediaTime last_seen;

    /// Whether the stay counts and the anchor agrees.
    bool surely_inside() const { return counted_inside && !otherwise_since; }
  };

  /// The object is seen at `anchor` now.
  Judgement see(std::uint64_t object, Anchor anchor, media::MediaTime time);
  /// The object is gone for good: it has left if it was inside.
  Judgement end(std::uint64_t object);

  const ZoneConfig& config() const { return config_; }

  /// What is known about the object; nothing before its first sighting and after its end.
  const Stay* stay(std::uint64_t object) const;

 private:
  Judgement nearly_entered(media::MediaTime since, media::MediaTime until) const;

  const ZoneConfig config_;
  std::map<std::uint64_t, Stay> stays_;
};

}  // namespace ocelli::events
