#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "tests/farm/lateness.h"

namespace ocelli::farm {

/// A picture that was handed to one client.
struct SentPicture {
  int camera = 0;
  std::uint64_t client = 0;
  std::int64_t frame = 0;  ///< Counts up over the camera's life.
  int number = 0;          ///< What its pixels say.
  bool is_key = false;
  std::uint64_t size_bytes = 0;
  std::chrono::nanoseconds late{0};
  std::chrono::nanoseconds wall{0};  ///< When, since 1970.
};

/// Everything that the program tells: JSON lines on standard output, and the log of sent pictures. Never waits for a
/// reader of standard output: lines wait in memory, up to a bound, and what is lost beyond it is counted in the next
/// `second`.
class Report {
 public:
  struct Config {
    std::string log_file;  ///< Empty: none.
    std::chrono::nanoseconds late_after{0};
  };
  static base::Result<std::unique_ptr<Report>> create(const Config& config);

  /// Time zero of `at_s`, and of faults.
  void begin();

  /// One JSON object that begins with `"event"`, without its line end.
  void line(const std::string& json);
  void sent(const SentPicture& picture);
  /// A picture that a client with a full buffer did not get.
  void dropped() { ++this_second_.dropped_pictures; }

  void second(int clients, int playing);
  void end();

  /// Since begin(), for `at_s`.
  double elapsed_s() const;

 private:
  struct Counts {
    LatenessHistogram lateness;
    LateCameras late_cameras;
    std::uint64_t late_pictures = 0;
    std::uint64_t bytes = 0;
    std::uint64_t dropped_pictures = 0;
  };
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  explicit Report(const Config& config);
  void flush();
  static double cpu_seconds();

  Config config_;
  std::unique_ptr<std::FILE, CloseFile> log_;
  base::SteadyTime start_;
  Counts this_second_;
  Counts all_;
  double cpu_at_begin_s_ = 0;
  double cpu_s_ = 0;
  base::SteadyTime second_begin_;
  std::string waiting_;
  std::uint64_t lost_lines_ = 0;
};

}  // namespace ocelli::farm
