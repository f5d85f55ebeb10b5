#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "events/crowd_association.h"
#include "events/crowd_clusters.h"
#include "events/crowd_config.h"
#include "events/crowd_people.h"
#include "events/crowd_state.h"
#include "events/crowd_trail.h"
#include "events/event.h"
#include "media/frame.h"
#include "track/track.h"

namespace ocelli::events {

/// Says when people gather, when a crowd loiters, disperses and ends: docs/crowd.md tells the rule. From frame to
/// frame: CrowdPeople (who stands where, in metres) → CrowdClusters (who stands together) → CrowdAssociation (which
/// crowd that is) → CrowdTrail (measured against what it was) → CrowdStateMachine. Deterministic; no clock, only frame
/// times. One thread at a time.
class CrowdRule {
 public:
  /// `labels` are the model's class names, by class id.
  CrowdRule(const CrowdConfig& config, std::vector<std::string> labels);

  struct Judgement {
    std::vector<Event> events;  ///< without camera and sequence, which Rules knows; by ascending crowd
    std::vector<NearMiss> near_misses;
  };
  Judgement update(const media::FrameInfo& frame, std::span<const track::Track> tracks);

 private:
  using Crowd = CrowdAssociation::Crowd;
  /// What is known of a crowd beside its members.
  struct Record {
    explicit Record(const CrowdConfig& config) : state(config), trail(config) {}
    CrowdStateMachine state;
    CrowdTrail trail;
    Event newest;  // as an event of the newest frame in which its people stood together
  };

  bool counts(const track::Track& track) const;
  void judge(Crowd& crowd, const media::FrameInfo& frame, const std::set<std::uint64_t>& others, Judgement& judgement);
  void end_merged(const CrowdAssociation::Merger& merger, const media::FrameInfo& frame, Judgement& judgement);
  void describe(const Crowd& crowd, Event& event) const;
  Event event_of(CrowdPhase phase, std::uint64_t crowd, const media::FrameInfo& frame, std::vector<Gate> gates);

  CrowdConfig config_;
  std::vector<std::string> labels_;
  CrowdPeople people_;
  CrowdClusters clusters_;
  CrowdAssociation association_;
  std::map<std::uint64_t, Record> records_;        // by crowd
  std::map<CrowdPhase, media::MediaTime> missed_;  // the newest near miss told of each kind
};

}  // namespace ocelli::events
