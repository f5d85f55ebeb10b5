#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/recording_format.h"

namespace ocelli::engine {

/// Reads the logs of a recording's folder, one record after the other, segment by segment. What follows a damaged
/// record is not used, and what is cut off neither: damage() says so. One thread at a time.
class RecordingReader {
 public:
  /// `not_found`: no such folder, or no recording in it; `unsupported`: of a newer format; `corrupt`: its first
  /// header cannot be read.
  static base::Result<std::unique_ptr<RecordingReader>> open(const std::string& folder);

  const std::string& folder() const { return folder_; }
  /// Of the first segment that is there.
  const RecordingHeader& header() const { return header_; }
  /// The first segment is there, so that tracker and rules begin where the run's began.
  bool has_beginning() const { return has_beginning_; }
  /// The next record but headers. `end_of_stream` at the end, or where the rest cannot be used.
  base::Result<Record> next();
  /// Why the rest could not be used, once next() said that it is over.
  const std::optional<std::string>& damage() const { return damage_; }

 private:
  RecordingReader(std::string folder, std::vector<std::string> files)
      : folder_(std::move(folder)), files_(std::move(files)) {}

  base::Status open_segment();
  base::Error give_up(const std::string& reason);
  base::Result<Record> accept(Record record);

  const std::string folder_;
  const std::vector<std::string> files_;  // names of the logs, in order
  bool has_beginning_ = false;
  std::size_t next_file_ = 0;
  std::vector<std::uint8_t> bytes_;  // of the segment
  std::size_t at_ = 0;
  RecordingHeader header_;
  std::optional<std::string> damage_;
};

}  // namespace ocelli::engine
