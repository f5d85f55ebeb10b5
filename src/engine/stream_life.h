#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace ocelli::engine {

/// Where a stream stands. "Live" means that pictures can be decoded, not that a connection is open.
enum class LifeState {
  connecting,  ///< never seen a picture
  live,        ///< pictures come
  stalled,     ///< the connection stands, but no picture for too long
  recovering,  ///< it was live, the connection is gone, and is opened again
  failed,      ///< needs a person (password, codec, no video); still tried, but rarely
  paused,      ///< by request; nothing is open
  ended,       ///< over, and not to be opened again
};
std::string_view life_state_name(LifeState state);

/// Why a connection ended, in words.
std::string interruption_reason(const base::Error& error);

struct LifeConfig {
  /// Between the beginnings of two attempts: the first, then twice as long each time up to the cap, less up to half of
  /// it at random, so that a hundred cameras behind one switch do not return in one instant.
  std::chrono::milliseconds first_pause{250};
  std::chrono::milliseconds longest_pause{2'000};
  std::chrono::milliseconds hopeless_pause{30'000};  ///< when failed: cameras lock out who asks too often
  /// No picture for this long, or for three times the longest usual pause between pictures if that is more: stalled.
  /// Given up after twice that: with a key frame every 2 s, a camera that comes back is live within 5 s.
  std::chrono::milliseconds stall_after{1'250};
  std::chrono::milliseconds longest_stall_after{30'000};  ///< whatever the usual pause
  std::chrono::milliseconds first_open_timeout{10'000};
  std::chrono::milliseconds shortest_open_timeout{1'500};
};

/// The life cycle of one camera as a state machine without threads, timers or I/O: it is told what happened and says
/// what to do when. Thread-safe: the I/O thread tells of connections, the strand of pictures, anybody asks.
class StreamLife {
 public:
  /// `seed` decides the jitter of the pauses.
  StreamLife(const LifeConfig& config, std::uint64_t seed);

  struct Snapshot {
    LifeState state = LifeState::connecting;
    std::string reason;          ///< why it is not live; empty when it is
    std::uint64_t attempts = 0;  ///< to open it, since it was live
    std::uint64_t interruptions = 0;
    std::optional<base::SteadyTime> last_picture;
  };
  Snapshot snapshot(base::SteadyTime now) OC_EXCLUDES(mutex_);

  /// An attempt to open begins. Returns how long it may take: a camera that was live and took 300 ms is not given 10 s.
  std::chrono::milliseconds begin_attempt(base::SteadyTime now) OC_EXCLUDES(mutex_);
  /// `reopening` as StreamInfo tells it.
  void opened(base::SteadyTime now, std::chrono::milliseconds reopening) OC_EXCLUDES(mutex_);
  /// A packet came, of whatever use.
  void packet(base::SteadyTime now) OC_EXCLUDES(mutex_);
  /// Whether packets come, lately; what they hold is another matter.
  bool gets_packets(base::SteadyTime now) const OC_EXCLUDES(mutex_);
  /// It was a key frame's: how often teaches how long a first picture may take.
  void key_frame(base::SteadyTime now) OC_EXCLUDES(mutex_);
  /// Something was lost on the way: how long the pictures around it took to come is not usual for the camera.
  void disturbed(base::SteadyTime now) OC_EXCLUDES(mutex_);
  /// A picture came out of the decoder.
  void picture(base::SteadyTime now) OC_EXCLUDES(mutex_);
  /// Whether the connection should be given up though bytes come: no picture for twice the stall bound.
  bool is_dead(base::SteadyTime now) OC_EXCLUDES(mutex_);
  /// When that will be, if no picture comes before.
  base::SteadyTime dead_at() const OC_EXCLUDES(mutex_);
  /// After how much silence it should be given up: the bound on one read.
  std::chrono::milliseconds longest_silence() const OC_EXCLUDES(mutex_);
  /// The attempt or the connection is over. Returns when the next attempt may begin.
  base::SteadyTime interrupted(const base::Error& error, base::SteadyTime now) OC_EXCLUDES(mutex_);

  void pause() OC_EXCLUDES(mutex_);
  void resume() OC_EXCLUDES(mutex_);
  void end(std::string reason, LifeState state) OC_EXCLUDES(mutex_);

 private:
  bool is_fed(base::SteadyTime now) const OC_REQUIRES(mutex_);
  std::chrono::nanoseconds stall_bound() const OC_REQUIRES(mutex_);
  std::chrono::nanoseconds death_bound() const OC_REQUIRES(mutex_);
  std::chrono::nanoseconds first_picture_bound() const OC_REQUIRES(mutex_);
  void learn_gap(base::SteadyTime now) OC_REQUIRES(mutex_);
  void learn_from_death(std::chrono::nanoseconds quiet) OC_REQUIRES(mutex_);
  bool is_hopeless(const base::Error& error) OC_REQUIRES(mutex_);
  void notice_stall(base::SteadyTime now) OC_REQUIRES(mutex_);

  const LifeConfig config_;
  mutable base::Mutex mutex_;
  Snapshot now_ OC_GUARDED_BY(mutex_);
  std::minstd_rand random_ OC_GUARDED_BY(mutex_);
  base::SteadyTime attempt_began_ OC_GUARDED_BY(mutex_);
  base::SteadyTime quiet_since_ OC_GUARDED_BY(mutex_);  // the last picture, or the opening when none came since
  base::SteadyTime disturbed_at_ OC_GUARDED_BY(mutex_);
  std::optional<std::chrono::nanoseconds> last_gap_ OC_GUARDED_BY(mutex_);  // between the newest two pictures
  std::chrono::nanoseconds pause_ OC_GUARDED_BY(mutex_);
  std::chrono::nanoseconds usual_gap_ OC_GUARDED_BY(mutex_){};                  // the longest of late, forgotten slowly
  std::optional<std::chrono::nanoseconds> opening_took_ OC_GUARDED_BY(mutex_);  // the longest of late
  std::optional<base::SteadyTime> last_packet_ OC_GUARDED_BY(mutex_);           // of this connection
  std::optional<base::SteadyTime> last_key_frame_ OC_GUARDED_BY(mutex_);        // of this connection
  std::chrono::nanoseconds key_interval_ OC_GUARDED_BY(mutex_){};               // the longest of late, forgotten slowly
  int pictureless_ OC_GUARDED_BY(mutex_) = 0;  // connections in a row that gave packets to the end, but no picture
  int hopeless_ OC_GUARDED_BY(mutex_) = 0;     // attempts in a row that said that a person is needed
  int slow_deaths_ OC_GUARDED_BY(mutex_) = 0;  // connections in a row that gave few pictures and then none
  int pictures_ OC_GUARDED_BY(mutex_) = 0;     // in this connection, up to what still are few
  bool connected_ OC_GUARDED_BY(mutex_) = false;
  bool was_live_ OC_GUARDED_BY(mutex_) = false;
  bool pictured_ OC_GUARDED_BY(mutex_) = false;  // in this connection
};

}  // namespace ocelli::engine
