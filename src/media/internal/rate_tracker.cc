#include "media/internal/rate_tracker.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace ocelli::media::internal {

namespace {

constexpr double kDefaultPeriod = 40e6;
constexpr double kShortestPeriod = 1e6;  // 1000 frames/s
constexpr double kLongestPeriod = 10e9;  // time lapse
constexpr std::size_t kFirstEvaluation = 8;
constexpr std::size_t kEvaluateEvery = 64;
constexpr std::size_t kConfirmAfter = 24;

// Root mean square, in intervals. A key frame that comes late by a quarter of an interval every 4 s gives just this;
// stamps in whole milliseconds stay below.
constexpr double kNoiseToSmooth = 0.03;
// How far below a slot's middle a stamp may lie and still count for it. Frames are mostly late, so more than half.
constexpr double kEarly = 0.4;
// Where more slots than this would have to be empty, the grid is only imagined.
constexpr double kMostEmptySlots = 0.08;

}  // namespace

RateTracker::RateTracker(double nominal_period, Smoothing smoothing)
    : smoothing_(smoothing),
      period_(nominal_period > 0 ? std::clamp(nominal_period, kShortestPeriod, kLongestPeriod) : kDefaultPeriod),
      knows_period_(nominal_period > 0),
      evaluate_at_(kFirstEvaluation) {}

void RateTracker::stop_smoothing() {
  smoothing_ = Smoothing::off;
  on_grid_ = false;
}

void RateTracker::restart() {
  count_ = 0;
  first_ = 0;
  evaluate_at_ = kFirstEvaluation;
  candidate_ = 0;
  far_run_ = 0;
  wide_ = 0;
}

void RateTracker::observe(std::int64_t aligned, std::int64_t settled) {
  if (count_ == kWindow) {
    first_ = (first_ + 1) % kWindow;
    --count_;
  }
  stamps_[(first_ + count_) % kWindow] = aligned;
  ++count_;
  if (!knows_period_ && count_ == 2) {
    period_ = std::clamp(static_cast<double>(stamp(1) - stamp(0)), kShortestPeriod, kLongestPeriod);
    knows_period_ = true;
  }
  if (--evaluate_at_ != 0) return;
  evaluate_at_ = count_ < kEvaluateEvery ? count_ : kEvaluateEvery;
  evaluate(static_cast<double>(aligned - settled));
}

/// Mean of the newest intervals within `width` of their median.
double RateTracker::typical_interval(double width) const {
  constexpr std::size_t kMostSampled = 65;
  const std::size_t size = count_ - 1;
  const std::size_t sampled = std::min(size, kMostSampled);
  std::array<double, kMostSampled> sample{};
  std::copy_n(intervals_.begin() + static_cast<std::ptrdiff_t>(size - sampled), sampled, sample.begin());
  auto* const middle = sample.begin() + sampled / 2;
  std::nth_element(sample.begin(), middle, sample.begin() + sampled);
  const double median = *middle;
  double sum = 0;
  int used = 0;
  for (std::size_t i = 0; i < sampled; ++i) {
    if (std::abs(sample[i] - median) > width * median) continue;
    sum += sample[i];
    ++used;
  }
  return std::clamp(sum / used, kShortestPeriod, kLongestPeriod);
}

/// From the newest stamp back: each frame takes the latest slot that is neither after its stamp nor taken by its
/// successor. A late frame is thus seen for what it is as soon as the one after it is on time.
void RateTracker::number_slots(double period) {
  double late = 0;
  for (std::size_t i = count_ - 1; i-- > 0;) {
    const double step = std::min(intervals_[i] / period, 1e6);
    const double slots = std::max(1.0, std::ceil(step - late - kEarly));
    slots_[i] = static_cast<std::int32_t>(slots);
    late = 0.9 * (late + slots - step);  // forgets, so that an error of the period does not add up
  }
}

