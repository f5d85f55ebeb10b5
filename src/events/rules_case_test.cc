#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "events/rules.h"

// Plays tests/cases/*.case; tests/cases/README.md describes the format.
namespace ocelli::events {
namespace {

struct Waypoint {
  int frame = 0;
  double x = 0;
  double y = 0;
};

struct Walk {
  std::string label;
  std::vector<Waypoint> way;
};

struct FrameRange {
  int first = 0;
  int last = 0;
  bool holds(int frame) const { return first <= frame && frame <= last; }
};

struct Case {
  int width = 1000;
  int height = 1000;
  double fps = 10;
  RulesConfig rules;
  std::map<std::uint64_t, Walk> walks;
  std::map<std::uint64_t, std::vector<FrameRange>> lost;
  std::vector<FrameRange> dropped;
  std::vector<std::string> expected;
  std::vector<std::string> expected_near;
};

/// Words of one line of a case; throws a message for a person.
class Words {
 public:
  explicit Words(const std::string& line) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) words_.push_back(word);
  }

  bool done() const { return next_ == words_.size(); }
  bool number_follows() const {
    return !done() && (std::isdigit(static_cast<unsigned char>(words_[next_].front())) != 0);
  }
  bool take(const std::string& word) {
    if (done() || words_[next_] != word) return false;
    ++next_;
    return true;
  }
  std::string text() {
    if (done()) throw std::runtime_error("a word is missing at the end");
    return words_[next_++];
  }
  double number() {
    if (!number_follows())
      throw std::runtime_error("a number is missing before '" + (done() ? "" : words_[next_]) + "'");
    return std::stod(text());
  }
  int integer() { return static_cast<int>(number()); }
  std::chrono::milliseconds milliseconds() { return std::chrono::milliseconds{integer()}; }
  vision::UnitPoint point() {
    const auto x = static_cast<float>(number());
    return {x, static_cast<float>(number())};
  }
  std::vector<std::string> rest() {
    std::vector<std::string> words(words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
    next_ = words_.size();
    return words;
  }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

LineConfig read_line(Words& words) {
  LineConfig line;
  line.name = words.text();
  line.from = words.point();
  line.to = words.point();
  while (words.number_follows()) line.via.push_back(std::exchange(line.to, words.point()));
  if (words.take("hysteresis")) line.hysteresis = static_cast<float>(words.number());
  if (words.take("allowed")) {
    line.allowed = words.text() == "forward" ? AllowedDirection::forward : AllowedDirection::backward;
  }
  if (words.take("tailgating")) line.tailgating = words.milliseconds();
  if (words.take("only")) line.labels = words.rest();
  return line;
}

ZoneConfig read_zone(Words& words) {
  ZoneConfig zone;
  zone.name = words.text();
  while (words.number_follows()) zone.corners.push_back(words.point());
  if (words.take("stay")) zone.min_stay = words.milliseconds();
  if (words.take("dwell")) zone.dwell = words.milliseconds();
  if (words.take("occupancy")) {
    zone.occupancy = words.integer();
    zone.occupancy_for = words.milliseconds();
  }
  if (words.take("heading")) {
    zone.heading_deg = static_cast<float>(words.number());
    zone.heading_within_deg = static_cast<float>(words.number());
    zone.wrong_way_for = words.milliseconds();
  }
  if (words.take("speed")) {
    zone.max_speed_kmh = static_cast<float>(words.number());
    zone.speeding_for = words.milliseconds();
  }
  if (words.take("left")) zone.left_after = words.milliseconds();
  if (words.take("removed")) zone.removed_after = words.milliseconds();
  if (words.take("only")) zone.labels = words.rest();
  return zone;
}

FrameRange read_range(Words& words) {
  const int first = words.integer();
  return {first, words.integer()};
}

void read_directive(Words& words, Case& story) {
  const auto directive = words.text();
  if (directive == "picture") {
    story.width = words.integer();
    story.height = words.integer();
  } else if (directive == "rate") {
    story.fps = words.number();
  } else if (directive == "line") {
    story.rules.lines.push_back(read_line(words));
  } else if (directive == "zone") {
    story.rules.zones.push_back(read_zone(words));
  } else if (directive == "walk") {
    Walk& walk = story.walks[static_cast<std::uint64_t>(words.integer())];
    walk.label = words.text();
    while (words.number_follows()) {
      const int frame = words.integer();
      const double x = words.number();
      walk.way.push_back({frame, x, words.number()});
    }
    if (walk.way.empty()) throw std::runtime_error("a walk needs places");
  } else if (directive == "lost") {
    const auto id = static_cast<std::uint64_t>(words.integer());
    story.lost[id].push_back(read_range(words));
  } else if (directive == "drop") {
    story.dropped.push_back(read_range(words));
  } else if (directive == "relink") {
    story.rules.relink_window = words.milliseconds();
  } else if (directive == "expect" || directive == "nearly") {
    std::string event;
    for (const auto& word : words.rest()) event += (event.empty() ? "" : " ") + word;
    (directive == "expect" ? story.expected : story.expected_near).push_back(event);
  } else {
    throw std::runtime_error("unknown directive '" + directive + "'");
  }
  if (!words.done()) throw std::runtime_error("'" + words.text() + "' is one word too many");
}

Case read_case(const std::filesystem::path& path) {
  Case story;
  story.rules.relink_window = std::chrono::milliseconds{0};
  std::ifstream file(path);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    Words words(line);
    if (words.done()) continue;
    try {
      read_directive(words, story);
    } catch (const std::exception& problem) {
      throw std::runtime_error(path.filename().string() + ":" + std::to_string(number) + ": " + problem.what());
    }
  }
  return story;
}

Waypoint place_at(const std::vector<Waypoint>& way, int frame) {
  const auto next = std::find_if(way.begin(), way.end(), [&](const Waypoint& place) { return place.frame >= frame; });
  if (next == way.end()) return way.back();
  if (next == way.begin()) return way.front();
  const auto& before = *std::prev(next);
  const double share = static_cast<double>(frame - before.frame) / (next->frame - before.frame);
  return {frame, before.x + share * (next->x - before.x), before.y + share * (next->y - before.y)};
}

bool holds(const std::vector<FrameRange>& ranges, int frame) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const FrameRange& range) { return range.holds(frame); });
}

