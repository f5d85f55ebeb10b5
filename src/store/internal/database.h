#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ocelli::store::internal {

/// A prepared statement of one Database, which outlives it. Parameters and columns count as SQLite counts them:
/// parameters from 1, columns from 0. Texts are copied where they are bound. One thread at a time.
class Statement {
 public:
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, double value);
  Statement& bind(int parameter, std::string_view text);

  /// True: there is a row. After an error, and after the last row, the statement is ready to run again.
  base::Result<bool> step();
  /// Runs it to its end, for statements without rows.
  base::Status run();
  /// For another run before the last row.
  void reset();

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class OpenMode {
  write,  ///< the file is made if it is not there
  read,
};

/// How long a statement waits for another connection's.
inline constexpr int kBusyPatienceMs = 5'000;

/// One connection to an SQLite file: the adapter of that library. Its errors: `exhausted`: the disk or a quota is full;
/// `corrupt`: the file is no database, or a broken one; `not_found`; `unavailable`: the system refuses, or another
/// process keeps it busy; `internal`: else. One thread at a time.
class Database {
 public:
  static base::Result<Database> open(const std::string& path, OpenMode mode);

  /// One or more statements without results.
  base::Status run(const std::string& sql);
  base::Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row; 0 without rows.
  base::Result<std::int64_t> number(std::string_view sql);
  base::Result<std::string> text(std::string_view sql);
  /// Rolls back what is begun; of no effect otherwise.
  void roll_back();

  std::int64_t last_row_id() const;
  /// Rows that the last statement changed.
  std::int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace ocelli::store::internal
