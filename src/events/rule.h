#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "events/event.h"
#include "events/object.h"
#include "events/rules.h"

namespace ocelli::events {

/// Bounds what is told about things that nearly happened: the first few of each rule and kind in each minute of the
/// stream. Lives as long as the camera's rules.
class NearMissLimit {
 public:
  /// Whether this one may be told; if so, `left_out` becomes the number that were not since the last one that was.
  bool admit(const Event& would_be, std::uint64_t& left_out);

 private:
  struct Window {
    media::MediaTime begin;
    int told = 0;
    std::uint64_t left_out = 0;
  };
  std::map<std::pair<std::string, EventType>, Window> windows_;
};

/// Numbers that go on from frame to frame.
struct Counters {
  std::uint64_t events = 0;
  std::uint64_t near_misses = 0;
  NearMissLimit limit;
};

/// Collects what the rules find in one frame.
class Report {
 public:
  Report(const std::string& camera, const media::FrameInfo& frame, Counters& counters, Rules::Judgement& judgement)
      : camera_(camera), frame_(frame), counters_(counters), judgement_(judgement) {}

  /// An event of this frame about the object, still without its gates.
  Event draft(EventType type, const Object& object, const std::string& rule) const;
  Event draft(EventType type, const track::Track& track, const std::string& label) const;

  void happened(Event event);
  /// The chance has passed. Told only when it was near: all gates but one passed, and that one half way.
  void nearly_happened(Event would_be);

 private:
  const std::string& camera_;
  const media::FrameInfo& frame_;
  Counters& counters_;
  Rules::Judgement& judgement_;
};

/// What all rules have in common. Called for each frame: see() for each object that counts, by ascending track id;
/// end() for those that are gone; after_frame() last. Rules follow objects by Object::id. One thread at a time.
class Rule {
 public:
  /// `labels`: classes that count; empty: all.
  Rule(std::string name, std::vector<std::string> labels) : name_(std::move(name)), labels_(std::move(labels)) {}
  virtual ~Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  virtual void see(const Object& object, const Scene& scene, Report& report) = 0;
  virtual void end(const Object& object, const Scene& scene, Report& report) = 0;
  virtual void after_frame(const Scene& /*scene*/, Report& /*report*/) {}

  const std::string& name() const { return name_; }
  bool counts(const std::string& label) const;

 private:
  const std::string name_;
  const std::vector<std::string> labels_;
};

inline double to_seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace ocelli::events