std::string describe(const Event& event) {
  std::ostringstream text;
  text << event.frame << ' ' << event_type_name(event.type) << ' ' << event.track_id;
  if (!event.rule.empty()) text << ' ' << event.rule;
  if (!event.direction.empty()) text << ' ' << event.direction;
  for (const auto member : event.members) text << (member == event.members.front() ? " members " : " ") << member;
  return text.str();
}

struct Told {
  std::vector<std::string> happened;
  std::vector<std::string> nearly;
};

std::string describe(const NearMiss& miss) {
  std::ostringstream text;
  text << describe(miss.would_be);
  for (const auto& gate : miss.would_be.gates) {
    if (!gate.passed) text << ' ' << gate.name << ' ' << gate.value << " of " << gate.threshold;
  }
  return text.str();
}

/// Where the walker is, and how fast on the way to the next frame.
void place_track(const Walk& walk, int frame, double fps, track::Track& track) {
  const auto here = place_at(walk.way, frame);
  const auto next = place_at(walk.way, frame + 1);
  track.score = 0.9F;
  track.box = {static_cast<float>(here.x - 20), static_cast<float>(here.y - 100), 40, 100};
  track.velocity_px_s = {static_cast<float>((next.x - here.x) * fps), static_cast<float>((next.y - here.y) * fps)};
  track.first_seen = media::from_seconds(walk.way.front().frame / fps);
  const auto begin = place_at(walk.way, walk.way.front().frame);
  track.first_box = {static_cast<float>(begin.x - 20), static_cast<float>(begin.y - 100), 40, 100};
}

Told play(const Case& story) {
  std::vector<std::string> labels;
  int last_frame = 0;
  for (const auto& [id, walk] : story.walks) {
    if (std::find(labels.begin(), labels.end(), walk.label) == labels.end()) labels.push_back(walk.label);
    last_frame = std::max(last_frame, walk.way.back().frame + 1);
  }
  Rules rules("case", story.rules, labels);
  Told told;
  std::map<std::uint64_t, track::Track> known;
  for (int number = 0; number <= last_frame; ++number) {
    if (holds(story.dropped, number)) continue;
    media::FrameInfo frame;
    frame.width = story.width;
    frame.height = story.height;
    frame.sequence = static_cast<std::uint64_t>(number);
    frame.time = media::from_seconds(number / story.fps);
    std::vector<track::Track> tracks;
    std::vector<track::Track> ended;
    for (const auto& [id, walk] : story.walks) {
      if (number < walk.way.front().frame) continue;
      if (number > walk.way.back().frame) {
        if (const auto gone = known.extract(id)) ended.push_back(gone.mapped());
        continue;
      }
      const auto lost = story.lost.find(id);
      track::Track& track = known[id];
      track.id = id;
      track.state = lost != story.lost.end() && holds(lost->second, number) ? track::TrackState::lost
                                                                            : track::TrackState::confirmed;
      track.class_id = static_cast<int>(std::find(labels.begin(), labels.end(), walk.label) - labels.begin());
      place_track(walk, number, story.fps, track);
      tracks.push_back(track);
    }
    const auto judgement = rules.update(frame, tracks, ended);
    for (const auto& event : judgement.events) told.happened.push_back(describe(event));
    for (const auto& miss : judgement.near_misses) told.nearly.push_back(describe(miss));
  }
  return told;
}

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(OCELLI_SOURCE_DIR "/tests/cases")) {
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class RulesCase : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(RulesCase, HappensAsTold) {
  const Case story = read_case(GetParam());
  EXPECT_FALSE(story.expected.empty()) << "a case that expects nothing tests nothing";
  const Told told = play(story);
  EXPECT_EQ(told.happened, story.expected);
  EXPECT_EQ(told.nearly, story.expected_near);
}

INSTANTIATE_TEST_SUITE_P(Cases, RulesCase, testing::ValuesIn(case_files()),
                         [](const auto& one) { return one.param.stem().string(); });

}  // namespace
}  // namespace ocelli::events
