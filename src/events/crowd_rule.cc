#include "events/crowd_rule.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace ocelli::events {
namespace {

EventType type_of(CrowdPhase phase) {
  switch (phase) {
    case CrowdPhase::loitering:
      return EventType::crowd_loitering;
    case CrowdPhase::dispersing:
      return EventType::crowd_dispersing;
    case CrowdPhase::ended:
      return EventType::crowd_ended;
    case CrowdPhase::idle:  // nothing enters it
    case CrowdPhase::gathering:
      break;
  }
  return EventType::crowd_gathering;
}

vision::PixelBox around(const vision::PixelBox& a, const vision::PixelBox& b) {
  const float left = std::min(a.left, b.left);
  const float top = std::min(a.top, b.top);
  return {left, top, std::max(a.right(), b.right()) - left, std::max(a.bottom(), b.bottom()) - top};
}

}  // namespace

CrowdRule::CrowdRule(const CrowdConfig& config, std::vector<std::string> labels)
    : config_(config), labels_(std::move(labels)), people_(config), clusters_(config), association_(config) {}

bool CrowdRule::counts(const track::Track& track) const {
  if (track.state != track::TrackState::confirmed) return false;  // a predicted position proves nothing
  if (config_.labels.empty()) return true;
  const auto index = static_cast<std::size_t>(track.class_id);
  return track.class_id >= 0 && index < labels_.size() &&
         std::find(config_.labels.begin(), config_.labels.end(), labels_[index]) != config_.labels.end();
}

CrowdRule::Judgement CrowdRule::update(const media::FrameInfo& frame, std::span<const track::Track> tracks) {
  Judgement judgement;
  if (frame.width <= 0 || frame.height <= 0) return judgement;
  std::vector<const track::Track*> counted;
  for (const auto& track : tracks) {
    if (counts(track)) counted.push_back(&track);
  }
  std::sort(counted.begin(), counted.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  people_.update(frame.time, {frame.width, frame.height}, counted);
  for (const auto& merger : association_.update(frame.time, clusters_.update(people_.people()))) {
    end_merged(merger, frame, judgement);
  }
  std::set<std::uint64_t> taken;
  for (const auto& crowd : association_.crowds()) taken.insert(crowd.members.begin(), crowd.members.end());
  std::vector<std::uint64_t> over;
  for (auto& crowd : association_.crowds()) {
    std::set<std::uint64_t> others = taken;
    for (const auto id : crowd.members) others.erase(id);
    judge(crowd, frame, others, judgement);
    if (records_.at(crowd.id).state.over()) over.push_back(crowd.id);
  }
  for (const auto id : over) {
    association_.remove(id);
    records_.erase(id);
  }
  return judgement;
}

void CrowdRule::judge(Crowd& crowd, const media::FrameInfo& frame, const std::set<std::uint64_t>& others,
                      Judgement& judgement) {
  Record& record = records_.try_emplace(crowd.id, config_).first->second;
  if (!crowd.members.empty()) describe(crowd, record.newest);
  const CrowdView view = record.trail.measure(frame.time, crowd.members, people_, others);
  auto step = record.state.update(frame.time, view);
  if (!crowd.members.empty()) record.trail.remember(frame.time, crowd.members, people_);
  crowd.phase = record.state.phase();
  crowd.together = record.state.together();
  if (step.entered) {
    Event event = event_of(*step.entered, crowd.id, frame, std::move(step.gates));
    if (*step.entered == CrowdPhase::gathering && crowd.split_from) event.related_crowds = {*crowd.split_from};
    judgement.events.push_back(std::move(event));
  }
  if (step.missed) {
    const auto told = missed_.find(*step.missed);
    if (told != missed_.end() && frame.time - told->second < config_.near_miss_pause) return;
    missed_[*step.missed] = frame.time;
    judgement.near_misses.push_back({event_of(*step.missed, crowd.id, frame, std::move(step.missed_gates))});
  }
}

/// The crowd that was absorbed ends; one that nobody was told of does so in silence.
void CrowdRule::end_merged(const CrowdAssociation::Merger& merger, const media::FrameInfo& frame,
                           Judgement& judgement) {
  const auto record = records_.find(merger.absorbed.id);
  if (merger.absorbed.phase != CrowdPhase::idle) {
    const double touched_s = std::chrono::duration<double>(merger.touched).count();
    const double settle_s = std::chrono::duration<double>(config_.settle).count();
    Event event = event_of(CrowdPhase::ended, merger.absorbed.id, frame, {at_least("in_touch_s", touched_s, settle_s)});
    event.related_crowds = {merger.into};
    judgement.events.push_back(std::move(event));
  }
  records_.erase(record);
}

/// Members, box, label and score of the crowd as it stands.
void CrowdRule::describe(const Crowd& crowd, Event& event) const {
  event.members.clear();
  float score = 0;
  const Person* first = people_.find(crowd.members.front());
  event.box = first->box;
  for (const auto id : crowd.members) {
    const Person* person = people_.find(id);
    event.members.push_back(person->track_id);
    event.box = around(event.box, person->box);
    score += person->score;
  }
  std::sort(event.members.begin(), event.members.end());
  event.members.erase(std::unique(event.members.begin(), event.members.end()), event.members.end());
  event.track_id = event.members.front();
  event.score = score / static_cast<float>(crowd.members.size());
  const auto index = static_cast<std::size_t>(first->class_id);
  event.label = first->class_id >= 0 && index < labels_.size() ? labels_[index] : "";
}

Event CrowdRule::event_of(CrowdPhase phase, std::uint64_t crowd, const media::FrameInfo& frame,
                          std::vector<Gate> gates) {
  Event event = records_.at(crowd).newest;
  event.type = type_of(phase);
  event.time = frame.time;
  event.wall_time = frame.captured;
  event.frame = frame.sequence;
  event.rule = "crowd";
  event.crowd = crowd;
  event.picture_width = frame.width;
  event.picture_height = frame.height;
  event.gates = std::move(gates);
  return event;
}

}  // namespace ocelli::events
