// Holds many live streams in this process, without a model, and tells what that costs and which of them suffered.
//
//   stream_load [--seconds N] [--level every|referenced|key] [--stall-after SECONDS] [--threads N] [--pictures N]
//               [--transport auto|tcp|udp|http] URL…
//   stream_load … --cameras COUNT PREFIX      the addresses PREFIX0 … PREFIX<COUNT-1>
//
// Prints JSON objects, one a line: one a second; `gap` for each pause between decoded pictures of more than a second
// (wall clock, so that it can be laid beside camera_farm's faults); `summary` at the end:
//   stalls      pauses longer than --stall-after, by stream and begin (seconds since the start)
//   delay_ms    from a packet's arrival to its decoded picture
//   core        processor time over elapsed time: 1 is one core
//   memory_mb   resident; memory_mb_per_stream counts from before the first stream was made
//   by_stream   pictures that were analysed; left_out as damaged; interruptions; placeholders that were shown; p99_ms
//   lost, replaced   with --level every and --pictures, the farm's loop: the numbers that are missing between whole
//               pictures less than 5 s apart, and the placeholders and damaged pictures shown in those places
// ctrl-C ends it with the summary.

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/executor.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/stream.h"
#include "tests/farm/picture_number.h"

namespace {

namespace base = ocelli::base;
namespace engine = ocelli::engine;
namespace infer = ocelli::infer;
namespace media = ocelli::media;
using Json = nlohmann::ordered_json;

struct Options {
  double seconds = 60;
  double stall_after_s = 6;
  media::DecodeLevel level = media::DecodeLevel::key;
  std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  int pictures = 0;
  media::RtspTransport transport = media::RtspTransport::automatic;
  std::vector<std::string> urls;
};

/// Delays in bins that grow by 4 %, from 10 us to a minute: small, since there is one per stream.
class DelayHistogram {
 public:
  void add(double milliseconds) {
    const double place = std::log(std::max(milliseconds, kLeastMs) / kLeastMs) / std::log(kGrowth);
    ++bins_[std::min(static_cast<std::size_t>(place), kBins - 1)];
    ++count_;
  }
  void merge(const DelayHistogram& other) {
    for (std::size_t i = 0; i < kBins; ++i) bins_[i] += other.bins_[i];
    count_ += other.count_;
  }
  /// Upper end of the bin that holds it.
  double quantile_ms(double share) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kBins && count_ > 0; ++i) {
      below += bins_[i];
      if (below >= rank) return kLeastMs * std::pow(kGrowth, static_cast<double>(i) + 1);
    }
    return 0;
  }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr std::size_t kBins = 400;
  static constexpr double kLeastMs = 0.01;
  static constexpr double kGrowth = 1.04;
  std::array<std::uint32_t, kBins> bins_{};
  std::uint64_t count_ = 0;
};

struct Stall {
  double begin_s;
  double duration_s;
};

