#include "tests/farm/camera.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ocelli::farm {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint32_t kTicksPerSecond = 90'000;
constexpr auto kReportPeriod = std::chrono::seconds(5);
constexpr std::size_t kMaximumGarbageBytes = 300;

// Multiples of these spread evenly over 0..1 for any number of cameras (the golden ratio, and its sister in two
// dimensions), so that neither pictures nor key frames of many cameras fall together.
constexpr double kPictureSpread = 0.7548776662466927;
constexpr double kLoopSpread = 0.6180339887498949;

double spread(int number, double step) {
  const double place = number * step;
  return place - std::floor(place);
}

nanoseconds wall_now() {
  return std::chrono::system_clock::now().time_since_epoch();
}

}  // namespace

Camera::Camera(const Config& config, Report& report)
    : config_(config),
      report_(report),
      random_(config.seed * 1'000'003 + static_cast<std::uint64_t>(config.number)),
      first_number_(
          static_cast<std::int64_t>(spread(config.number, kLoopSpread) * config.clip->config.picture_count())),
      interval_(kNsPerSecond / config.clip->config.frames_per_second),
      next_report_(config.start) {
  config_.start += nanoseconds(
      static_cast<std::int64_t>(spread(config.number, kPictureSpread) * static_cast<double>(interval_.count())));
  reset_clock();
  clock_error_ = nanoseconds(0);
}

void Camera::reset_clock() {
  source_ = static_cast<std::uint32_t>(random_());
  first_timestamp_ = static_cast<std::uint32_t>(random_());
  sequence_ = static_cast<std::uint16_t>(random_());
  sent_packets_ = 0;
  sent_bytes_ = 0;
  clock_error_ = -wall_now();  // as after a start without a network: 1970
}

base::SteadyTime Camera::next_due() const {
  // From the start each time: adding up rounded intervals would drift.
  return config_.start + nanoseconds(next_frame_ * kNsPerSecond / config_.clip->config.frames_per_second);
}

void Camera::detach(const Viewer& viewer) {
  std::erase_if(viewers_, [&](const Viewing& viewing) { return viewing.viewer == &viewer; });
}

const Clip& Camera::described_clip() const {
  const bool is_other = effects_.shows_other_clip || effects_.changes_size;
  return is_other ? *config_.other_clip : *config_.clip;
}

void Camera::tick() {
  const auto wall = wall_now();
  const PictureRun run = next_run(next_frame_, wall);
  const bool is_quiet = effects_.is_silent || effects_.is_half_open || effects_.is_down ||
                        (effects_.holds_key_frames && run.picture.is_key);
  if (!is_quiet && !viewers_.empty()) {
    send_report_when_due(run.timestamp, steady_clock::now(), wall);
    send_garbage_by_chance();
    send(run, next_frame_);
  }
  sequence_ = static_cast<std::uint16_t>(sequence_ + run.picture.packet_count);
  ++next_frame_;
}

PictureRun Camera::next_run(std::int64_t frame, nanoseconds wall) {
  const auto index = static_cast<std::size_t>((frame + first_number_) % config_.clip->config.picture_count());
  if (config_.clip->pictures[index].is_key) shows_other_ = effects_.shows_other_clip || effects_.changes_size;
  const Clip& clip = shows_other_ ? *config_.other_clip : *config_.clip;
  PictureRun run{.clip = &clip,
                 .picture = clip.pictures[index],
                 .first_sequence = sequence_,
                 .timestamp = timestamp_of(frame, wall),
                 .source = source_,
                 .is_altered = false,
                 .order = {}};
  if (effects_.loss_percent > 0 || effects_.reorder_percent > 0) alter(run);
  return run;
}

void Camera::alter(PictureRun& run) {
  run.is_altered = true;
  run.order.resize(run.picture.packet_count);
  std::iota(run.order.begin(), run.order.end(), std::uint16_t{0});
  for (std::size_t index = 1; index < run.order.size(); ++index) {
    if (happens(effects_.reorder_percent)) std::swap(run.order[index - 1], run.order[index]);
  }
  std::erase_if(run.order, [this](std::uint16_t) { return happens(effects_.loss_percent); });
}

bool Camera::happens(double percent) {
  return static_cast<double>(random_() >> 11U) * 0x1.0p-53 * 100 < percent;
}

std::uint32_t Camera::timestamp_of(std::int64_t frame, nanoseconds wall) const {
  const auto regular = [&](std::int64_t of_frame) {
    return first_timestamp_ +
           static_cast<std::uint32_t>(of_frame * kTicksPerSecond / config_.clip->config.frames_per_second);
  };
  switch (effects_.timestamps) {
    case TimestampMode::zero:
      return 0;
    case TimestampMode::repeat:
      return regular(frame - frame % 2);
    case TimestampMode::wall:
      return static_cast<std::uint32_t>(wall.count() / 1000 * (kTicksPerSecond / 1000) / 1000);
    case TimestampMode::normal:
      break;
  }
  return regular(frame);
}

void Camera::send(const PictureRun& run, std::int64_t frame) {
  SentPicture sent{.camera = config_.number,
                   .frame = frame,
                   .number = static_cast<int>((frame + first_number_) % config_.clip->config.picture_count()),
                   .is_key = run.picture.is_key,
                   .size_bytes = run.picture.size_bytes};
  for (auto& viewing : viewers_) {
    viewing.has_begun |= run.picture.is_key;
    if (!viewing.has_begun) continue;
    // The clocks before the picture is handed over: what the client then does is not the sender's lateness.
    sent.client = viewing.viewer->number();
    sent.late = steady_clock::now() - next_due();
    sent.wall = wall_now();
    viewing.viewer->send_picture(run) ? report_.sent(sent) : report_.dropped();
  }
  sent_packets_ += run.picture.packet_count;
  sent_bytes_ += run.picture.size_bytes;
}

void Camera::send_report_when_due(std::uint32_t timestamp, base::SteadyTime now, nanoseconds wall) {
  if (now < next_report_) return;
  next_report_ = now + kReportPeriod;
  const std::string bytes = to_bytes({source_, (wall + clock_error_).count(), timestamp, sent_packets_, sent_bytes_});
  for (const auto& viewing : viewers_) viewing.viewer->send_report(bytes);
}

void Camera::send_garbage_by_chance() {
  if (!happens(effects_.garbage_percent)) return;
  std::string bytes(1 + random_() % kMaximumGarbageBytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random_());
  for (const auto& viewing : viewers_) viewing.viewer->send_garbage(bytes);
}

}  // namespace ocelli::farm
