#include "events/behaviour_rule.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace ocelli::events {
namespace {

constexpr auto kStep = infer::BehaviourFeatures::kStep;
/// Of a new step in the mean: a time constant of a second.
constexpr double kNewShare = 0.2;
/// From this share of its score on, a class is half said.
constexpr double kHalf = 0.5;
/// What the slowest cameras gave that the network was judged with: three frames a second, a third of them missed.
constexpr double kLeastSightingsHz = 2;
/// The network saw nobody smaller.
constexpr double kLeastHeightPx = 20;
constexpr float kPictureHeight = 1000;

infer::BehaviourClassifier classifier_for(const BehaviourConfig& config) {
  auto classifier = infer::BehaviourClassifier::create(config.network);
  OC_CHECK(classifier);
  return *std::move(classifier);
}

bool all_passed(const std::vector<Gate>& gates) {
  return std::all_of(gates.begin(), gates.end(), [](const Gate& gate) { return gate.passed; });
}

}  // namespace

BehaviourRule::BehaviourRule(const BehaviourConfig& config)
    : Rule("behaviour", {kPerson}), classes_(config.classes), classifier_(classifier_for(config)) {
  const auto& known = classifier_.classes();
  for (const auto& one : classes_) {
    const auto found = std::find(known.begin(), known.end(), one.name);
    OC_CHECK(found != known.end());
    indices_.push_back(static_cast<std::size_t>(found - known.begin()));
  }
}

void BehaviourRule::see(const Object& object, const Scene& scene, Report& /*report*/) {
  Person& person = people_[object.id];
  person.object = object;
  person.watches.resize(classes_.size());
  ++person.sightings;
  const float scale = kPictureHeight / static_cast<float>(scene.picture().height);
  const vision::PixelBox& box = object.track.box;
  boxes_.push_back({static_cast<std::int64_t>(object.id),
                    {box.left * scale, box.top * scale, box.width * scale, box.height * scale}});
}

void BehaviourRule::after_frame(const Scene& scene, Report& report) {
  const auto steps = classifier_.push(scene.frame.time, boxes_);
  boxes_.clear();
  // No memory for somebody new. Then he has no steps yet, which a track may lack for other reasons, too.
  if (!steps) return;
  for (const auto& step : *steps) {
    const auto person = people_.find(static_cast<std::uint64_t>(step.track));
    if (person != people_.end()) judge(person->second, step, report);
  }
}

void BehaviourRule::judge(Person& person, const infer::BehaviourScores& step, Report& report) const {
  const bool was_away = person.newest_step && step.time - *person.newest_step > kStep;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    Watch& watch = person.watches[i];
    if (was_away) {
      pass_up(person, i, watch, report);
      watch = Watch{.told = watch.told};
    }
    watch.score += kNewShare * (step.scores[indices_[i]] - watch.score);
  }
  person.newest_step = step.time;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    Watch& watch = person.watches[i];
    if (watch.told) {
      watch_end(person, i, watch, report);
    } else {
      watch_begin(person, i, watch, report);
    }
  }
}

void BehaviourRule::watch_begin(const Person& person, std::size_t index, Watch& watch, Report& report) const {
  const BehaviourThresholds& needed = classes_[index];
  if (watch.score < kHalf * needed.score) return pass_up(person, index, watch, report);
  if (!watch.half) watch.half = person.newest_step;
  if (watch.score < needed.score) {
    watch.whole.reset();
  } else if (!watch.whole) {
    watch.whole = person.newest_step;
    watch.sightings_before_whole = person.sightings - 1;
  }
  Chance chance = chance_of(person, needed, watch);
  if (watch.whole && all_passed(chance.gates)) {
    report.happened(draft(EventType::behaviour_began, person, index, std::move(chance), report));
    watch = Watch{.score = watch.score, .told = true};
    return;
  }
  const auto nearness = [](const Chance& one) { return std::tuple(one.held, one.score); };
  if (!watch.chance || nearness(chance) >= nearness(*watch.chance)) watch.chance = std::move(chance);
}

void BehaviourRule::watch_end(const Person& person, std::size_t index, Watch& watch, Report& report) const {
  const BehaviourThresholds& needed = classes_[index];
  const Gate low = at_most("score", watch.score, needed.end_score);
  if (!low.passed) return watch.low.reset();
  if (!watch.low) watch.low = person.newest_step;
  const auto held = *person.newest_step - *watch.low;
  if (held < needed.end_after) return;
  Chance over{*watch.low, held, watch.score, {low, at_least("held_s", to_seconds(held), to_seconds(needed.end_after))}};
  report.happened(draft(EventType::behaviour_ended, person, index, std::move(over), report));
  watch = Watch{.score = watch.score};
}

BehaviourRule::Chance BehaviourRule::chance_of(const Person& person, const BehaviourThresholds& needed,
                                               const Watch& watch) {
  Chance chance{watch.whole.value_or(*watch.half), {}, watch.score, {at_least("score", watch.score, needed.score)}};
  // As long as the score is too low, nothing is held.
  if (watch.whole) {
    chance.held = *person.newest_step - *watch.whole;
    const auto sightings = static_cast<double>(person.sightings - watch.sightings_before_whole);
    chance.gates.push_back(at_least("held_s", to_seconds(chance.held), to_seconds(needed.hold)));
    chance.gates.push_back(at_least("sightings_hz", sightings / to_seconds(chance.held + kStep), kLeastSightingsHz));
  }
  chance.gates.push_back(at_least("track_quality", person.object.track.quality, needed.quality));
  chance.gates.push_back(at_least("height_px", person.object.track.box.height, kLeastHeightPx));
  return chance;
}

/// It is not even half said any more, or he is gone.
void BehaviourRule::pass_up(const Person& person, std::size_t index, Watch& watch, Report& report) const {
  const auto half = std::exchange(watch.half, std::nullopt);
  auto chance = std::exchange(watch.chance, std::nullopt);
  watch.whole.reset();
  if (!chance) return;
  const bool was_whole = chance->gates.front().passed;
  if (!was_whole && *person.newest_step - *half < classes_[index].hold) return;
  report.nearly_happened(draft(EventType::behaviour_began, person, index, *std::move(chance), report));
}

void BehaviourRule::end(const Object& object, const Scene& /*scene*/, Report& report) {
  const auto found = people_.find(object.id);
  if (found == people_.end()) return;
  Person& person = found->second;
  person.object = object;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    Watch& watch = person.watches[i];
    pass_up(person, i, watch, report);
    if (!watch.told) continue;
    Chance gone{object.seen, {}, watch.score, {{"track_ended", 1, 1, true}}};
    report.happened(draft(EventType::behaviour_ended, person, i, std::move(gone), report));
  }
  people_.erase(found);
}

Event BehaviourRule::draft(EventType type, const Person& person, std::size_t index, Chance chance,
                           const Report& report) const {
  Event event = report.draft(type, person.object, classes_[index].name);
  event.since = chance.since;
  event.gates = std::move(chance.gates);
  return event;
}

}  // namespace ocelli::events
