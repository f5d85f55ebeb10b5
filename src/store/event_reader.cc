#include "store/event_reader.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "store/internal/database.h"
#include "store/internal/schema.h"

namespace ocelli::store {
namespace {

using base::Code;
using base::Error;
using Json = nlohmann::json;

constexpr const char* kColumns = "id,run,time_us,camera,sequence,type,rule,track_id,picture_width,picture_height,event";

std::int64_t microseconds(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

base::WallTime wall_time(std::int64_t time_us) {
  return base::WallTime(std::chrono::microseconds(time_us));
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

StoredEvent event_at(const internal::Statement& row) {
  return {row.integer(0),
          row.integer(1),
          wall_time(row.integer(2)),
          row.text(3),
          static_cast<std::uint64_t>(row.integer(4)),
          row.text(5),
          row.text(6),
          static_cast<std::uint64_t>(row.integer(7)),
          static_cast<int>(row.integer(8)),
          static_cast<int>(row.integer(9)),
          row.text(10)};
}

events::Gate gate_of(const Json& json) {
  const auto number = [&](const char* key) {
    return json.at(key).is_null() ? std::nan("") : json.at(key).get<double>();
  };
  return {json.at("name").get<std::string>(), number("value"), number("threshold"), json.at("passed").get<bool>(),
          json.at("need").get<std::string>() == "at_most" ? events::Need::at_most : events::Need::at_least};
}

EventDetails read_details(const Json& json) {
  EventDetails details;
  details.id = json.at("id").get<std::string>();
  const Json& data = json.at("data");
  details.label = data.value("label", "");
  details.frame = data.value("frame", std::uint64_t{0});
  if (const auto& score = data.at("score"); score.is_number()) details.score = score.get<float>();
  const Json& box = data.at("box");
  if (box.at("left").is_number() && box.at("top").is_number() && box.at("width").is_number() &&
      box.at("height").is_number()) {
    details.box = {box.at("left").get<float>(), box.at("top").get<float>(), box.at("width").get<float>(),
                   box.at("height").get<float>()};
  }
  for (const Json& gate : data.at("gates")) details.gates.push_back(gate_of(gate));
  return details;
}

base::Result<StoredTrack> track_at(const internal::Statement& row) {
  StoredTrack track{row.integer(0), row.integer(1), {}};
  TrackSummary& summary = track.summary;
  summary.camera = row.text(2);
  summary.track_id = static_cast<std::uint64_t>(row.integer(3));
  summary.label = row.text(4);
  summary.first_seen = wall_time(row.integer(5));
  summary.last_seen = wall_time(row.integer(6));
  summary.frames = static_cast<std::uint64_t>(row.integer(7));
  summary.quality = static_cast<float>(row.real(8));
  summary.picture_width = static_cast<int>(row.integer(9));
  summary.picture_height = static_cast<int>(row.integer(10));
  try {
    for (const Json& point : Json::parse(row.text(11))) {
      summary.path.push_back(
          {point.at(0).get<std::uint64_t>(),
           summary.first_seen + std::chrono::milliseconds(point.at(1).get<std::int64_t>()),
           {point.at(2).get<float>(), point.at(3).get<float>(), point.at(4).get<float>(), point.at(5).get<float>()},
           point.at(6).get<float>()});
    }
  } catch (const Json::exception& error) {
    return Error(Code::corrupt, fmt::format("the path of stored track {} is broken: {}", track.id, error.what()));
  }
  return track;
}

/// A condition for each thing that is asked, and what its parameters are, in order.
struct Where {
  std::string sql = "1";
  std::vector<std::variant<std::int64_t, std::string>> values;

  void add(const std::string& condition, std::variant<std::int64_t, std::string> value) {
    sql += " AND " + condition;
    values.push_back(std::move(value));
  }
  int bind(internal::Statement& statement) const {
    int parameter = 0;
    for (const auto& value : values) {
      ++parameter;
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        statement.bind(parameter, *number);
      } else {
        statement.bind(parameter, std::string_view(std::get<std::string>(value)));
      }
    }
    return parameter;
  }
};

Where where_of(const EventQuery& query) {
  Where where;
  if (!query.camera.empty()) where.add("camera=?", query.camera);
  if (!query.type.empty()) where.add("type=?", query.type);
  if (!query.rule.empty()) where.add("rule<>'' AND rule=?", query.rule);  // both, for the index is of those with one
  if (query.from) where.add("time_us>=?", microseconds(*query.from));
  if (query.to) where.add("time_us<=?", microseconds(*query.to));
  if (query.after) {
    where.add(query.order == Order::newest_first ? "(time_us,id)<(?," : "(time_us,id)>(?,", query.after->time_us);
    where.sql += "?)";
    where.values.emplace_back(query.after->id);
  }
  return where;
}

struct Question {
  std::string sql;
  Where where;
};

enum class Table { events, near_misses };

/// With a track there are two ways in, which SQLite joins: the event's own, and its members.
Question question_of(const EventQuery& query, Table table) {
  Question question{"", where_of(query)};
  const char* direction = query.order == Order::newest_first ? "DESC" : "ASC";
  const char* name = table == Table::events ? "events" : "near_misses";
  std::string by_track;
  if (query.track) {
    question.where.values.emplace_back(static_cast<std::int64_t>(*query.track));
    by_track = " AND track_id=?";
  }
  question.sql = fmt::format("SELECT {} FROM {} WHERE {}{} ORDER BY time_us {}, id {} LIMIT ?", kColumns, name,
                             question.where.sql, by_track, direction, direction);
  return question;
}

/// Events in which the track is only a member.
Question members_question_of(const EventQuery& query) {
  Question question{"", where_of(query)};
  const char* direction = query.order == Order::newest_first ? "DESC" : "ASC";
  question.where.add("id IN (SELECT event FROM event_members WHERE track_id=?)",
                     static_cast<std::int64_t>(*query.track));
  question.where.add("track_id<>?", static_cast<std::int64_t>(*query.track));
  question.sql = fmt::format("SELECT {} FROM events WHERE {} ORDER BY time_us {}, id {} LIMIT ?", kColumns,
                             question.where.sql, direction, direction);
  return question;
}

}  // namespace

base::Result<EventDetails> details_of(const StoredEvent& event) {
  try {
    return read_details(Json::parse(event.json));
  } catch (const Json::exception& error) {
    return Error(Code::corrupt, fmt::format("stored event {} is not an event's JSON: {}", event.id, error.what()));
  }
}

std::string stored_json(const StoredEvent& event) {
  if (!event.json.starts_with('{')) return event.json;
  return fmt::format(R"({{"storeid":"{}",{})", event.id, std::string_view(event.json).substr(1));
}

std::string place_text(const Place& place) {
  return fmt::format("{}-{}", place.time_us, place.id);
}

std::optional<Place> parse_place(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto time_us = parse_number<std::int64_t>(text.substr(0, dash));
  const auto id = parse_number<std::int64_t>(text.substr(dash + 1));
  if (!time_us || !id) return std::nullopt;
  return Place{*time_us, *id};
}

struct EventReader::Impl {
  std::string path;
  internal::Database database;

