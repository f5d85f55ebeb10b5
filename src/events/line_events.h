#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "events/line_rule.h"
#include "events/rule.h"

namespace ocelli::events {

/// What one line tells: line_crossed with its totals, wrong_way, tailgating; and the near misses of each.
class LineEvents final : public Rule {
 public:
  explicit LineEvents(const LineConfig& config) : Rule(config.name, config.labels), line_(config) {}

  void see(const Object& object, const Scene& scene, Report& report) override;
  void end(const Object& object, const Scene& scene, Report& report) override;

 private:
  enum class Direction { forward, backward };
  struct Passage {
    std::uint64_t object = 0;
    std::uint64_t track = 0;
    media::MediaTime at;
  };

  void crossed(const Object& object, const LineRule::Count& count, Report& report);
  void nearly_crossed(const Object& object, const LineRule::Count& count, Report& report) const;
  void follow(const Object& object, Direction direction, media::MediaTime at, Report& report);
  Event draft(EventType type, const Object& object, Direction direction, const LineRule::Count& count,
              const Report& report) const;
  bool is_wrong_way(Direction direction) const;

  LineRule line_;
  std::uint64_t totals_[2] = {};            // by direction
  std::optional<Passage> last_passage_[2];  // by direction
};

}  // namespace ocelli::events
