// Events per second into SQLite, committed; how long a commit takes; what accept() costs the strand that calls it.
//
//   store_bench [--seconds 10] [--rate 20000] [--file PATH]
//
// One thread per "camera" calls accept() at the wanted rate, as strands do; every event has six gates, and every tenth
// is followed by a near miss. The figures count what was acknowledged after its fsync.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/event_store.h"

namespace {

using namespace ocelli;
using Seconds = std::chrono::duration<double>;

struct Options {
  double seconds = 10;
  int rate = 20'000;
  int cameras = 4;
  std::string file;
};

events::Event make_event(const std::string& camera, std::uint64_t sequence, base::WallTime now) {
  events::Event event;
  event.sequence = sequence;
  event.type = sequence % 3 == 0 ? events::EventType::line_crossed : events::EventType::zone_entered;
  event.camera = camera;
  event.time = media::from_seconds(static_cast<double>(sequence) / 10);
  event.wall_time = now;
  event.frame = sequence;
  event.rule = sequence % 3 == 0 ? "kerb" : "yard";
  event.track_id = sequence / 5;
  event.label = "person";
  event.score = 0.75F;
  event.box = {100.5F, 200.25F, 30.75F, 90.125F};
  event.picture_width = 1920;
  event.picture_height = 1080;
  event.gates = {events::at_least("people", 3, 3),          events::at_most("centre_distance_m", 0.913, 1.2),
                 events::at_least("window_iou", 0.71, 0.6), events::at_least("dwell_s", 6.24, 5),
                 events::at_most("drift_px", 3.5, 8),       events::at_most("mean_speed_px_frame", 0.12, 0.3)};
  return event;
}

/// What the cameras' strands measure.
struct Calls {
  std::vector<double> seconds;
};

void produce(store::EventStore& store, const std::string& camera, const Options& options, base::Clock& clock,
             Calls& calls) {
  const double rate = static_cast<double>(options.rate) / options.cameras;
  const auto begin = clock.now();
  std::uint64_t sequence = 0;
  while (true) {
    const double elapsed = Seconds(clock.now() - begin).count();
    if (elapsed > options.seconds) return;
    const auto due = static_cast<std::uint64_t>(elapsed * rate);
    if (sequence >= due) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    while (sequence < due) {
      const auto event = make_event(camera, ++sequence, clock.wall_now());
      const auto before = clock.now();
      if (!store.accept(event)) return;
      calls.seconds.push_back(Seconds(clock.now() - before).count());
      if (sequence % 10 == 0 && !store.accept_near_miss({event})) return;
    }
  }
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

double thread_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uintmax_t file_bytes(const std::string& path) {
  std::error_code absent;
  const auto bytes = std::filesystem::file_size(path, absent);
  return absent ? 0 : bytes;
}

int run(const Options& options) {
  base::SystemClock clock;
  base::Metrics metrics;
  std::vector<double> gaps;  // between acknowledgements: of the store's thread until it is closed
  std::uint64_t committed = 0;
  double cpu_before = -1;
  double cpu_after = 0;
  auto last = clock.now();
  store::StoreConfig config;
  config.path = options.file;
  config.max_mib = 0;
  store::StoreServices services{clock, base::Logger({}, clock), metrics};
  services.on_committed = [&](const std::vector<store::Committed>& batch) {
    const auto now = clock.now();
    gaps.push_back(Seconds(now - last).count());
    last = now;
    cpu_after = thread_cpu_seconds();
    if (cpu_before < 0) cpu_before = cpu_after;
    committed += batch.size();
  };
  auto store = store::EventStore::start(config, services);
  if (!store) {
    std::fprintf(stderr, "store_bench: %s\n", store.error().message().c_str());
    return 1;
  }
  if (!(*store)->flush()) return 1;
  const auto begin = clock.now();
  last = begin;
  std::vector<Calls> calls(static_cast<std::size_t>(options.cameras));
  {
    std::vector<std::jthread> cameras;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      cameras.emplace_back([&, i] { produce(**store, "camera-" + std::to_string(i), options, clock, calls[i]); });
    }
  }
  const bool whole = (*store)->flush().has_value();
  const double took = Seconds(clock.now() - begin).count();
  (*store)->close();
  std::vector<double> all;
  for (const auto& camera : calls) all.insert(all.end(), camera.seconds.begin(), camera.seconds.end());
  const auto bytes = file_bytes(options.file);
  std::printf("offered      %10zu events in %.1f s, 6 gates each, and a near miss for every tenth\n", all.size(),
              options.seconds);
  std::printf("committed    %10llu events (%s), %.0f events/s\n", static_cast<unsigned long long>(committed),
              whole ? "all" : "some were lost", static_cast<double>(committed) / took);
  std::printf("commit       p50 %.1f ms, p99 %.1f ms from one acknowledgement to the next\n",
              percentile(gaps, 0.5) * 1e3, percentile(gaps, 0.99) * 1e3);
  std::printf("store thread %10.1f us of processor an event\n",
              (cpu_after - cpu_before) * 1e6 / static_cast<double>(std::max<std::uint64_t>(committed, 1)));
  std::printf("accept()     p50 %.2f us, p99 %.2f us, worst %.0f us\n", percentile(all, 0.5) * 1e6,
              percentile(all, 0.99) * 1e6, percentile(all, 1) * 1e6);
  std::printf("file         %.1f MiB, %.0f bytes an event\n", static_cast<double>(bytes) / (1 << 20),
              static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(committed, 1)));
  return whole ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.file = (std::filesystem::temp_directory_path() / "store_bench.db").string();
  CLI::App app("Events per second into the store");
  app.add_option("--seconds", options.seconds, "How long")->capture_default_str();
  app.add_option("--rate", options.rate, "Events per second, all cameras together")->capture_default_str();
  app.add_option("--cameras", options.cameras, "Threads that call accept()")->capture_default_str();
  app.add_option("--file", options.file, "The file; it must not be there yet")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (std::filesystem::exists(options.file)) {
    std::fprintf(stderr, "store_bench: %s is there already; remove it or name another with --file\n",
                 options.file.c_str());
    return 1;
  }
  return run(options);
}