RateTracker::Fit RateTracker::fit(double period) {
  number_slots(period);
  // Least squares of stamp over slot number.
  double n = 0;
  double sum_n = 0;
  double sum_t = 0;
  double sum_nn = 0;
  double sum_nt = 0;
  double t = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    sum_n += n;
    sum_t += t;
    sum_nn += n * n;
    sum_nt += n * t;
    if (i + 1 == count_) break;
    n += slots_[i];
    t += intervals_[i];
  }
  const auto count = static_cast<double>(count_);
  const double spread = sum_nn - sum_n * sum_n / count;
  Fit result;
  result.period = std::clamp((sum_nt - sum_n * sum_t / count) / spread, kShortestPeriod, kLongestPeriod);
  result.empty_slots = n / (count - 1) - 1;
  result.last_at = (sum_t - result.period * sum_n) / count + result.period * n;

  double single = 0;
  double residual = sum_n * result.period / count - sum_t / count;  // of the oldest, against the line
  for (std::size_t i = 0; i < count_; ++i) {
    result.off_line += residual * residual;
    if (i + 1 == count_) break;
    const double deviation = intervals_[i] - slots_[i] * result.period;
    deviations_[i] = deviation;
    single += deviation * deviation;
    residual += deviation;
  }
  single /= count - 1;
  result.off_line /= count;
  result.noise = std::sqrt(single) / result.period;
  const double together = spread_of_spans();
  result.lag = single <= 0 ? 0 : together / single;
  result.wander = together <= 0 ? 0 : 2 * result.off_line / together;
  return result;
}

/// Mean square of the deviations of some intervals together. The largest of several numbers of intervals, since the
/// stamps of a coarse timer repeat their pattern, and one number alone might be just its length.
double RateTracker::spread_of_spans() const {
  constexpr std::array<std::size_t, 5> kSpans{5, 7, 8, 9, 11};
  double largest = 0;
  for (const std::size_t span : kSpans) {
    if (count_ <= span) return 0;
    double together = 0;
    double sum = 0;
    for (std::size_t i = 0; i + 1 < count_; ++i) {
      sum += deviations_[i];
      if (i + 1 < span) continue;
      together += sum * sum;
      sum -= deviations_[i + 1 - span];
    }
    largest = std::max(largest, together / static_cast<double>(count_ - span));
  }
  return largest;
}

/// For jitter alone both ends of a span are off the line independently: wander is 1. Independent intervals wander
/// by 1/30 of the number of stamps, and by more where they change slowly; a lateness of some frames lags by 2 to 5.
bool RateTracker::Fit::is_jitter(std::size_t count) const {
  // Few stamps have no room to wander; there only what hardly lags is believed.
  const double most_lag = count < 128 ? 2 : count < kWindow ? 3 : 6;
  const double most_wander = count < kWindow ? 1.0 : 1.2;
  return lag < most_lag && wander * (1 + 5 * empty_slots) < most_wander && empty_slots < kMostEmptySlots;
}

/// The plain mean counts the fewest slots, and is right unless many frames are absent. Narrower means are not drawn up
/// by absent frames, but lateness, which makes many short intervals for each long one, draws them down.
RateTracker::Fit RateTracker::best_fit() {
  Fit best;
  const bool has_proven = grid_period_ > 0 && is_trusted_;
  for (const double width : {has_proven ? 0.0 : 1.0, 1.5, 0.6, 0.2}) {
    const double period = width == 0 ? grid_period_ : typical_interval(width);
    const Fit found = fit(period);
    if (found.noise < kNoiseToSmooth || found.is_jitter(count_)) return found;
    if (best.period == 0 || found.off_line < best.off_line) best = found;
  }
  return best;
}

void RateTracker::evaluate(double off_output) {
  if (count_ < kFirstEvaluation) return;
  for (std::size_t i = 0; i + 1 < count_; ++i) intervals_[i] = static_cast<double>(stamp(i + 1) - stamp(i));
  const Fit found = best_fit();
  knows_period_ = true;
  // Where a third of the slots would be empty, the period was wrong from the start, and confirmed itself.
  constexpr double kImplausiblyEmpty = 0.3;
  period_ = found.empty_slots < kImplausiblyEmpty ? found.period : found.period * (1 + found.empty_slots);
  if (count_ < kEvaluateEvery) return;
  if (smoothing_ == Smoothing::off) return;
  const bool saw_enough = is_trusted_ || count_ == kWindow;
  const bool jitters = found.noise > kNoiseToSmooth && found.is_jitter(count_) && saw_enough;
  const bool varies = found.wander > 3 || found.lag > 12;
  const bool confirmed = jitters && std::abs(found.period / candidate_ - 1) < 0.01;
  candidate_ = jitters ? found.period : 0;
  if (found.noise < kNoiseToSmooth || (on_grid_ && jitters)) evaluate_at_ = 2 * kEvaluateEvery;
  if (jitters && !confirmed && !on_grid_) evaluate_at_ = std::min(evaluate_at_, kConfirmAfter);
  if (confirmed && (!on_grid_ || contradicts_grid(found))) enter_grid(found, off_output);
  // A new rate that fits the old grid by a simple ratio, 4 : 3 say, never fails frame by frame.
  if (on_grid_ && found.noise < kNoiseToSmooth && contradicts_grid(found)) leave_grid();
  // A grid that has held for long is left only when it fails frame by frame: watch().
  const bool is_proven = frames_on_grid_ > 4 * kWindow;
  if (on_grid_ && ((varies && !is_proven) || found.noise < kNoiseToSmooth / 2)) leave_grid();
}

