#include "store/internal/schema.h"

#include <array>

#include <fmt/format.h>

namespace ocelli::store::internal {
namespace {

// One step for each version; a step that was once released never changes. Times are microseconds since 1970, UTC;
// `stored_us` is when the row was written, `time_us` when it happened. Ids are never used again, and grow as rows are
// written. docs/store.md explains the tables.
constexpr std::array<const char*, 2> kSteps = {
    R"(
CREATE TABLE runs(id INTEGER PRIMARY KEY, started_us INTEGER NOT NULL, batch INTEGER NOT NULL);
CREATE TABLE events(
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, stored_us INTEGER NOT NULL, time_us INTEGER NOT NULL,
  camera TEXT NOT NULL, sequence INTEGER NOT NULL, type TEXT NOT NULL, rule TEXT NOT NULL, track_id INTEGER NOT NULL,
  picture_width INTEGER NOT NULL, picture_height INTEGER NOT NULL, event TEXT NOT NULL);
CREATE INDEX events_by_time ON events(time_us);
CREATE INDEX events_by_camera ON events(camera, time_us);
CREATE INDEX events_by_sequence ON events(camera, sequence);
CREATE INDEX events_by_type ON events(type, time_us);
CREATE INDEX events_by_rule ON events(rule, time_us) WHERE rule <> '';
CREATE INDEX events_by_track ON events(track_id, time_us);
CREATE TABLE near_misses(
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, stored_us INTEGER NOT NULL, time_us INTEGER NOT NULL,
  camera TEXT NOT NULL, sequence INTEGER NOT NULL, type TEXT NOT NULL, rule TEXT NOT NULL, track_id INTEGER NOT NULL,
  picture_width INTEGER NOT NULL, picture_height INTEGER NOT NULL, event TEXT NOT NULL);
CREATE INDEX near_misses_by_camera ON near_misses(camera);
CREATE INDEX near_misses_by_rule ON near_misses(rule, time_us);
)",
    R"(
CREATE TABLE tracks(
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, stored_us INTEGER NOT NULL, camera TEXT NOT NULL,
  track_id INTEGER NOT NULL, label TEXT NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
  frames INTEGER NOT NULL, quality REAL NOT NULL, picture_width INTEGER NOT NULL, picture_height INTEGER NOT NULL,
  path TEXT NOT NULL);
CREATE INDEX tracks_by_time ON tracks(first_us);
CREATE INDEX tracks_by_camera ON tracks(camera, first_us);
CREATE TABLE event_members(event INTEGER NOT NULL, track_id INTEGER NOT NULL, PRIMARY KEY(event, track_id))
  WITHOUT ROWID;
CREATE INDEX event_members_by_track ON event_members(track_id);
CREATE TABLE media(
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, stored_us INTEGER NOT NULL, camera TEXT NOT NULL,
  sequence INTEGER NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL);
CREATE INDEX media_by_event ON media(camera, sequence);
)"};

// FULL: what was committed is on the disk. When the log is folded into the file is StoreWriter's to say.
constexpr const char* kWriterSettings =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=0;"
    "PRAGMA cache_size=-16384;"
    "PRAGMA temp_store=MEMORY;";

base::Result<int> version_of(Database& database) {
  OC_TRY(const auto version, database.number("PRAGMA user_version"));
  return static_cast<int>(version);
}

base::Error newer(int version) {
  return {base::Code::unsupported,
          fmt::format("a newer ocelli made it (layout {}, this one knows {}); use that one, or name another file",
                      version, newest_version())};
}

}  // namespace

int newest_version() {
  return static_cast<int>(kSteps.size());
}

base::Status migrate(Database& database, int version) {
  OC_TRY(const int found, version_of(database));
  if (found > newest_version()) return newer(found);
  for (int next = found; next < version; ++next) {
    const std::string step = fmt::format("BEGIN IMMEDIATE;{}PRAGMA user_version={};COMMIT;",
                                         kSteps.at(static_cast<std::size_t>(next)), next + 1);
    if (auto status = database.run(step); !status) {
      database.roll_back();
      return status;
    }
  }
  return {};
}

base::Result<Database> open_for_writing(const std::string& path) {
  OC_TRY(auto database, Database::open(path, OpenMode::write));
  // Of a file without tables only; so that room which retention frees can be given back piece by piece.
  OC_TRY_STATUS(database.run("PRAGMA auto_vacuum=INCREMENTAL"));
  OC_TRY_STATUS(database.run(kWriterSettings));
  OC_TRY_STATUS(migrate(database));
  return database;
}

base::Result<Database> open_for_reading(const std::string& path) {
  OC_TRY(auto database, Database::open(path, OpenMode::read));
  const auto version = version_of(database);
  if (!version) return base::Error(version.error()).with_context(path);
  if (*version > newest_version()) return newer(*version).with_context(path);
  if (*version == newest_version()) return database;
  if (*version == 0) return base::Error(base::Code::not_found, path + ": nothing is stored in this file yet");
  // An earlier ocelli's: nobody has written since. Only a writer can lift it.
  OC_TRY(auto writer, open_for_writing(path));
  return Database::open(path, OpenMode::read);
}

base::Status check_integrity(Database& database) {
  const auto verdict = database.text("PRAGMA quick_check(1)");
  if (!verdict) return verdict.error();
  if (*verdict == "ok") return {};
  return base::Error(base::Code::corrupt, *verdict);
}

}  // namespace ocelli::store::internal
