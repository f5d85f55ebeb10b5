#include "events/rules.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "events/behaviour_rule.h"
#include "events/crowd_rule.h"
#include "events/dwell_rule.h"
#include "events/ground.h"
#include "events/heading_rule.h"
#include "events/line_events.h"
#include "events/object.h"
#include "events/occupancy_rule.h"
#include "events/rule.h"
#include "events/speed_rule.h"
#include "events/thing_rule.h"
#include "events/zone_events.h"

namespace ocelli::events {

struct Rules::Impl {
  Impl(std::string camera_name, const RulesConfig& config, std::vector<std::string> labels)
      : camera(std::move(camera_name)), objects(config.relink_window, labels), ground(config.ground) {
    counters.events = config.events_before;
    if (config.crowd.enabled) crowd.emplace(config.crowd, std::move(labels));
    for (const auto& line : config.lines) rules.push_back(std::make_unique<LineEvents>(line));
    for (const auto& zone : config.zones) add_zone(zone);
    if (!config.behaviour.classes.empty()) rules.push_back(std::make_unique<BehaviourRule>(config.behaviour));
  }

  void add_zone(const ZoneConfig& config) {
    auto events = std::make_unique<ZoneEvents>(config);
    const ZoneRule& zone = events->zone();
    rules.push_back(std::move(events));
    if (config.dwell.count() > 0) rules.push_back(std::make_unique<DwellRule>(zone));
    if (config.occupancy > 0) rules.push_back(std::make_unique<OccupancyRule>(zone));
    if (config.wrong_way_for.count() > 0) rules.push_back(std::make_unique<HeadingRule>(zone));
    if (config.max_speed_kmh > 0) rules.push_back(std::make_unique<SpeedRule>(zone, ground));
    const bool watches_things = config.left_after.count() > 0 || config.removed_after.count() > 0;
    if (watches_things) rules.push_back(std::make_unique<ThingRule>(config, ground));
  }

  void see(const Scene& scene, Report& report) {
    for (const Object* object : scene.seen) {
      if (begun.insert(object->track.id).second) {
        report.happened(report.draft(EventType::track_began, object->track, object->label));
      }
      for (const auto& rule : rules) {
        if (rule->counts(object->label)) rule->see(*object, scene, report);
      }
    }
  }

  /// Objects that are gone and tracks that ended, by track: what happened to the object comes first.
  void end(const Scene& scene, const std::vector<Object>& gone, std::span<const track::Track> ended, Report& report) {
    struct Leaving {
      const Object* object = nullptr;
      const track::Track* track = nullptr;
    };
    std::map<std::uint64_t, Leaving> leaving;
    for (const auto& object : gone) leaving[object.track.id].object = &object;
    for (const auto& track : ended) {
      if (begun.erase(track.id) > 0) leaving[track.id].track = &track;
    }
    for (const auto& [id, one] : leaving) {
      if (one.object != nullptr) end(*one.object, scene, report);
      if (one.track == nullptr) continue;
      report.happened(report.draft(EventType::track_ended, *one.track, objects.label_of(*one.track)));
    }
  }

  /// All rules, whatever its label is now: the tracker may have changed its mind about that.
  void end(const Object& object, const Scene& scene, Report& report) {
    for (const auto& rule : rules) rule->end(object, scene, report);
  }

  void after_frame(const Scene& scene, Report& report) {
    for (const auto& rule : rules) rule->after_frame(scene, report);
  }

  /// What the crowd rule says, with the camera's name and numbers.
  void judge_crowds(const media::FrameInfo& frame, std::span<const track::Track> tracks, Judgement& judgement) {
    auto crowds = crowd->update(frame, tracks);
    for (auto& event : crowds.events) {
      event.camera = camera;
      event.sequence = ++counters.events;
      judgement.events.push_back(std::move(event));
    }
    for (auto& miss : crowds.near_misses) {
      miss.would_be.camera = camera;
      miss.would_be.sequence = ++counters.near_misses;
      judgement.near_misses.push_back(std::move(miss));
    }
  }

  const std::string camera;
  Objects objects;
  const Ground ground;
  std::vector<std::unique_ptr<Rule>>
      rules;  // lines, then zones, as configured, each zone's own rules behind it; behaviour
  std::optional<CrowdRule> crowd;
  std::set<std::uint64_t> begun;  // tracks whose begin was told and whose end was not
  Counters counters;
};

Rules::Rules(std::string camera, const RulesConfig& config, std::vector<std::string> labels)
    : impl_(std::make_unique<Impl>(std::move(camera), config, std::move(labels))) {}
Rules::~Rules() = default;
Rules::Rules(Rules&&) noexcept = default;
Rules& Rules::operator=(Rules&&) noexcept = default;

Rules::Judgement Rules::update(const media::FrameInfo& frame, std::span<const track::Track> tracks,
                               std::span<const track::Track> ended) {
  Judgement judgement;
  Report report(impl_->camera, frame, impl_->counters, judgement);
  // A frame without a size has no places in it.
  if (frame.width <= 0 || frame.height <= 0) tracks = {};
  auto [seen, gone] = impl_->objects.update(frame, tracks, ended);
  const Scene scene{frame, std::move(seen)};
  impl_->see(scene, report);
  impl_->end(scene, gone, ended, report);
  impl_->after_frame(scene, report);
  if (impl_->crowd) impl_->judge_crowds(frame, tracks, judgement);
  return judgement;
}

Rules::Judgement Rules::finish(const media::FrameInfo& last, std::span<const track::Track> ended) {
  Judgement judgement = update(last, {}, ended);
  Report report(impl_->camera, last, impl_->counters, judgement);
  const Scene scene{last, {}};
  impl_->end(scene, impl_->objects.finish(), {}, report);
  impl_->after_frame(scene, report);
  return judgement;
}

}  // namespace ocelli::events