/// Another period. A shorter one counts only if it leaves no slot empty: lateness that was taken for absence looks so
/// too.
bool RateTracker::contradicts_grid(const Fit& found) const {
  const double ratio = found.period / grid_period_;
  return ratio > 1.03 || (ratio < 0.97 && found.empty_slots < 0.01);
}

void RateTracker::enter_grid(const Fit& fit, double off_output) {
  if (!on_grid_) frames_on_grid_ = 0;
  on_grid_ = true;
  // Late frames taken for absent ones make a period seem shorter: then the one that held before is the better guess.
  const double ratio = fit.period / grid_period_;
  const bool is_like_before = is_trusted_ && grid_period_ > 0 && ratio > 0.92 && ratio < 1 && fit.empty_slots > 0.01;
  if (!is_like_before) grid_period_ = fit.period;
  grid_frames_ = static_cast<int>(count_ / 2);
  grid_phase_error_ = fit.last_at - static_cast<double>(stamp(count_ - 1) - stamp(0)) + off_output;
  far_run_ = 0;
  wide_ = 0;
}

std::int64_t RateTracker::advance(std::int64_t last, std::int64_t aligned, int slots) {
  constexpr int kLongestMemory = 96;
  ++frames_on_grid_;
  const double step = slots * grid_period_ + std::exchange(grid_phase_error_, 0.0);
  const double residual = static_cast<double>(aligned - last) - step;
  watch(residual / grid_period_, slots);
  // Gains of the least-squares line through the last n points; clamped, so that one late frame moves little.
  grid_frames_ = std::min(grid_frames_ + 1, kLongestMemory);
  const double n = grid_frames_;
  const double alpha = 2 * (2 * n - 1) / (n * (n + 1));
  const double beta = 6 / (n * (n + 1));
  const double pull = std::clamp(residual, -0.25 * grid_period_, 0.25 * grid_period_);
  grid_period_ = std::clamp(grid_period_ + beta * pull, kShortestPeriod, kLongestPeriod);
  return last + static_cast<std::int64_t>(step + alpha * pull);
}

/// Frames too early or too late again and again: by the same whole number of slots, they were miscounted, and the
/// stamps are taken to have moved, which costs no interval; otherwise the rate has changed, and the grid is left.
void RateTracker::watch(double residual, int slots) {
  constexpr double kFar = 0.6;
  constexpr double kRunsAway = 0.9;
  constexpr int kEarlyRun = 4;  // nothing hastens a frame
  constexpr int kLateRun = 16;  // a busy link delays many
  constexpr int kEmptyOfEight = 5;
  constexpr int kSettled = 8;  // frames between two slips; sooner, it is the rate
  const bool is_far = std::abs(residual) > kFar;
  const bool goes_on = far_run_ > 0 && std::signbit(residual) == std::signbit(far_first_);
  if (!goes_on) far_first_ = residual;
  far_run_ = !is_far ? 0 : goes_on ? far_run_ + 1 : 1;
  wide_ = (wide_ << 1U) | (slots > 1 ? 1U : 0U);
  since_slip_ = std::min(since_slip_ + 1, kSettled);
  const bool is_empty = std::popcount(wide_ & 0xFFU) >= kEmptyOfEight;
  if (far_run_ < (residual < 0 ? kEarlyRun : kLateRun) && !is_empty) return;
  const bool runs_away = std::abs(residual) > std::abs(far_first_) + kRunsAway;
  if (!is_empty && !runs_away && since_slip_ == kSettled) {
    evaluate_at_ = std::min(evaluate_at_, kConfirmAfter);
    slip_ += static_cast<std::int64_t>(-std::round(residual) * grid_period_);
    since_slip_ = 0;
    far_run_ = 0;
    return;
  }
  leave_grid();
  restart();
}

/// What looked like jitter for a short while only was none: the next time more has to be seen.
void RateTracker::leave_grid() {
  on_grid_ = false;
  is_trusted_ = frames_on_grid_ > 4 * kWindow;
}

std::int64_t RateTracker::take_slip() {
  const std::int64_t slip = std::exchange(slip_, 0);
  if (slip == 0) return 0;
  for (std::size_t i = 0; i < count_; ++i) stamps_[(first_ + i) % kWindow] += slip;
  return slip;
}

}  // namespace ocelli::media::internal
