#include "store/internal/store_writer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <limits>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "events/event_json.h"
#include "store/internal/schema.h"

namespace ocelli::store::internal {
namespace {

using base::Code;
namespace fs = std::filesystem;

constexpr std::int64_t kStepRows = 2'000;
constexpr std::int64_t kStepPages = 500;
constexpr std::int64_t kSpareNearMisses = 16;
constexpr std::uintmax_t kLogBytes = 16U << 20U;
constexpr int kFoldPatienceMs = 20;
constexpr std::array<const char*, 4> kTables = {"events", "near_misses", "tracks", "media"};

std::int64_t microseconds(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

double finite(float value) {
  return std::isfinite(value) ? value : 0;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

std::string path_json(const TrackSummary& track) {
  std::string json = "[";
  for (const auto& point : track.path) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(point.time - track.first_seen).count();
    fmt::format_to(std::back_inserter(json), "{}[{},{},{:.1f},{:.1f},{:.1f},{:.1f},{:.3f}]", json.size() > 1 ? "," : "",
                   point.frame, since, finite(point.box.left), finite(point.box.top), finite(point.box.width),
                   finite(point.box.height), finite(point.score));
  }
  return json + "]";
}

StoreWriter::StoreWriter(const StoreConfig& config, base::Clock& clock, base::Logger logger, base::Metrics& metrics)
    : config_(config),
      clock_(clock),
      logger_(std::move(logger)),
      bytes_(metrics.gauge("ocelli_store_bytes", "Size of the store's file, without its log")),
      removed_(metrics.counter("ocelli_store_removed_total", "Rows removed since they were too old or too many")),
      set_aside_(metrics.counter("ocelli_store_set_aside_total", "Broken files that were set aside")) {}

base::Status StoreWriter::write(std::span<const Record> batch, std::uint64_t number) {
  OC_TRY_STATUS(ensure_open());
  if (batch.empty()) return {};
  if (auto status = write_all(batch, number); !status) return give_up(status.error());
  fold_log();
  return {};
}

/// Every 16 MiB, so that a page which changes often is not copied each time; and the log is emptied at once. Left as it
/// is, which is SQLite's way, its front part would be older than the file: were its end lost then, what remains would
/// be taken for newer, and the file be broken. Readers may hold this up, or the disk be full: then the next batch does
/// it.
void StoreWriter::fold_log() {
  std::error_code absent;
  if (fs::file_size(config_.path + "-wal", absent) < kLogBytes || absent) return;
  const auto outcome = connection_->database.run(
      fmt::format("PRAGMA busy_timeout={};PRAGMA wal_checkpoint(TRUNCATE);PRAGMA busy_timeout={}", kFoldPatienceMs,
                  kBusyPatienceMs));
  if (!outcome)
    logger_.debug("the store's log could not be folded into its file", {{"reason", outcome.error().message()}});
}

base::Status StoreWriter::write_all(std::span<const Record> batch, std::uint64_t number) {
  Connection& connection = *connection_;
  OC_TRY_STATUS(connection.database.run("BEGIN IMMEDIATE"));
  OC_TRY_STATUS(begin_run(connection.database));
  connection.number_batch.bind(1, static_cast<std::int64_t>(number)).bind(2, run_);
  OC_TRY_STATUS(connection.number_batch.run());
  // A commit may have failed in its last step, the sync, and yet be found in the log when the file was opened again.
  if (connection.database.changes() == 0) return connection.database.run("ROLLBACK");
  now_us_ = microseconds(clock_.wall_now());
  for (const Record& record : batch) {
    OC_TRY_STATUS(std::visit([this](const auto& value) { return insert(value); }, record));
  }
  OC_TRY_STATUS(hold_near_misses());
  return connection.database.run("COMMIT");
}

/// In the transaction of the first batch: a program that stores nothing leaves no run.
base::Status StoreWriter::begin_run(Database& database) {
  if (run_ != 0) return {};
  OC_TRY_STATUS(
      database.run(fmt::format("INSERT INTO runs(started_us, batch) VALUES({}, 0)", microseconds(clock_.wall_now()))));
  run_ = database.last_row_id();
  return {};
}

base::Status StoreWriter::insert(Statement& statement, const events::Event& event) {
  statement.bind(1, run_)
      .bind(2, now_us_)
      .bind(3, microseconds(event.wall_time))
      .bind(4, std::string_view(event.camera));
  statement.bind(5, static_cast<std::int64_t>(event.sequence)).bind(6, events::event_type_name(event.type));
  statement.bind(7, std::string_view(event.rule)).bind(8, static_cast<std::int64_t>(event.track_id));
  statement.bind(9, static_cast<std::int64_t>(event.picture_width));
  statement.bind(10, static_cast<std::int64_t>(event.picture_height));
  statement.bind(11, std::string_view(events::to_cloud_event(event)));
  return statement.run();
}

base::Status StoreWriter::insert(const events::Event& event) {
  Connection& connection = *connection_;
  OC_TRY_STATUS(insert(connection.insert_event, event));
  const std::int64_t id = connection.database.last_row_id();
  for (const auto member : event.members) {
    connection.insert_member.bind(1, id).bind(2, static_cast<std::int64_t>(member));
    OC_TRY_STATUS(connection.insert_member.run());
  }
  return {};
}

base::Status StoreWriter::insert(const events::NearMiss& miss) {
  ++connection_->near_misses[miss.would_be.camera];
  return insert(connection_->insert_near_miss, miss.would_be);
}

base::Status StoreWriter::insert(const TrackSummary& track) {
  Statement& statement = connection_->insert_track;
  statement.bind(1, run_).bind(2, now_us_).bind(3, std::string_view(track.camera));
  statement.bind(4, static_cast<std::int64_t>(track.track_id)).bind(5, std::string_view(track.label));
  statement.bind(6, microseconds(track.first_seen)).bind(7, microseconds(track.last_seen));
  statement.bind(8, static_cast<std::int64_t>(track.frames)).bind(9, finite(track.quality));
  statement.bind(10, static_cast<std::int64_t>(track.picture_width));
  statement.bind(11, static_cast<std::int64_t>(track.picture_height)).bind(12, std::string_view(path_json(track)));
  return statement.run();
}

base::Status StoreWriter::insert(const MediaReference& reference) {
  Statement& statement = connection_->insert_media;
  statement.bind(1, run_).bind(2, now_us_).bind(3, std::string_view(reference.camera));
  statement.bind(4, static_cast<std::int64_t>(reference.sequence)).bind(5, std::string_view(reference.kind));
  statement.bind(6, std::string_view(reference.path));
  return statement.run();
}

/// A little above the bound is let be, so that the oldest need not be looked for with every one that comes.
base::Status StoreWriter::hold_near_misses() {
  const std::int64_t bound = config_.near_misses;
  for (auto& [camera, count] : connection_->near_misses) {
    if (count <= bound + bound / 8 + kSpareNearMisses) continue;
    OC_TRY(count, count_near_misses(camera));  // tend() may have removed some
    if (count <= bound) continue;
    connection_->remove_near_misses.bind(1, std::string_view(camera)).bind(2, count - bound);
    OC_TRY_STATUS(connection_->remove_near_misses.run());
    count = bound;
  }
  return {};
}

base::Result<std::int64_t> StoreWriter::count_near_misses(const std::string& camera) {
  connection_->count_near_misses.bind(1, std::string_view(camera));
  OC_TRY([[maybe_unused]] const bool found, connection_->count_near_misses.step());
  const std::int64_t count = connection_->count_near_misses.integer(0);
  connection_->count_near_misses.reset();
  return count;
}

/// Rolled back and told. A full disk lets the connection be; else the next attempt begins with a new one.
base::Status StoreWriter::give_up(const base::Error& error) {
  if (error.code() == Code::exhausted) {
    connection_->database.roll_back();
  } else {
    connection_.reset();
  }
  if (error.code() == Code::corrupt) OC_TRY_STATUS(set_aside(error.message()));
  return base::Error(error).with_context(config_.path);
}

base::Status StoreWriter::ensure_open() {
  if (connection_) return {};
  auto opened = open();
  if (!opened && opened.error().code() == Code::corrupt) {
    OC_TRY_STATUS(set_aside(opened.error().message()));
    opened = open();
  }
  if (!opened) return base::Error(opened.error()).with_context(config_.path);
  connection_.emplace(std::move(*opened));
  inode_ = inode_of(config_.path);
  return {};
}

base::Result<StoreWriter::Connection> StoreWriter::open() {
  OC_TRY(auto database, open_for_writing(config_.path));
  if (!integrity_known_) {
    OC_TRY_STATUS(check_integrity(database));
    integrity_known_ = true;
  }
  // A file that was put in place of ours knows nothing of this run.
  if (run_ != 0) {
    OC_TRY(const auto known, database.number(fmt::format("SELECT COUNT(*) FROM runs WHERE id={}", run_)));
    if (known == 0) run_ = 0;
  }
  return prepare(std::move(database));
}

base::Result<StoreWriter::Connection> StoreWriter::prepare(Database database) {
  constexpr const char* kColumns =
      "(run,stored_us,time_us,camera,sequence,type,rule,track_id,picture_width,picture_height,event) "
      "VALUES(?,?,?,?,?,?,?,?,?,?,?)";
  OC_TRY(auto event, database.prepare(fmt::format("INSERT INTO events{}", kColumns)));
  OC_TRY(auto near_miss, database.prepare(fmt::format("INSERT INTO near_misses{}", kColumns)));
  OC_TRY(auto track,
         database.prepare("INSERT INTO tracks(run,stored_us,camera,track_id,label,first_us,last_us,frames,quality,"
                          "picture_width,picture_height,path) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"));
  OC_TRY(auto media,
         database.prepare("INSERT INTO media(run,stored_us,camera,sequence,kind,path) VALUES(?,?,?,?,?,?)"));
  OC_TRY(auto member, database.prepare("INSERT OR IGNORE INTO event_members(event,track_id) VALUES(?,?)"));
  OC_TRY(auto remove, database.prepare("DELETE FROM near_misses WHERE id IN (SELECT id FROM near_misses WHERE camera=? "
                                       "ORDER BY id LIMIT ?)"));
  OC_TRY(auto count_of, database.prepare("SELECT COUNT(*) FROM near_misses WHERE camera=?"));
  OC_TRY(auto number, database.prepare("UPDATE runs SET batch=?1 WHERE id=?2 AND batch<?1"));
  std::map<std::string, std::int64_t> counts;
  {
    OC_TRY(auto count, database.prepare("SELECT camera, COUNT(*) FROM near_misses GROUP BY camera"));
    while (true) {
      OC_TRY(const bool more, count.step());
      if (!more) break;
      counts[count.text(0)] = count.integer(1);
    }
  }
  return Connection{std::move(database), std::move(event),  std::move(near_miss), std::move(track),  std::move(media),
                    std::move(member),   std::move(remove), std::move(count_of),  std::move(number), std::move(counts)};
}

base::Status StoreWriter::set_aside(const std::string& why) {
  std::string stamp = base::format_wall_time(clock_.wall_now());  // 2026-11-22T10:11:12.345Z
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == '.'; });
  const std::string broken = config_.path + ".broken-" + stamp;
  std::error_code error;
  fs::rename(config_.path, broken, error);
  if (error) {
    return base::Error(Code::unavailable, fmt::format("{} is broken ({}) and cannot be renamed: {}; move it away",
                                                      config_.path, why, error.message()));
  }
  std::error_code absent;
  fs::rename(config_.path + "-wal", broken + "-wal", absent);
  fs::remove(config_.path + "-shm", absent);
  run_ = 0;
  set_aside_.add();
  logger_.error("the store's file is broken; it was set aside and a new one begun",
                {{"file", config_.path},
                 {"set_aside", broken},
                 {"reason", why},
                 {"remedy", "sqlite3 FILE .recover shows what can be read of it"}});
  return {};
}

bool StoreWriter::file_is_ours() {
  return inode_of(config_.path) == inode_;
}

StoreWriter::Left StoreWriter::tend() {
  if (!connection_) return Left::nothing;
  if (!file_is_ours()) {
    logger_.warn("the store's file was removed or replaced; beginning anew", {{"file", config_.path}});
    connection_.reset();
    integrity_known_ = false;
    return Left::nothing;
  }
  const auto left = try_tend();
  if (left) return *left;
  connection_->database.roll_back();
  logger_.warn("what is too old or too much cannot be removed now",
               {{"file", config_.path}, {"reason", left.error().message()}});
  return Left::nothing;
}

base::Result<StoreWriter::Left> StoreWriter::try_tend() {
  Database& database = connection_->database;
  std::int64_t removed = 0;
  if (config_.keep_days > 0) {
    const auto oldest = microseconds(clock_.wall_now() - std::chrono::days(config_.keep_days));
    OC_TRY(removed, remove({nullptr, kStepRows, oldest}));
  }
  OC_TRY(const auto page_size, database.number("PRAGMA page_size"));
  OC_TRY(auto free_pages, database.number("PRAGMA freelist_count"));
  OC_TRY(auto pages, database.number("PRAGMA page_count"));
  const std::int64_t bound = config_.max_mib > 0 ? (static_cast<std::int64_t>(config_.max_mib) << 20) / page_size
                                                 : std::numeric_limits<std::int64_t>::max();
  if (pages - free_pages > bound) {
    OC_TRY(const auto cut, size_cut());
    OC_TRY(const auto by_size, remove(cut));
    removed += by_size;
    OC_TRY(free_pages, database.number("PRAGMA freelist_count"));
  }
  const bool shrinks = pages > bound || free_pages > std::max(pages / 4, 2 * kStepPages);
  if (free_pages > 0 && shrinks) {
    OC_TRY_STATUS(database.run(fmt::format("PRAGMA incremental_vacuum({})", kStepPages)));
    OC_TRY(pages, database.number("PRAGMA page_count"));
  }
  bytes_.set(static_cast<double>(pages * page_size));
  return removed > 0 || (shrinks && free_pages > kStepPages) ? Left::more : Left::nothing;
}

/// The first eighth of a table, but no more than a step of it: of the table whose rows are the oldest there.
base::Result<StoreWriter::Cut> StoreWriter::size_cut() {
  Cut cut{nullptr, 0, std::numeric_limits<std::int64_t>::max()};
  for (const char* table : kTables) {
    OC_TRY(const auto all, connection_->database.number(fmt::format("SELECT MAX(id)-MIN(id)+1 FROM {}", table)));
    if (all == 0) continue;
    const std::int64_t rows = std::clamp<std::int64_t>(all / 8, 1, kStepRows);
    OC_TRY(const auto stored, connection_->database.number(
                                  fmt::format("SELECT stored_us FROM {0} WHERE id >= (SELECT MIN(id) FROM {0})+{1} "
                                              "ORDER BY id LIMIT 1",
                                              table, rows - 1)));
    if (stored < cut.before_us) cut = {table, rows, stored};
  }
  return cut;
}

/// How many rows. A transaction writes many rows in one moment, so that time alone would not do for the first table.
base::Result<std::int64_t> StoreWriter::remove(const Cut& cut) {
  Database& database = connection_->database;
  std::int64_t removed = 0;
  OC_TRY_STATUS(database.run("BEGIN IMMEDIATE"));
  for (const char* table : kTables) {
    const std::string bound = table == cut.table ? "" : fmt::format(" AND stored_us < {}", cut.before_us);
    OC_TRY_STATUS(database.run(fmt::format("DELETE FROM {0} WHERE id < (SELECT MIN(id) FROM {0})+{1}{2}", table,
                                           table == cut.table ? cut.rows : kStepRows, bound)));
    removed += database.changes();
  }
  OC_TRY_STATUS(database.run("DELETE FROM event_members WHERE event < (SELECT MIN(id) FROM events)"));
  OC_TRY_STATUS(database.run("COMMIT"));
  removed_.add(static_cast<double>(removed));
  return removed;
}

}  // namespace ocelli::store::internal
