#include "tests/farm/report.h"

#include <algorithm>
#include <cmath>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/farm/socket.h"

namespace ocelli::farm {
namespace {

using base::Code;
using base::Result;
using nlohmann::ordered_json;
using std::chrono::steady_clock;

constexpr std::size_t kMaximumWaiting = std::size_t{4} << 20U;
constexpr std::size_t kPipeAtomic = 4096;  // what a writable pipe takes without waiting (PIPE_BUF)
constexpr std::size_t kListedCameras = 50;

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

double seconds_between(base::SteadyTime from, base::SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

ordered_json late_times(const LatenessHistogram& lateness) {
  return {{"p50", rounded(lateness.quantile_ms(0.5))},
          {"p99", rounded(lateness.quantile_ms(0.99))},
          {"max", rounded(lateness.maximum_ms())}};
}

ordered_json late_list(const LateCameras& cameras) {
  ordered_json list = ordered_json::array();
  for (const auto& [camera, late] : cameras) {
    if (list.size() == kListedCameras) break;
    list.push_back({camera, late.pictures, rounded(late.maximum_ms)});
  }
  return list;
}

}  // namespace

Result<std::unique_ptr<Report>> Report::create(const Config& config) {
  std::unique_ptr<Report> report(new Report(config));
  if (config.log_file.empty()) return report;
  report->log_.reset(std::fopen(config.log_file.c_str(), "w"));
  if (!report->log_) return system_error(Code::unavailable, config.log_file);
  std::fputs("camera,client,frame,picture,key,late_ns,sent_ns\n", report->log_.get());
  return report;
}

Report::Report(const Config& config) : config_(config) {
  begin();
}

void Report::begin() {
  start_ = steady_clock::now();
  second_begin_ = start_;
  cpu_at_begin_s_ = cpu_s_ = cpu_seconds();
}

double Report::elapsed_s() const {
  return rounded(seconds_between(start_, steady_clock::now()));
}

double Report::cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Report::line(const std::string& json) {
  if (waiting_.size() + json.size() > kMaximumWaiting) {
    ++lost_lines_;
    return;
  }
  waiting_ += json + "\n";
  flush();
}

void Report::flush() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  while (!waiting_.empty() && poll(&output, 1, 0) == 1) {
    const ssize_t written = write(STDOUT_FILENO, waiting_.data(), std::min(waiting_.size(), kPipeAtomic));
    if (written < 0) waiting_.clear();  // nobody reads any more
    waiting_.erase(0, static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
}

void Report::sent(const SentPicture& picture) {
  this_second_.lateness.add(picture.late);
  this_second_.bytes += picture.size_bytes;
  if (picture.late > config_.late_after) {
    auto& camera = this_second_.late_cameras[picture.camera];
    ++camera.pictures;
    camera.maximum_ms = std::max(camera.maximum_ms, std::chrono::duration<double, std::milli>(picture.late).count());
    ++this_second_.late_pictures;
  }
  if (!log_) return;
  std::fprintf(log_.get(), "%d,%llu,%lld,%d,%d,%lld,%lld\n", picture.camera,
               static_cast<unsigned long long>(picture.client), static_cast<long long>(picture.frame), picture.number,
               picture.is_key ? 1 : 0, static_cast<long long>(picture.late.count()),
               static_cast<long long>(picture.wall.count()));
}

void Report::second(int clients, int playing) {
  const auto now = steady_clock::now();
  const double cpu_s = cpu_seconds();
  const ordered_json json = {{"event", "second"},
                             {"at_s", elapsed_s()},
                             {"clients", clients},
                             {"playing", playing},
                             {"pictures", this_second_.lateness.count()},
                             {"bytes", this_second_.bytes},
                             {"dropped_pictures", this_second_.dropped_pictures},
                             {"late_ms", late_times(this_second_.lateness)},
                             {"late_pictures", this_second_.late_pictures},
                             {"late_cameras", late_list(this_second_.late_cameras)},
                             {"cpu_cores", rounded((cpu_s - cpu_s_) / seconds_between(second_begin_, now))},
                             {"lost_lines", lost_lines_}};
  cpu_s_ = cpu_s;
  second_begin_ = now;
  all_.lateness.merge(this_second_.lateness);
  all_.bytes += this_second_.bytes;
  all_.dropped_pictures += this_second_.dropped_pictures;
  all_.late_pictures += this_second_.late_pictures;
  this_second_ = {};
  line(json.dump());
  if (log_) std::fflush(log_.get());
}

void Report::end() {
  second(0, 0);
  const double elapsed = elapsed_s();
  const ordered_json json = {{"event", "end"},
                             {"at_s", elapsed},
                             {"pictures", all_.lateness.count()},
                             {"bytes", all_.bytes},
                             {"dropped_pictures", all_.dropped_pictures},
                             {"late_ms", late_times(all_.lateness)},
                             {"late_pictures", all_.late_pictures},
                             {"cpu_cores", rounded((cpu_seconds() - cpu_at_begin_s_) / std::max(elapsed, 0.001))}};
  line(json.dump());
}

}  // namespace ocelli::farm
