#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "events/crowd_config.h"
#include "events/event.h"
#include "media/media_time.h"

namespace ocelli::events {

enum class CrowdPhase { idle, gathering, loitering, dispersing, ended };
std::string_view crowd_phase_name(CrowdPhase phase);

/// For how long a condition has been met: a flicker cannot start the count again.
class Tally {
 public:
  enum class Unmet {
    takes_back,  ///< each moment in which it is not met takes one back
    waits,       ///< such moments do not count
  };
  explicit Tally(Unmet unmet = Unmet::takes_back) : unmet_(unmet) {}

  /// The time since the last update counts, up to a second: of more nobody knows what happened.
  void update(media::MediaTime time, bool met);
  std::chrono::nanoseconds held() const { return held_; }
  void restart() { held_ = {}; }

 private:
  Unmet unmet_;
  std::optional<media::MediaTime> last_;
  std::chrono::nanoseconds held_{};
};

/// What is seen of one crowd in one frame.
struct CrowdView {
  int people = 0;          ///< 0: nobody stands together any more
  double neighbour_m = 0;  ///< the loneliest member's nearest
  double window_iou = 0;   ///< mean over `gather`: members of each moment and of one window before it
  double speed_px = 0;     ///< mean over the members and over `loiter`
  double drift_px = 0;     ///< within `drift_window`, of those who are members and were then
  double radius_growth = 0;
  double spread_growth = 0;
  double growth_s = 0;  ///< the time within which it grew
};

/// One crowd's way through idle → gathering → loitering → dispersing → ended; docs/crowd.md has the diagram.
/// One thread at a time; no clock, only frame times.
class CrowdStateMachine {
 public:
  explicit CrowdStateMachine(const CrowdConfig& config);

  struct Step {
    std::optional<CrowdPhase> entered;
    std::optional<CrowdPhase> missed;  ///< a chance that passed: what it would have become
    std::vector<Gate> gates;           ///< of what was entered
    std::vector<Gate> missed_gates;
  };
  Step update(media::MediaTime time, const CrowdView& view);

  CrowdPhase phase() const { return phase_; }
  /// For how long enough people have stood together.
  std::chrono::nanoseconds together() const { return together_.held(); }
  /// Nothing is left of it: it ended, or it never came to anything.
  bool over() const { return over_; }

 private:
  void enter(CrowdPhase phase, media::MediaTime time, std::vector<Gate> gates, Step& step);
  std::vector<Gate> gathering_gates(const CrowdView& view, std::chrono::nanoseconds held) const;
  std::vector<Gate> loitering_gates(const CrowdView& view, std::chrono::nanoseconds held) const;
  void miss(CrowdPhase phase, Step& step) const;
  void gather(media::MediaTime time, const CrowdView& view, Step& step);
  void loiter(media::MediaTime time, const CrowdView& view, Step& step);
  void disperse(media::MediaTime time, const CrowdView& view, Step& step);
  void end(media::MediaTime time, const CrowdView& view, Step& step);

  CrowdConfig config_;
  CrowdPhase phase_ = CrowdPhase::idle;
  media::MediaTime entered_;
  Tally together_{Tally::Unmet::waits};
  Tally too_few_;
  CrowdView view_;  // newest with enough people: near misses tell it
  bool over_ = false;
};

}  // namespace ocelli::events
