#pragma once

#include <string>

#include "base/result.h"
#include "store/internal/database.h"

namespace ocelli::store::internal {

/// The version of the file's layout that this program writes (`PRAGMA user_version`).
int newest_version();

/// Brings a file of any earlier version, or an empty one, to `version`, each step in a transaction of its own.
/// `unsupported`: a newer ocelli made it; it stays as it is.
base::Status migrate(Database& database, int version = newest_version());

/// A connection that writes: durable settings, newest layout. Does not look for damage.
base::Result<Database> open_for_writing(const std::string& path);

/// A connection that reads a file of the newest layout; lifts an earlier one. `not_found`: there is nothing in it yet.
base::Result<Database> open_for_reading(const std::string& path);

/// `corrupt` says what is wrong. Reads the whole file.
base::Status check_integrity(Database& database);

}  // namespace ocelli::store::internal
