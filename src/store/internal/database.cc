#include "store/internal/database.h"

#include <cerrno>
#include <sqlite3.h>

namespace ocelli::store::internal {
namespace {

using base::Code;

/// A write that the system cut short is an I/O error to SQLite; the reason tells whether room is what lacks.
bool is_out_of_room(int result, int system_error) {
  if (result == SQLITE_FULL) return true;
  return result == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG);
}

Code code_of(int result, int system_error) {
  if (is_out_of_room(result, system_error)) return Code::exhausted;
  switch (result) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::corrupt;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOLFS:
      return Code::unavailable;
    default:
      return Code::internal;
  }
}

base::Error error_of(sqlite3* database) {
  const int extended = sqlite3_extended_errcode(database);
  return {code_of(extended & 0xFF, sqlite3_system_errno(database)), sqlite3_errmsg(database)};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  sqlite3_bind_double(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-cstyle-cast,performance-no-int-to-ptr): SQLITE_TRANSIENT is such a cast.
  sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

base::Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    reset();
    return false;
  }
  base::Error error = error_of(sqlite3_db_handle(statement_.get()));
  reset();
  return error;
}

base::Status Statement::run() {
  while (true) {
    OC_TRY(const bool more, step());
    if (!more) return {};
  }
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

base::Result<Database> Database::open(const std::string& path, OpenMode mode) {
  const int flags = mode == OpenMode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) return base::Error(Code::exhausted, path + ": no memory for a connection");
  Database database(handle);
  if (result != SQLITE_OK) {
    const int system_error = sqlite3_system_errno(handle);
    base::Error error = error_of(handle);
    if (mode == OpenMode::read && system_error == ENOENT) error = {Code::not_found, "there is no such file"};
    return std::move(error).with_context(path);
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyPatienceMs);
  return database;
}

base::Status Database::run(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error_of(database_.get());
}

base::Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    return error_of(database_.get());
  }
  return Statement(statement);
}

base::Result<std::int64_t> Database::number(std::string_view sql) {
  OC_TRY(auto statement, prepare(sql));
  OC_TRY(const bool found, statement.step());
  return found ? statement.integer(0) : 0;
}

base::Result<std::string> Database::text(std::string_view sql) {
  OC_TRY(auto statement, prepare(sql));
  OC_TRY(const bool found, statement.step());
  return found ? statement.text(0) : std::string();
}

void Database::roll_back() {
  // An error here means that SQLite has rolled back by itself.
  if (sqlite3_get_autocommit(database_.get()) == 0)
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::int64_t Database::last_row_id() const {
  return sqlite3_last_insert_rowid(database_.get());
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(database_.get());
}

}  // namespace ocelli::store::internal