  base::Result<std::vector<StoredEvent>> ask(const Question& question, std::size_t limit) {
    OC_TRY(auto statement, database.prepare(question.sql));
    const int parameters = question.where.bind(statement);
    statement.bind(parameters + 1, static_cast<std::int64_t>(limit));
    std::vector<StoredEvent> found;
    while (true) {
      OC_TRY(const bool more, statement.step());
      if (!more) return found;
      found.push_back(event_at(statement));
    }
  }

  base::Result<EventPage> page(const EventQuery& query, Table table) {
    EventPage page;
    OC_TRY(page.events, ask(question_of(query, table), query.limit + 1));
    if (query.track && table == Table::events) {
      OC_TRY(auto others, ask(members_question_of(query), query.limit + 1));
      const auto comes_before = [&](const StoredEvent& a, const StoredEvent& b) {
        const auto key_a = std::pair(a.time, a.id);
        const auto key_b = std::pair(b.time, b.id);
        return query.order == Order::newest_first ? key_a > key_b : key_a < key_b;
      };
      std::vector<StoredEvent> merged;
      std::merge(std::make_move_iterator(page.events.begin()), std::make_move_iterator(page.events.end()),
                 std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()),
                 std::back_inserter(merged), comes_before);
      page.events = std::move(merged);
    }
    if (page.events.size() > query.limit) {
      page.events.resize(query.limit);
      page.next = Place{microseconds(page.events.back().time), page.events.back().id};
    }
    return page;
  }

