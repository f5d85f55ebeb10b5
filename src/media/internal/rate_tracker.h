#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ocelli::media::internal {

/// Stage 3: learns at which rate a source captures and whether its stamps can be taken as they are.
///
/// Stamps that jitter around a constant rate and stamps that truly vary look alike from one frame to the next, but not
/// over many: jitter does not add up. So the spread of the stamps around a straight line is compared with that of
/// single intervals, as tests for stationarity do (Kwiatkowski, Phillips, Schmidt and Shin, 1992): jitter stays near
/// the line, real variation wanders off. Only proven jitter is smoothed; a grid of equal slots is then laid through the
/// stamps and followed by a growing-memory alpha-beta filter. How many slots lie between two frames is the caller's to
/// decide: real gaps stay. Times in nanoseconds, on the aligned axis.
class RateTracker {
 public:
  enum class Smoothing : std::uint8_t { off, where_stamps_jitter };

  /// `nominal_period`: 0 where the source declares none.
  RateTracker(double nominal_period, Smoothing smoothing);

  /// Frame interval: measured, else declared, else 40 ms.
  double period() const { return on_grid_ ? grid_period_ : period_; }
  bool knows_period() const { return knows_period_; }
  /// True: times come from the grid, by advance(). False: stamps are taken as they are.
  bool on_grid() const { return on_grid_; }

  /// A settled frame with a stamp of its own. `settled` is where the output put it.
  void observe(std::int64_t aligned, std::int64_t settled);
  /// The time `slots` after the last one on the grid, moved a little towards the stamp.
  std::int64_t advance(std::int64_t last, std::int64_t aligned, int slots);
  /// By how much the stamps have to be moved since slots turned out to be miscounted; asked after each advance().
  std::int64_t take_slip();
  /// From now on stamps are taken as they are.
  void stop_smoothing();
  /// After a gap or a new clock: older stamps say nothing about the newer ones.
  void restart();

 private:
  static constexpr std::size_t kWindow = 256;

  struct Fit {
    double period = 0;
    double noise = 0;        ///< spread of single intervals, in periods
    double off_line = 0;     ///< mean square of the stamps' distances from the line, ns^2
    double lag = 0;          ///< mean square of about 8 intervals together, by that of one
    double wander = 0;       ///< mean square off the line, by half that of about 8 intervals together
    double empty_slots = 0;  ///< per frame
    double last_at = 0;      ///< where the line has the newest stamp, from the oldest on

    bool is_jitter(std::size_t count) const;
  };

  void evaluate(double off_output);
  double typical_interval(double width) const;
  Fit fit(double period);
  Fit best_fit();
  void number_slots(double period);
  double spread_of_spans() const;
  bool contradicts_grid(const Fit& found) const;
  void enter_grid(const Fit& fit, double off_output);
  void leave_grid();
  void watch(double residual, int slots);
  std::int64_t stamp(std::size_t place) const { return stamps_[(first_ + place) % kWindow]; }

  Smoothing smoothing_;
  double period_;
  bool knows_period_;
  bool on_grid_ = false;
  double candidate_ = 0;    ///< period of a grid that one evaluation found, and that another has to confirm
  bool is_trusted_ = true;  ///< no grid has been a mistake so far
  std::uint64_t frames_on_grid_ = 0;
  double grid_period_ = 0;
  double grid_phase_error_ = 0;  ///< grid minus output at the moment of locking; worked in by the next advance()
  int grid_frames_ = 0;          ///< memory of the filter
  int far_run_ = 0;              ///< frames in succession that lie far off the grid, on one side
  double far_first_ = 0;         ///< residual of the first of them, in periods
  int since_slip_ = 0;           ///< frames
  std::int64_t slip_ = 0;
  std::uint32_t wide_ = 0;  ///< one bit per recent frame: more than one slot since the last

  std::array<std::int64_t, kWindow> stamps_{};
  std::array<double, kWindow> intervals_{};  ///< these three: of the newest evaluation
  std::array<double, kWindow> deviations_{};
  std::array<std::int32_t, kWindow> slots_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t evaluate_at_ = 0;
};

}  // namespace ocelli::media::internal
