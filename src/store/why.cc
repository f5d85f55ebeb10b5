#include "store/why.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "events/explain.h"

namespace ocelli::store {
namespace {

using base::Code;
using base::Error;
using Json = nlohmann::ordered_json;

struct Candidate {
  StoredEvent event;
  std::chrono::microseconds offset{};  ///< from the time that was asked about
};

using Find = base::Result<EventPage> (EventReader::*)(const EventQuery&);

/// The one nearest to that time, before or after it.
base::Result<std::optional<Candidate>> nearest(EventReader& reader, Find find, const WhyQuestion& question) {
  std::optional<Candidate> best;
  for (const Order order : {Order::newest_first, Order::oldest_first}) {
    EventQuery query{.camera = question.camera, .rule = question.rule, .order = order, .limit = 1};
    (order == Order::newest_first ? query.to : query.from) = question.at;
    OC_TRY(auto page, (reader.*find)(query));
    if (page.events.empty()) continue;
    const auto offset = std::chrono::duration_cast<std::chrono::microseconds>(page.events.front().time - *question.at);
    if (!best || std::chrono::abs(offset) < std::chrono::abs(best->offset)) {
      best = Candidate{std::move(page.events.front()), offset};
    }
  }
  return best;
}

/// "at 2026-…Z", with the distance from the time that was asked about where there is one.
std::string when_words(const Candidate& candidate) {
  const double seconds = std::chrono::duration<double>(candidate.offset).count();
  std::string words = "at " + base::format_wall_time(candidate.event.time);
  if (candidate.offset.count() != 0) {
    words += fmt::format(" ({:.1f} s {})", std::abs(seconds), seconds < 0 ? "before" : "after");
  }
  return words;
}

/// "zone entered, yard: fired: …".
std::string what_words(const StoredEvent& event) {
  return events::type_words(event.type) + (event.rule.empty() ? "" : " (" + event.rule + ")");
}

Json json_of(const std::optional<Candidate>& candidate) {
  if (!candidate) return {};
  Json json = Json::parse(stored_json(candidate->event), nullptr, false);
  return json.is_discarded() ? Json() : json;
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::fired:
      return "fired";
    case Verdict::nearly:
      return "nearly";
    case Verdict::nothing_near:
      return "nothing_near";
  }
  return "unknown";
}

/// A clip is there once it is complete, and until the bound on its folder removes it.
base::Result<std::vector<std::string>> media_there(EventReader& reader, const StoredEvent& event) {
  OC_TRY(auto paths, reader.media_of(event));
  std::erase_if(paths, [](const std::string& path) {
    std::error_code error;
    return !std::filesystem::is_regular_file(path, error);
  });
  return paths;
}

/// Both ways of asking end here: at most one of each, and which of them is the answer.
struct Findings {
  std::optional<base::WallTime> at{};
  std::optional<Candidate> event{};
  std::optional<Candidate> near_miss{};
  Verdict verdict = Verdict::nothing_near;
  std::vector<std::string> media{};
};

Explanation told(const Findings& findings, std::string words) {
  const auto& answer = findings.verdict == Verdict::nearly ? findings.near_miss : findings.event;
  Json json;
  json["verdict"] = verdict_name(findings.verdict);
  json["words"] = words;
  json["at"] = findings.at ? Json(base::format_wall_time(*findings.at)) : Json();
  json["offset_s"] = findings.at && answer ? Json(std::chrono::duration<double>(answer->offset).count()) : Json();
  json["event"] = json_of(findings.event);
  json["near_miss"] = json_of(findings.near_miss);
  json["media"] = findings.media;
  return {findings.verdict, std::move(words), json.dump(-1, ' ', false, Json::error_handler_t::replace),
          findings.media};
}

base::Result<std::string> words_of(const Candidate& candidate, Verdict verdict) {
  OC_TRY(const auto details, details_of(candidate.event));
  const std::string what = verdict == Verdict::fired ? details.id + ", " : "";
  return fmt::format(
      "{}{} {} {}", what, what_words(candidate.event), when_words(candidate),
      verdict == Verdict::fired ? events::fired_words(details.gates) : events::near_miss_words(details.gates));
}

base::Result<Explanation> explain_event(EventReader& reader, const WhyQuestion& question) {
  Findings findings{.verdict = Verdict::fired};
  OC_TRY(auto event, reader.event(question.event));
  OC_TRY(findings.media, media_there(reader, event));
  findings.event = Candidate{std::move(event), {}};
  OC_TRY(auto words, words_of(*findings.event, Verdict::fired));
  return told(findings, std::move(words));
}

/// Nothing of this rule near that time: what the nearest was, so that a wrong name or time is noticed.
base::Result<std::string> nothing_words(const WhyQuestion& question, const Findings& findings) {
  std::string words = fmt::format("nothing of {} came near on {} at {}", question.rule, question.camera,
                                  base::format_wall_time(*question.at));
  const bool event_is_nearer =
      findings.event &&
      (!findings.near_miss || std::chrono::abs(findings.event->offset) <= std::chrono::abs(findings.near_miss->offset));
  const auto& nearest = event_is_nearer ? findings.event : findings.near_miss;
  if (!nearest) return words + "; nothing of this rule is stored";
  OC_TRY(const auto nearest_words, words_of(*nearest, event_is_nearer ? Verdict::fired : Verdict::nearly));
  return words + "; the nearest was " + nearest_words;
}

base::Result<Explanation> explain_time(EventReader& reader, const WhyQuestion& question) {
  Findings findings{.at = question.at};
  OC_TRY(findings.event, nearest(reader, &EventReader::events, question));
  OC_TRY(findings.near_miss, nearest(reader, &EventReader::near_misses, question));
  const auto is_near = [](const std::optional<Candidate>& candidate) {
    return candidate && std::chrono::abs(candidate->offset) <= kNear;
  };
  if (is_near(findings.event) && (!is_near(findings.near_miss) || std::chrono::abs(findings.event->offset) <=
                                                                      std::chrono::abs(findings.near_miss->offset))) {
    findings.verdict = Verdict::fired;
    OC_TRY(findings.media, media_there(reader, findings.event->event));
  } else if (is_near(findings.near_miss)) {
    findings.verdict = Verdict::nearly;
  } else {
    OC_TRY(auto words, nothing_words(question, findings));
    return told(findings, std::move(words));
  }
  const auto& answer = findings.verdict == Verdict::fired ? findings.event : findings.near_miss;
  OC_TRY(auto words, words_of(*answer, findings.verdict));
  return told(findings, std::move(words));
}

}  // namespace

base::Result<Explanation> explain(EventReader& reader, const WhyQuestion& question) {
  const bool asks_for_time = question.at && !question.camera.empty() && !question.rule.empty();
  const bool asks_in_part = question.at || !question.camera.empty() || !question.rule.empty();
  if (!question.event.empty() && !asks_in_part) return explain_event(reader, question);
  if (question.event.empty() && asks_for_time) return explain_time(reader, question);
  return Error(Code::invalid, "ask for an event, or for a camera, a rule and a time, all three");
}

}  // namespace ocelli::store