std::int64_t nanoseconds_since_1970(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// What is seen of one stream, before its sinks and by one of them. Thread-safe.
class Watch final : public ocelli::events::TrackSink {
 public:
  Watch(std::size_t stream, const Options& options, base::Clock& clock)
      : stream_(stream), options_(options), clock_(clock), start_(clock.now()) {}

  void picture(const media::Frame& frame) OC_EXCLUDES(mutex_) {
    const auto now = clock_.now();
    const base::MutexLock lock(mutex_);
    note_gap(now);
    last_ = now;
    delays_.add(std::chrono::duration<double, std::milli>(now - frame.info().arrived).count());
  }
  base::Status accept(const ocelli::events::FrameTracks& tracks) override OC_EXCLUDES(mutex_) {
    const media::Frame& frame = *tracks.frame;
    const media::FrameQuality quality = frame.info().quality;
    const base::MutexLock lock(mutex_);
    if (quality == media::FrameQuality::placeholder) ++placeholders_;
    if (quality != media::FrameQuality::good) {
      ++replaced_since_;
    } else if (options_.pictures > 0) {
      compare_number(frame);
    }
    return {};
  }
  bool shows_placeholders() const override { return true; }
  /// Nothing more comes: a pause that goes on counts as well.
  void finish() OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    note_gap(clock_.now());
  }
  DelayHistogram delays() const OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    return delays_;
  }
  std::vector<Stall> stalls() const OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    return stalls_;
  }
  struct Losses {
    int lost = 0;
    int replaced = 0;
    int placeholders = 0;
  };
  Losses losses() const OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    return {lost_, replaced_, placeholders_};
  }

 private:
  static constexpr double kToldGapSeconds = 1;
  static constexpr auto kLongestKnown = std::chrono::seconds(5);  // after a whole loop nobody can tell how many

  void compare_number(const media::Frame& frame) OC_REQUIRES(mutex_) {
    const auto number = ocelli::farm::read_picture_number(frame.plane(0).data, frame.plane(0).stride_bytes);
    if (!number) return;
    if (last_number_ && frame.time() - numbered_ < kLongestKnown) {
      lost_ += (*number - *last_number_ - 1 + options_.pictures) % options_.pictures;
      replaced_ += replaced_since_;
    }
    replaced_since_ = 0;
    last_number_ = number;
    numbered_ = frame.time();
  }
  void note_gap(base::SteadyTime now) OC_REQUIRES(mutex_) {
    const base::SteadyTime since = last_.value_or(start_);
    const double gap_s = std::chrono::duration<double>(now - since).count();
    if (gap_s > options_.stall_after_s) {
      stalls_.push_back({std::chrono::duration<double>(since - start_).count(), gap_s});
    }
    if (!last_ || gap_s <= kToldGapSeconds) return;
    const std::int64_t end_ns = nanoseconds_since_1970(clock_.wall_now());
    const auto gap_ns = static_cast<std::int64_t>(gap_s * 1e9);
    std::printf("{\"event\":\"gap\",\"stream\":%zu,\"begin_ns\":%lld,\"end_ns\":%lld}\n", stream_,
                static_cast<long long>(end_ns - gap_ns), static_cast<long long>(end_ns));
  }

  const std::size_t stream_;
  const Options& options_;
  base::Clock& clock_;
  const base::SteadyTime start_;
  mutable base::Mutex mutex_;
  std::optional<base::SteadyTime> last_ OC_GUARDED_BY(mutex_);
  std::optional<int> last_number_ OC_GUARDED_BY(mutex_);
  media::MediaTime numbered_ OC_GUARDED_BY(mutex_);  ///< time of the picture with that number
  int lost_ OC_GUARDED_BY(mutex_) = 0;
  int replaced_ OC_GUARDED_BY(mutex_) = 0;
  int replaced_since_ OC_GUARDED_BY(mutex_) = 0;  ///< the last number
  int placeholders_ OC_GUARDED_BY(mutex_) = 0;
  DelayHistogram delays_ OC_GUARDED_BY(mutex_);
  std::vector<Stall> stalls_ OC_GUARDED_BY(mutex_);
};

/// In the place of a model: notes when a picture came.
class NotingDetector final : public infer::Detector {
 public:
  explicit NotingDetector(Watch& watch) : watch_(watch) {}

  base::Result<std::vector<infer::Detection>> detect(const media::Frame& frame, base::Tracer*) override {
    watch_.picture(frame);
    return std::vector<infer::Detection>{};
  }
  const infer::RunTimes& last_times() const override { return times_; }
  const std::vector<std::string>& labels() const override { return labels_; }
  const std::vector<int>& class_groups() const override { return class_groups_; }

 private:
  Watch& watch_;
  infer::RunTimes times_;
  std::vector<std::string> labels_{"person"};
  std::vector<int> class_groups_{0};
};

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  double all = 0;
  double resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator{}));
}

bool read_number(const std::string& text, double& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0;
}

std::optional<media::RtspTransport> read_transport(const std::string& text) {
  using Transport = media::RtspTransport;
  const std::map<std::string, Transport> names{
      {"auto", Transport::automatic}, {"tcp", Transport::tcp}, {"udp", Transport::udp}, {"http", Transport::http}};
  const auto found = names.find(text);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::optional<media::DecodeLevel> read_level(const std::string& text) {
  for (const auto level : {media::DecodeLevel::every, media::DecodeLevel::referenced, media::DecodeLevel::key}) {
    if (media::decode_level_name(level) == text) return level;
  }
  return std::nullopt;
}

/// False where the option or its value is unknown.
bool read_option(const std::string& option, const std::string& value, Options& options, std::size_t& cameras) {
  if (option == "--level") {
    const auto level = read_level(value);
    options.level = level.value_or(options.level);
    return level.has_value();
  }
  if (option == "--transport") {
    const auto transport = read_transport(value);
    options.transport = transport.value_or(options.transport);
    return transport.has_value();
  }
  double number = 0;
  if (!read_number(value, number)) return false;
  if (option == "--seconds") {
    options.seconds = number;
  } else if (option == "--stall-after") {
    options.stall_after_s = number;
  } else if (option == "--threads") {
    options.threads = static_cast<std::size_t>(number);
  } else if (option == "--pictures") {
    options.pictures = static_cast<int>(number);
  } else if (option == "--cameras") {
    cameras = static_cast<std::size_t>(number);
  } else {
    return false;
  }
  return true;
}

std::optional<Options> read_options(const std::vector<std::string>& words) {
  Options options;
  std::size_t cameras = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      options.urls.push_back(words[i]);
      continue;
    }
    if (i + 1 == words.size() || !read_option(words[i], words[i + 1], options, cameras)) return std::nullopt;
    ++i;
  }
  if (cameras > 0) {
    if (options.urls.size() != 1) return std::nullopt;
    const std::string prefix = options.urls.front();
    options.urls.clear();
    for (std::size_t i = 0; i < cameras; ++i) options.urls.push_back(prefix + std::to_string(i));
  }
  if (options.urls.empty()) return std::nullopt;
  return options;
}

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

