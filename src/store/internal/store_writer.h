#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/event_store.h"
#include "store/internal/database.h"
#include "store/store_config.h"

namespace ocelli::store::internal {

/// Writes batches of records into the file, each as one transaction, exactly once, and holds the file's bounds. Opens
/// the file when it is first needed, and again after an error; looks for damage when it does so for the first time.
/// One thread at a time.
class StoreWriter {
 public:
  StoreWriter(const StoreConfig& config, base::Clock& clock, base::Logger logger, base::Metrics& metrics);

  /// Success: it is on the disk. After an error nothing of it is there, or all: the caller gives the same batch again,
  /// with the same number, and it will not be there twice. Numbers grow from 1. An empty batch only opens the file.
  base::Status write(std::span<const Record> batch, std::uint64_t number);

  enum class Left { nothing, more };
  /// Removes some of what is too old or too much. Never fails: what it could not do it tries again.
  Left tend();

 private:
  /// All that ends with a connection.
  struct Connection {
    Database database;
    Statement insert_event;
    Statement insert_near_miss;
    Statement insert_track;
    Statement insert_media;
    Statement insert_member;
    Statement remove_near_misses;
    Statement count_near_misses;
    Statement number_batch;
    std::map<std::string, std::int64_t> near_misses;  // kept, by camera
  };

  base::Status ensure_open();
  base::Result<Connection> open();
  base::Result<Connection> prepare(Database database);
  base::Status begin_run(Database& database);
  base::Status set_aside(const std::string& why);
  base::Status give_up(const base::Error& error);

  void fold_log();
  base::Status write_all(std::span<const Record> batch, std::uint64_t number);
  base::Status insert(Statement& statement, const events::Event& event);
  base::Status insert(const events::Event& event);
  base::Status insert(const events::NearMiss& miss);
  base::Status insert(const TrackSummary& track);
  base::Status insert(const MediaReference& reference);
  base::Status hold_near_misses();
  base::Result<std::int64_t> count_near_misses(const std::string& camera);

  base::Result<Left> try_tend();
  /// What goes in one step: these rows of one table (null: of none), and of the others what was stored before.
  struct Cut {
    const char* table = nullptr;
    std::int64_t rows = 0;
    std::int64_t before_us = 0;
  };
  base::Result<Cut> size_cut();
  base::Result<std::int64_t> remove(const Cut& cut);
  bool file_is_ours();

  const StoreConfig config_;
  base::Clock& clock_;
  const base::Logger logger_;
  base::Gauge bytes_;
  base::Counter removed_;
  base::Counter set_aside_;
  std::optional<Connection> connection_;
  std::int64_t run_ = 0;  // 0: not begun
  std::int64_t now_us_ = 0;
  std::uint64_t inode_ = 0;
  bool integrity_known_ = false;
};

/// [[frame, ms since the first point, left, top, width, height, score], …]
std::string path_json(const TrackSummary& track);

}  // namespace ocelli::store::internal