  base::Result<EventPage> told(base::Result<EventPage> answer) const {
    if (answer) return answer;
    return std::move(answer).error().with_context(path);
  }
};

EventReader::EventReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventReader::~EventReader() = default;

base::Result<std::unique_ptr<EventReader>> EventReader::open(const std::string& path) {
  OC_TRY(auto database, internal::open_for_reading(path));
  return std::unique_ptr<EventReader>(new EventReader(std::make_unique<Impl>(path, std::move(database))));
}

base::Result<EventPage> EventReader::events(const EventQuery& query) {
  return impl_->told(impl_->page(query, Table::events));
}

base::Result<EventPage> EventReader::near_misses(const EventQuery& query) {
  return impl_->told(impl_->page(query, Table::near_misses));
}

base::Result<StoredEvent> EventReader::event(std::string_view id) {
  Question question;
  if (const auto number = parse_number<std::int64_t>(id)) {
    question.where.add("id=?", *number);
    question.sql = fmt::format("SELECT {} FROM events WHERE {} LIMIT ?", kColumns, question.where.sql);
  } else {
    const std::size_t slash = id.rfind('/');
    const auto sequence =
        slash == std::string_view::npos ? std::nullopt : parse_number<std::int64_t>(id.substr(slash + 1));
    if (!sequence) {
      return Error(Code::invalid, fmt::format("'{}' is no event's id; those are like gate/12, or a number", id));
    }
    question.where.add("camera=?", std::string(id.substr(0, slash)));
    question.where.add("sequence=?", *sequence);
    question.sql = fmt::format("SELECT {} FROM events WHERE {} ORDER BY id DESC LIMIT ?", kColumns, question.where.sql);
  }
  auto found = impl_->ask(question, 1);
  if (!found) return std::move(found).error().with_context(impl_->path);
  if (found->empty()) return Error(Code::not_found, fmt::format("no event '{}' is stored", id));
  return std::move(found->front());
}

base::Result<std::vector<StoredTrack>> EventReader::tracks(const TrackQuery& query) {
  Where where;
  where.add("id>?", query.after);
  if (!query.camera.empty()) where.add("camera=?", query.camera);
  if (query.track) where.add("track_id=?", static_cast<std::int64_t>(*query.track));
  if (query.from) where.add("last_us>=?", microseconds(*query.from));
  if (query.to) where.add("first_us<=?", microseconds(*query.to));
  OC_TRY(auto statement,
         impl_->database.prepare(fmt::format(
             "SELECT id,run,camera,track_id,label,first_us,last_us,frames,quality,picture_width,picture_height,path "
             "FROM tracks WHERE {} ORDER BY id LIMIT ?",
             where.sql)));
  statement.bind(where.bind(statement) + 1, static_cast<std::int64_t>(query.limit));
  std::vector<StoredTrack> found;
  while (true) {
    OC_TRY(const bool more, statement.step());
    if (!more) return found;
    OC_TRY(auto track, track_at(statement));
    found.push_back(std::move(track));
  }
}

base::Result<std::vector<std::string>> EventReader::media_of(const StoredEvent& event) {
  OC_TRY(auto statement,
         impl_->database.prepare("SELECT path FROM media WHERE camera=? AND sequence=? AND run=? ORDER BY id"));
  statement.bind(1, std::string_view(event.camera)).bind(2, static_cast<std::int64_t>(event.sequence));
  statement.bind(3, event.run);
  std::vector<std::string> paths;
  while (true) {
    OC_TRY(const bool more, statement.step());
    if (!more) return paths;
    paths.push_back(statement.text(0));
  }
}

base::Result<std::string> EventReader::plan(const EventQuery& query) {
  std::vector<Question> questions{question_of(query, Table::events)};
  if (query.track) questions.push_back(members_question_of(query));
  std::string plan;
  for (const auto& question : questions) {
    OC_TRY(auto statement, impl_->database.prepare("EXPLAIN QUERY PLAN " + question.sql));
    while (true) {
      OC_TRY(const bool more, statement.step());
      if (!more) break;
      plan += statement.text(3) + "\n";
    }
  }
  return plan;
}

}  // namespace ocelli::store
