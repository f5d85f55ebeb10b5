#include "engine/stream_life.h"

#include <algorithm>
#include <utility>

namespace ocelli::engine {
namespace {

using base::Code;
using base::MutexLock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int kGapsToAStall = 3;
constexpr int kStallsToDeath = 2;
constexpr int kOpeningsToATimeout = 3;
constexpr double kKeyIntervalMargin = 1.25;
// After so many connections without a picture the camera has become slower, and gets the time of a new one.
constexpr int kPicturelessToDoubt = 4;
// A camera that restarts may refuse a password or name no video for a moment. So many refusals in a row are believed;
// fewer do not make it lock us out.
constexpr int kRefusalsToBelieve = 3;
// So many connections in a row that gave few pictures before they died make a slow camera.
constexpr int kDeathsToBelieve = 3;
constexpr int kFewPictures = 4;
// Each picture takes this share off the remembered gap, so that a camera that was slow at night is not trusted to be
// slow by day: after 100 pictures a third is left.
constexpr double kForgetting = 0.01;
// Key frames are few: after a pause of ten seconds between two, one every two seconds is usual again after half a
// minute.
constexpr double kForgettingByKeyFrame = 0.1;

constexpr double kForgettingByOpening = 0.25;

/// What another attempt in two seconds will not change.
bool needs_a_person(const base::Error& error) {
  return error.code() == Code::unsupported || error.code() == Code::invalid;
}

nanoseconds longest_of_late(nanoseconds remembered, nanoseconds newest, double forgetting) {
  const double faded_ns = static_cast<double>(remembered.count()) * (1 - forgetting);
  return std::max(nanoseconds(static_cast<std::int64_t>(faded_ns)), newest);
}

}  // namespace

std::string_view life_state_name(LifeState state) {
  switch (state) {
    case LifeState::connecting:
      return "connecting";
    case LifeState::live:
      return "live";
    case LifeState::stalled:
      return "stalled";
    case LifeState::recovering:
      return "recovering";
    case LifeState::failed:
      return "failed";
    case LifeState::paused:
      return "paused";
    case LifeState::ended:
      return "ended";
  }
  return "failed";
}

std::string interruption_reason(const base::Error& error) {
  return error.code() == Code::end_of_stream ? "the camera ended the stream" : error.message();
}

StreamLife::StreamLife(const LifeConfig& config, std::uint64_t seed)
    : config_(config),
      random_(static_cast<std::minstd_rand::result_type>(seed ^ (seed >> 32U))),
      pause_(config.first_pause) {}

StreamLife::Snapshot StreamLife::snapshot(base::SteadyTime now) {
  const MutexLock lock(mutex_);
  notice_stall(now);
  return now_;
}

milliseconds StreamLife::begin_attempt(base::SteadyTime now) {
  const MutexLock lock(mutex_);
  attempt_began_ = now;
  ++now_.attempts;
  if (!opening_took_) return config_.first_open_timeout;
  const auto wanted = std::chrono::duration_cast<milliseconds>(*opening_took_ * kOpeningsToATimeout);
  return std::clamp(wanted, config_.shortest_open_timeout, config_.first_open_timeout);
}

void StreamLife::opened(base::SteadyTime now, milliseconds reopening) {
  const MutexLock lock(mutex_);
  // The slowest of late counts: a camera that is busy after a reboot must not be cut off again and again.
  opening_took_ = longest_of_late(opening_took_.value_or(nanoseconds{}), reopening, kForgettingByOpening);
  quiet_since_ = now;
  last_packet_.reset();
  last_key_frame_.reset();
  connected_ = true;
  pictured_ = false;
  last_gap_.reset();
  pictures_ = 0;
}

void StreamLife::packet(base::SteadyTime now) {
  const MutexLock lock(mutex_);
  last_packet_ = now;
}

bool StreamLife::gets_packets(base::SteadyTime now) const {
  const MutexLock lock(mutex_);
  return is_fed(now);
}

bool StreamLife::is_fed(base::SteadyTime now) const {
  return last_packet_ && now - *last_packet_ <= config_.stall_after;
}

void StreamLife::key_frame(base::SteadyTime now) {
  const MutexLock lock(mutex_);
  // What fell out while no picture could be decoded would be taken for a camera with rare key frames.
  const bool whole = pictured_ && now - quiet_since_ <= stall_bound();
  if (last_key_frame_ && whole) {
    const auto interval = std::min<nanoseconds>(now - *last_key_frame_, config_.first_open_timeout);
    key_interval_ = longest_of_late(key_interval_, interval, kForgettingByKeyFrame);
  }
  last_key_frame_ = now;
}

void StreamLife::disturbed(base::SteadyTime now) {
  const MutexLock lock(mutex_);
  disturbed_at_ = now;
}

void StreamLife::picture(base::SteadyTime now) {
  const MutexLock lock(mutex_);
  now_.last_picture = now;
  if (!connected_) return;  // decoded late, from packets of the connection that broke
  if (pictured_) learn_gap(now);
  pictured_ = true;
  pictures_ = std::min(pictures_ + 1, kFewPictures);
  was_live_ = true;
  pictureless_ = 0;
  hopeless_ = 0;
  quiet_since_ = now;
  if (now_.state == LifeState::paused || now_.state == LifeState::ended) return;
  now_.state = LifeState::live;
  now_.reason.clear();
  now_.attempts = 0;
  pause_ = config_.first_pause;
}

/// One picture late: what was under way when a line broke comes with the first packet behind the gap, and only the next
/// one shows that others are missing.
void StreamLife::learn_gap(base::SteadyTime now) {
  if (last_gap_ && disturbed_at_ < quiet_since_ - *last_gap_) {
    usual_gap_ = longest_of_late(usual_gap_, *last_gap_, kForgetting);
  }
  last_gap_ = now - quiet_since_;
}

nanoseconds StreamLife::stall_bound() const {
  return std::clamp<nanoseconds>(usual_gap_ * kGapsToAStall, config_.stall_after, config_.longest_stall_after);
}

nanoseconds StreamLife::death_bound() const {
  const nanoseconds bound = stall_bound() * kStallsToDeath;
  return pictured_ ? bound : std::max(bound, first_picture_bound());
}

/// A first picture may take longer than the next ones: key frames can be many seconds apart.
nanoseconds StreamLife::first_picture_bound() const {
  if (key_interval_.count() == 0 || pictureless_ >= kPicturelessToDoubt) return config_.first_open_timeout;
  const double ns = static_cast<double>(key_interval_.count()) * kKeyIntervalMargin;
  return std::min<nanoseconds>(nanoseconds(static_cast<std::int64_t>(ns)), config_.first_open_timeout);
}

milliseconds StreamLife::longest_silence() const {
  const MutexLock lock(mutex_);
  return std::chrono::duration_cast<milliseconds>(death_bound());
}

base::SteadyTime StreamLife::dead_at() const {
  const MutexLock lock(mutex_);
  return quiet_since_ + std::chrono::duration_cast<base::SteadyTime::duration>(death_bound());
}

bool StreamLife::is_dead(base::SteadyTime now) {
  const MutexLock lock(mutex_);
  if (now - quiet_since_ <= death_bound()) return false;
  notice_stall(now);
  return true;
}

void StreamLife::notice_stall(base::SteadyTime now) {
  const nanoseconds quiet = now - quiet_since_;
  if (now_.state != LifeState::live || quiet <= stall_bound()) return;
  now_.state = LifeState::stalled;
  now_.reason = "connected, but no picture could be decoded for " +
                std::to_string(std::chrono::duration_cast<std::chrono::seconds>(quiet).count()) + " s";
  ++now_.interruptions;
}

base::SteadyTime StreamLife::interrupted(const base::Error& error, base::SteadyTime now) {
  const MutexLock lock(mutex_);
  if (now_.state == LifeState::live) ++now_.interruptions;
  // Who sends packets, but no key frame among them yet, may need longer; a line that brings nothing never does.
  if (connected_ && !pictured_ && is_fed(now)) ++pictureless_;
  connected_ = false;
  if (pictured_ && now - quiet_since_ > stall_bound()) learn_from_death(now - quiet_since_);
  const bool hopeless = is_hopeless(error);
  if (now_.state != LifeState::paused && now_.state != LifeState::ended) {
    now_.state = hopeless ? LifeState::failed : was_live_ ? LifeState::recovering : LifeState::connecting;
    now_.reason = interruption_reason(error);
  }
  const nanoseconds whole = hopeless ? nanoseconds(config_.hopeless_pause) : pause_;
  if (!hopeless) pause_ = std::min<nanoseconds>(pause_ * 2, config_.longest_pause);
  const double share = std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  const auto pause = nanoseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * share));
  // Counted from the beginning of an attempt that failed: one that hung for two seconds has waited enough. A
  // connection that broke after it stood for long is tried again after one first pause.
  const auto begin = pictured_ ? now : attempt_began_;
  pictured_ = false;
  return std::max(now, begin + std::chrono::duration_cast<base::SteadyTime::duration>(pause));
}

