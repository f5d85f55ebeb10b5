#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tests/farm/clip.h"
#include "tests/farm/fault.h"
#include "tests/farm/report.h"
#include "tests/farm/rtp.h"

namespace ocelli::farm {

/// Somebody to whom a camera sends. Must not come or go while it is being sent to.
class Viewer {
 public:
  virtual ~Viewer() = default;
  virtual std::uint64_t number() const = 0;
  /// False when the viewer is too slow and does not get this picture.
  virtual bool send_picture(const PictureRun& run) = 0;
  virtual void send_report(const std::string& rtcp) = 0;
  virtual void send_garbage(const std::string& bytes) = 0;
};

/// With what a viewer's first picture is: the next key frame, or just the next.
enum class Join { key, now };

/// One made-up camera: when its next picture is due, what is in it, and what is wrong with it right now. Its time runs
/// from the program's start, watched or not. Clips, report and viewers belong to others.
class Camera {
 public:
  struct Config {
    int number = 0;
    const Clip* clip = nullptr;
    const Clip* other_clip = nullptr;  ///< Another size, for faults; same rate, length and key frames. May be absent.
    base::SteadyTime start;
    std::uint64_t seed = 0;
    Join join = Join::key;
  };

  Camera(const Config& config, Report& report);

  int number() const { return config_.number; }
  base::SteadyTime next_due() const;
  /// Sends the next picture.
  void tick();

  void attach(Viewer& viewer) { viewers_.push_back({&viewer, config_.join == Join::now}); }
  void detach(const Viewer& viewer);

  /// What DESCRIBE tells about.
  const Clip& described_clip() const;

  const Effects& effects() const { return effects_; }
  void set_effects(const Effects& effects) { effects_ = effects; }
  /// RTP numbers and the camera's clock begin anew.
  void reset_clock();

 private:
  struct Viewing {
    Viewer* viewer;
    bool has_begun;
  };

  PictureRun next_run(std::int64_t frame, std::chrono::nanoseconds wall);
  void alter(PictureRun& run);
  std::uint32_t timestamp_of(std::int64_t frame, std::chrono::nanoseconds wall) const;
  void send(const PictureRun& run, std::int64_t frame);
  void send_report_when_due(std::uint32_t timestamp, base::SteadyTime now, std::chrono::nanoseconds wall);
  void send_garbage_by_chance();
  bool happens(double percent);

  Config config_;
  Report& report_;
  std::vector<Viewing> viewers_;
  Effects effects_;
  std::mt19937_64 random_;
  std::int64_t next_frame_ = 0;
  std::int64_t first_number_;
  std::chrono::nanoseconds interval_;
  bool shows_other_ = false;
  std::uint32_t source_ = 0;
  std::uint32_t first_timestamp_ = 0;
  std::uint16_t sequence_ = 0;
  std::chrono::nanoseconds clock_error_{0};
  std::uint32_t sent_packets_ = 0;
  std::uint32_t sent_bytes_ = 0;
  base::SteadyTime next_report_;
};

}  // namespace ocelli::farm