/// All the streams of one run and what is seen of them.
class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), memory_before_mb_(resident_mb()), workers_("worker", options.threads) {
    for (std::size_t i = 0; i < options.urls.size(); ++i) {
      engine::StreamConfig config;
      config.name = std::to_string(i);
      config.source.url = options.urls[i];
      config.source.transport = options.transport;
      config.decode.level = options.level;
      config.reconnect = true;
      watches_.push_back(std::make_unique<Watch>(i, options_, clock_));
      streams_.push_back(engine::Stream::start(
          config, std::make_unique<NotingDetector>(*watches_.back()),
          {clock_, workers_, base::Logger::null(), metrics_, nullptr, {}, {watches_.back().get()}}));
    }
  }

  double elapsed_s() const { return std::chrono::duration<double>(clock_.now() - start_).count(); }

  Json report() {
    std::map<std::string, int> states;
    std::uint64_t decoded = 0;
    std::uint64_t dropped = 0;
    std::uint64_t interruptions = 0;
    for (const auto& stream : streams_) {
      const engine::StreamStatus status = stream->status();
      ++states[std::string(engine::life_state_name(status.state))];
      decoded += status.frames_decoded;
      dropped += status.packets_dropped + status.frames_dropped;
      interruptions += status.interruptions;
    }
    const double now_s = elapsed_s();
    const double processor_s = processor_seconds();
    Json json;
    json["event"] = "second";
    json["wall_ns"] = nanoseconds_since_1970(clock_.wall_now());
    json["elapsed_s"] = now_s;
    json["states"] = states;
    json["frames_decoded"] = decoded;
    json["dropped"] = dropped;
    json["interruptions"] = interruptions;
    json["core"] = (processor_s - processor_before_s_) / (now_s - elapsed_before_s_);
    json["memory_mb"] = resident_mb();
    json["threads"] = entries("/proc/self/task");
    json["descriptors"] = entries("/proc/self/fd");
    processor_before_s_ = processor_s;
    elapsed_before_s_ = now_s;
    return json;
  }

  Json summary() {
    DelayHistogram delays;
    Json stalls = Json::array();
    Json by_stream = Json::array();
    for (std::size_t i = 0; i < watches_.size(); ++i) {
      watches_[i]->finish();
      const DelayHistogram own = watches_[i]->delays();
      delays.merge(own);
      const Watch::Losses losses = watches_[i]->losses();
      by_stream.push_back({{"pictures", own.count()},
                           {"lost", losses.lost},
                           {"replaced", losses.replaced},
                           {"placeholders", losses.placeholders},
                           {"left_out", streams_[i]->status().frames_damaged},
                           {"interruptions", streams_[i]->status().interruptions},
                           {"p99_ms", own.quantile_ms(0.99)}});
      for (const Stall& stall : watches_[i]->stalls()) {
        stalls.push_back({{"stream", i}, {"begin_s", stall.begin_s}, {"duration_s", stall.duration_s}});
      }
    }
    processor_before_s_ = 0;
    elapsed_before_s_ = 0;
    Json json = report();
    json["event"] = "summary";
    json["streams"] = streams_.size();
    json["stalls"] = std::move(stalls);
    json["delay_ms"] = {{"p50", delays.quantile_ms(0.5)},
                        {"p99", delays.quantile_ms(0.99)},
                        {"max", delays.quantile_ms(1)},
                        {"count", delays.count()}};
    json["by_stream"] = std::move(by_stream);
    json["memory_mb_per_stream"] =
        (json["memory_mb"].get<double>() - memory_before_mb_) / static_cast<double>(streams_.size());
    return json;
  }

 private:
  const Options options_;
  const double memory_before_mb_;
  double processor_before_s_ = 0;
  double elapsed_before_s_ = 0;
  base::SystemClock clock_;
  const base::SteadyTime start_ = clock_.now();
  base::Metrics metrics_;
  base::Executor workers_;
  std::vector<std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<engine::Stream>> streams_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto options = read_options({argv + 1, argv + argc});
  if (!options) {
    std::fprintf(
        stderr,
        "usage: stream_load [--seconds N] [--level every|referenced|key] [--stall-after SECONDS] [--threads N] "
        "[--pictures N] [--transport auto|tcp|udp|http] URL…\n       stream_load … --cameras COUNT PREFIX\n");
    return 2;
  }
  base::bound_memory();
  std::signal(SIGINT, [](int) { interrupted = true; });
  std::signal(SIGTERM, [](int) { interrupted = true; });
  Load load(*options);
  while (!interrupted && load.elapsed_s() < options->seconds) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::printf("%s\n", load.report().dump().c_str());
    std::fflush(stdout);
  }
  std::printf("%s\n", load.summary().dump().c_str());
}