/// Perhaps it was no death but a camera slower than we thought. One whose line is disturbed dies too, and must be
/// opened again as soon as ever.
void StreamLife::learn_from_death(nanoseconds quiet) {
  slow_deaths_ = pictures_ < kFewPictures ? slow_deaths_ + 1 : 0;
  if (slow_deaths_ < kDeathsToBelieve) return;
  slow_deaths_ = 0;
  usual_gap_ = quiet;
}

bool StreamLife::is_hopeless(const base::Error& error) {
  hopeless_ = needs_a_person(error) ? hopeless_ + 1 : 0;
  return hopeless_ >= (was_live_ ? kRefusalsToBelieve : 1);
}

void StreamLife::pause() {
  const MutexLock lock(mutex_);
  if (now_.state == LifeState::ended) return;
  now_.state = LifeState::paused;
  now_.reason = "paused by request";
}

void StreamLife::resume() {
  const MutexLock lock(mutex_);
  if (now_.state != LifeState::paused) return;
  now_.state = was_live_ ? LifeState::recovering : LifeState::connecting;
  now_.reason.clear();
  pause_ = config_.first_pause;
}

void StreamLife::end(std::string reason, LifeState state) {
  const MutexLock lock(mutex_);
  now_.state = state;
  now_.reason = std::move(reason);
}

}  // namespace ocelli::engine
