#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "events/behaviour_config.h"
#include "events/rule.h"
#include "infer/behaviour_classifier.h"

namespace ocelli::events {

/// behaviour_began and behaviour_ended: what the boxes of a person say about what he does, by a learned network, has
/// been said for long enough; once until it has ended. Each class of the configuration is a rule by its own name, and
/// several may hold at once. The classifier follows objects, so that an id switch changes nothing, in thousandths of
/// the picture's height, so that another resolution changes nothing. Near misses: it was said, but too briefly or with
/// too little behind it; it was half said for long enough.
class BehaviourRule final : public Rule {
 public:
  /// `config` has classes, all of its network.
  explicit BehaviourRule(const BehaviourConfig& config);

  void see(const Object& object, const Scene& scene, Report& report) override;
  void end(const Object& object, const Scene& scene, Report& report) override;
  void after_frame(const Scene& scene, Report& report) override;

 private:
  /// The nearest that a class came to an event while it was half said.
  struct Chance {
    media::MediaTime since{};
    std::chrono::nanoseconds held{};
    double score = 0;
    std::vector<Gate> gates{};
  };
  /// One class and one person.
  struct Watch {
    double score = 0;                         // a mean over about the last second
    std::optional<media::MediaTime> half{};   // since when it is at least half of what is needed
    std::optional<media::MediaTime> whole{};  // … all of it
    std::uint64_t sightings_before_whole = 0;
    std::optional<Chance> chance{};  // since `half`
    bool told = false;
    std::optional<media::MediaTime> low{};  // told: since when it is at most end_score
  };
  struct Person {
    Object object;  // as of the last sighting
    std::uint64_t sightings = 0;
    std::optional<media::MediaTime> newest_step;
    std::vector<Watch> watches;  // as classes_
  };

  void judge(Person& person, const infer::BehaviourScores& step, Report& report) const;
  void watch_begin(const Person& person, std::size_t index, Watch& watch, Report& report) const;
  void watch_end(const Person& person, std::size_t index, Watch& watch, Report& report) const;
  static Chance chance_of(const Person& person, const BehaviourThresholds& needed, const Watch& watch);
  void pass_up(const Person& person, std::size_t index, Watch& watch, Report& report) const;
  Event draft(EventType type, const Person& person, std::size_t index, Chance chance, const Report& report) const;

  const std::vector<BehaviourThresholds> classes_;
  infer::BehaviourClassifier classifier_;
  std::vector<std::size_t> indices_;        // of the classes among the network's
  std::vector<infer::TrackedBox> boxes_;    // of this frame
  std::map<std::uint64_t, Person> people_;  // by object
};

}  // namespace ocelli::events
