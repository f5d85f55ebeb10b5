#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>

#include "media/timeline.h"

namespace ocelli::media::testing {

/// Small and fast generator (splitmix64) with the few distributions that are needed. Same seed, same numbers.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double exponential(double mean);
  double normal();
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::uint64_t state_;
};

/// How often what is wrong, over a fleet of cameras. Shares are of cameras; rates are per hour of a camera that has the
/// fault. docs/timeline.md says where each number comes from.
struct CameraMix {
  std::array<double, 6> frames_per_second{10, 12.5, 15, 20, 25, 30};

  // What the sensor does.
  double exposure_driven = 0.04;        ///< rate follows the light continuously
  double irregular = 0.02;              ///< each interval is its own (motion-adaptive encoders, screens)
  double rate_changes_per_hour = 0.12;  ///< day and night mode
  double stalls_per_hour = 0.5;         ///< the camera is busy for 0.3 to 4 s and captures nothing
  double few_drops = 0.30;              ///< 0.1-1 % of frames are never captured
  double many_drops = 0.08;             ///< 1-4 %; the other cameras lose up to 0.1 %
  double reboots_per_hour = 0.03;

  // When the stamp is taken; the rest stamps at capture.
  double at_encode_end = 0.39;
  double at_send = 0.20;
  double coarse_timer = 0.03;   ///< capture, read from a timer of 15.6 or 10 ms
  double encode_jitter = 0.2;   ///< mean of the encoder's own (exponential) delay, in frame intervals at most
  double key_frame_cost = 1.0;  ///< encoding a key frame, times that of others on top, in frame intervals at most

  // What else stamps suffer.
  double wall_clock = 0.25;  ///< stamps are wall time, which NTP steps
  double clock_steps_per_hour = 0.6;
  double drift_ppm = 60;  ///< one sigma; at most 200
  double duplicates = 0.05;
  double zeros = 0.02;
  double missing = 0.03;
  double jumps = 0.03;
  double jumps_per_hour = 2;
  double spikes = 0.02;
  double spikes_per_hour = 20;
  double bidirectional = 0.06;              ///< cameras with B-frames
  double bidirectional_without_pts = 0.30;  ///< of these, B-frames that carry no pts

  // The network.
  double wireless = 0.35;
  double datagrams = 0.25;     ///< UDP: frames are lost and overtake each other
  double declared_rate = 0.7;  ///< cameras that declare a frame rate; one in ten of these is wrong
};

/// The mix that the figures are calibrated on, and a second one with other parameters throughout.
CameraMix everyday_mix();
CameraMix held_out_mix();

struct SimulatedPacket {
  PacketStamp stamp;          ///< id = number of the frame in order of capture
  std::int64_t captured = 0;  ///< true time of capture in nanoseconds
};

/// One camera's packets over some hours of simulated time, in order of arrival, with the true times of capture.
/// Models causes (sensor, encoder, clock, sender, network), not symptoms; knows nothing of the repair.
class PacketSimulator {
 public:
  PacketSimulator(const CameraMix& mix, std::uint64_t seed, std::chrono::nanoseconds duration);

  /// False at the end.
  bool next(SimulatedPacket& packet);
  /// What a reader would know of this camera.
  TimelineConfig config() const { return config_; }
  /// The interval that the camera is set to, for baselines that are told it.
  double base_interval() const { return base_interval_; }

 private:
  enum class Stamping : std::uint8_t { capture, encode_end, send, timer };
  enum class Sensor : std::uint8_t { regular, exposure_driven, irregular };

  struct Frame {
    std::uint64_t number = 0;
    double captured = 0;  ///< ns
    double stamp = 0;     ///< ns on the camera's clock, not yet quantised
    double sent = 0;
    bool is_key = false;
    bool is_bidirectional = false;
    double decoded_as = 0;  ///< stamp that the container gives as dts
  };

  void draw_camera(const CameraMix& mix);
  void draw_stamping(const CameraMix& mix);
  void draw_network(const CameraMix& mix);
  void draw_faults(const CameraMix& mix);
  void capture();
  double next_interval();
  void disturb_clock(double elapsed);
  void encode(Frame frame);
  void send(const Frame& frame);
  std::optional<std::chrono::nanoseconds> written(double stamp) const;
  bool happens(double per_hour, double elapsed) {
    return per_hour > 0 && random_.uniform() * 3600e9 < per_hour * elapsed;
  }

  Random random_;
  const double duration_;
  TimelineConfig config_;

  // The camera, drawn once. Times in nanoseconds.
  Sensor sensor_ = Sensor::regular;
  Stamping stamping_ = Stamping::capture;
  double base_interval_ = 0;
  double key_interval_ = 0;
  double drop_chance_ = 0;
  double rate_changes_per_hour_ = 0;
  double stalls_per_hour_ = 0;
  double reboots_per_hour_ = 0;
  double encode_time_ = 0;
  double encode_jitter_ = 0;
  double key_extra_ = 0;
  double send_time_ = 0;
  double key_size_ = 0;
  double tick_ = 0;
  double wrap_ = 0;
  double drift_ = 0;
  double clock_steps_per_hour_ = 0;
  double duplicate_chance_ = 0;
  double zero_chance_ = 0;
  double missing_chance_ = 0;
  double jumps_per_hour_ = 0;
  double spikes_per_hour_ = 0;
  bool wall_clock_ = false;
  bool bidirectional_ = false;
  bool gives_dts_ = false;
  enum class WithoutPts : std::uint8_t { none, pts, both } without_pts_ = WithoutPts::none;
  double network_base_ = 0;
  double network_jitter_ = 0;
  double bursts_per_hour_ = 0;
  double burst_length_ = 0;
  double loss_chance_ = 0;
  double overtake_chance_ = 0;

  // Its state.
  double now_ = 0;
  double interval_ = 0;
  double exposure_ = 1;
  double clock_offset_ = 0;
  double encoder_free_ = 0;
  double sender_free_ = 0;
  double blocked_until_ = 0;
  double last_arrival_ = 0;
  double last_key_ = -1e18;
  double last_anchor_stamp_ = 0;
  std::optional<std::chrono::nanoseconds> last_written_;
  std::uint64_t frames_ = 0;
  bool lost_before_ = false;
  std::array<Frame, 2> between_;  ///< B-frames that wait for the anchor after them
  std::size_t between_count_ = 0;
  std::deque<SimulatedPacket> arrived_;
  std::optional<SimulatedPacket> overtaken_;
};

}  // namespace ocelli::media::testing
