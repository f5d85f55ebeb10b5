#include "app/replay_report.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/replay_setup.h"
#include "events/event_json.h"

namespace ocelli::app {
namespace {

using Json = nlohmann::ordered_json;
using Kind = engine::EventChange::Kind;

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

double recorded_seconds(const engine::RecordedRun& recorded) {
  return recorded.begin ? seconds(recorded.end - *recorded.begin) : 0;
}

/// How many seconds of the recording a second of replaying took.
double real_time_factor(const ReplayReport& report) {
  const double wall_s = seconds(report.wall_time);
  return wall_s > 0 ? recorded_seconds(report.recorded) / wall_s : 0;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::added:
      return "added";
    case Kind::removed:
      return "removed";
    case Kind::moved:
      return "moved";
  }
  return "unknown";
}

std::string event_text(const events::Event& event) {
  std::string text(events::event_type_name(event.type));
  if (!event.rule.empty()) text += fmt::format(" '{}'", event.rule);
  if (!event.direction.empty()) text += " " + event.direction;
  if (event.track_id != 0) text += fmt::format(" track {}", event.track_id);
  if (!event.label.empty()) text += fmt::format(" ({})", event.label);
  return text;
}

std::string change_text(const engine::EventChange& change) {
  const char sign = change.kind == Kind::added ? '+' : change.kind == Kind::removed ? '-' : '~';
  return fmt::format("  {} {:>9}  {}: {}\n", sign, media_time_text(change.event.time), event_text(change.event),
                     change.reason);
}

std::string other_text(const ReplayReport& report) {
  const auto& other = *report.other;
  std::string text;
  if (other.changed.empty()) text += "  changed: nothing\n";
  for (const auto& [path, before, after] : other.changed) {
    text += fmt::format("  changed: {} {} → {}\n", shown_path(path), before.empty() ? "absent" : before,
                        after.empty() ? "absent" : after);
  }
  text += fmt::format("  rerun: {}\n", other.reran);
  for (const auto& note : other.notes) text += "  note: " + note + "\n";
  if (!other.diff) return text + fmt::format("  events: {} before, {} now\n", report.events, other.events);
  const auto& diff = *other.diff;
  text += fmt::format("  events: {} before, {} now: {} added, {} removed, {} moved, {} unchanged\n", report.events,
                      other.events, diff.count(Kind::added), diff.count(Kind::removed), diff.count(Kind::moved),
                      diff.unchanged);
  for (const auto& change : diff.changes) text += change_text(change);
  return text;
}

Json gates_json(const std::vector<events::Gate>& gates) {
  Json list = Json::array();
  for (const auto& gate : gates) {
    list.push_back({{"name", gate.name},
                    {"value", gate.value},
                    {"need", gate.need == events::Need::at_least ? "at_least" : "at_most"},
                    {"threshold", gate.threshold},
                    {"passed", gate.passed}});
  }
  return list;
}

Json change_json(const engine::EventChange& change) {
  Json json{{"kind", kind_name(change.kind)}, {"event", Json::parse(events::to_cloud_event(change.event))}};
  if (change.after) json["after"] = Json::parse(events::to_cloud_event(*change.after));
  json["reason"] = change.reason;
  json["gates"] = gates_json(change.gates);
  return json;
}

Json other_json(const ReplayReport& report) {
  const auto& other = *report.other;
  Json changed = Json::array();
  for (const auto& [path, before, after] : other.changed) {
    changed.push_back({{"path", path}, {"before", before}, {"after", after}});
  }
  Json json{{"changed", changed},
            {"reran", other.reran},
            {"notes", other.notes},
            {"events", other.events},
            {"frames_without_picture", other.frames_without_picture}};
  if (!other.diff) return json;
  json["added"] = other.diff->count(Kind::added);
  json["removed"] = other.diff->count(Kind::removed);
  json["moved"] = other.diff->count(Kind::moved);
  json["unchanged"] = other.diff->unchanged;
  json["changes"] = Json::array();
  for (const auto& change : other.diff->changes) json["changes"].push_back(change_json(change));
  return json;
}

}  // namespace

std::string media_time_text(media::MediaTime time) {
  const double whole = media::to_seconds(time);
  const auto tenths = std::llround(std::abs(whole) * 10);
  const auto minutes = tenths / 600;
  const std::string sign = whole < 0 && tenths > 0 ? "-" : "";
  const std::string rest = fmt::format("{:02}.{}", tenths % 600 / 10, tenths % 10);
  if (minutes < 60) return fmt::format("{}{}:{}", sign, minutes, rest);
  return fmt::format("{}{}:{:02}:{}", sign, minutes / 60, minutes % 60, rest);
}

std::vector<std::string> recording_notes(const engine::RecordedRun& recorded) {
  std::vector<std::string> notes;
  const std::string used = fmt::format("{} frames up to {} are used", recorded.frames, media_time_text(recorded.end));
  if (recorded.damage) {
    notes.push_back(fmt::format("the recording is cut off or damaged ({}): {}", *recorded.damage, used));
  } else if (!recorded.ended) {
    notes.push_back("the recorder was ended before the run was: " + used);
  } else if (*recorded.ended == engine::RecordedEnd::Reason::full) {
    notes.push_back("the recording reached its bound before the run ended: " + used);
  }
  if (!recorded.has_beginning) {
    notes.emplace_back(
        "older parts were removed, so that tracks and rules begin anew: events near the beginning and track numbers "
        "differ from the run's");
  }
  if (recorded.lost > 0) {
    notes.push_back(
        fmt::format("the disk was too slow for {} frames or events, so events differ from the run's", recorded.lost));
  }
  return notes;
}

std::string replay_text(const ReplayReport& report) {
  const auto& recorded = report.recorded;
  std::string text =
      fmt::format("{}: {} frames, {} of video, replayed in {:.2f} s: {:.0f} times real time\n", report.header.camera,
                  recorded.frames, media_time_text(media::from_seconds(recorded_seconds(recorded))),
                  seconds(report.wall_time), real_time_factor(report));
  text += fmt::format("  recorded: {} with {} {} ({})\n", report.header.program, report.header.model,
                      report.header.model_version, report.header.precision);
  for (const auto& note : recording_notes(recorded)) text += "  note: " + note + "\n";
  if (report.equal) {
    text += fmt::format("  events: {}, byte by byte those of the run\n", report.events);
  } else {
    text += fmt::format("  events: {}; the run wrote {}\n", report.events, recorded.events.size());
  }
  return report.other ? text + other_text(report) : text;
}

std::string replay_json(const ReplayReport& report) {
  const auto& recorded = report.recorded;
  Json json{{"recording",
             {{"folder", report.folder},
              {"camera", report.header.camera},
              {"program", report.header.program},
              {"model", report.header.model},
              {"model_version", report.header.model_version},
              {"model_sha256", report.header.model_sha256},
              {"config_sha256", report.header.config_sha256},
              {"frames", recorded.frames},
              {"video_s", recorded_seconds(recorded)},
              {"events", recorded.events.size()},
              {"notes", recording_notes(recorded)}}},
            {"wall_s", seconds(report.wall_time)},
            {"times_real_time", real_time_factor(report)},
            {"events", report.events},
            {"equal_to_run", report.equal}};
  if (report.other) json["other"] = other_json(report);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ocelli::app
