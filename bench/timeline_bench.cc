// How many intervals between frames are wrong by more than 20 % before and after repair, against the true times of
// capture, over simulated cameras of one hour each? Beside it the anchor's weighted mean and restamping at a constant
// rate; the delay that repair adds, by reason; and what a packet costs.
// usage: timeline_bench [STREAM_HOURS=200] [THREADS=1] [MIX=both|everyday|held-out] [FIRST_SEED=1]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "media/testing/interval_judge.h"

namespace {

using namespace ocelli;          // NOLINT(google-build-using-namespace): a program of one file
using namespace media::testing;  // NOLINT(google-build-using-namespace)

constexpr std::chrono::hours kHour{1};

TimelineScore run(const CameraMix& mix, std::uint64_t first_seed, int hours, int threads) {
  std::atomic<int> next{0};
  base::Mutex mutex;
  TimelineScore sum;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        TimelineScore own;
        for (int hour = next++; hour < hours; hour = next++) {
          own += run_camera(mix, first_seed + static_cast<std::uint64_t>(hour), kHour, Contest::with_baselines);
          if (hour % 20 == 0) std::fprintf(stderr, "\r%d of %d stream-hours ", hour, hours);
        }
        const base::MutexLock lock(mutex);
        sum += own;
      });
    }
  }
  std::fprintf(stderr, "\r%40s\r", "");
  return sum;
}

void print_row(const char* what, const IntervalTally& tally) {
  std::printf("  %-44s %9.4f %%\n", what, 100 * tally.share());
}

void print_delay(const char* what, const TimelineScore& score, media::HoldReason reason) {
  const auto place = static_cast<std::size_t>(reason);
  const auto bound = std::chrono::duration<double, std::milli>(media::hold_bound(reason)).count();
  const double share = static_cast<double>(score.held[place]) / static_cast<double>(score.packets);
  const int p99 = score.held[place] == 0 ? 0 : score.delay_percentile(reason, 0.99);
  std::printf("  %-28s %9.4f %%  p99 %4d ms  longest %7.3f ms  bound %3.0f ms\n", what, 100 * share, p99,
              static_cast<double>(score.longest_delay[place]) * 1e-6, bound);
}

void print(const char* name, const TimelineScore& score, int hours) {
  std::printf("%s: %d stream-hours, %.1f million packets\n", name, hours, static_cast<double>(score.packets) * 1e-6);
  std::printf(" intervals off by more than 20 %%\n");
  print_row("as stamped", score.raw);
  print_row("ocelli", score.repaired);
  print_row("weighted mean of 32 (mean .95, at jumps .7)", score.weighted_mean);
  print_row("  read the other way round (stamp .95, .7)", score.weighted_stamp);
  print_row("constant rate", score.constant_rate);
  std::printf(" of these, at real gaps (%.2f %% of intervals)\n",
              100.0 * static_cast<double>(score.at_gaps_repaired.frames) / static_cast<double>(score.repaired.frames));
  print_row("ocelli", score.at_gaps_repaired);
  print_row("constant rate", score.at_gaps_constant);
  std::printf(" packets held back, and for how long\n");
  print_delay("not at all", score, media::HoldReason::none);
  print_delay("out of order", score, media::HoldReason::order);
  print_delay("lost", score, media::HoldReason::loss);
  print_delay("stamps", score, media::HoldReason::stamp);
  const media::TimelineCounters& counters = score.counters;
  std::printf(
      " repairs: missing %llu, missing pts %llu, zero %llu, duplicate %llu, spikes %llu, wraps %llu, back %llu, "
      "forward %llu,\n"
      "  smoothed %llu, reordered %llu, late %llu, pts<dts %llu, collisions %llu, losses %llu, placeholders %llu, "
      "heads %llu\n",
      static_cast<unsigned long long>(counters.missing), static_cast<unsigned long long>(counters.missing_pts),
      static_cast<unsigned long long>(counters.zero), static_cast<unsigned long long>(counters.duplicate),
      static_cast<unsigned long long>(counters.spikes), static_cast<unsigned long long>(counters.wraps),
      static_cast<unsigned long long>(counters.steps_back), static_cast<unsigned long long>(counters.steps_forward),
      static_cast<unsigned long long>(counters.smoothed), static_cast<unsigned long long>(counters.reordered),
      static_cast<unsigned long long>(counters.late), static_cast<unsigned long long>(counters.pts_before_dts),
      static_cast<unsigned long long>(counters.collisions), static_cast<unsigned long long>(counters.losses),
      static_cast<unsigned long long>(counters.placeholders), static_cast<unsigned long long>(counters.missing_heads));
  std::printf(" broken guarantees: %llu\n", static_cast<unsigned long long>(score.order_faults));
  std::fflush(stdout);  // a long run may be cut short
}

/// The repair alone, on packets that lie ready.
void print_cost(const CameraMix& mix) {
  std::clock_t spent = 0;  // CPU time: other programs may be running
  std::size_t packets = 0;
  std::vector<media::TimedPacket> out;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    PacketSimulator simulator(mix, seed, std::chrono::minutes(30));
    std::vector<media::PacketStamp> stamps;
    for (SimulatedPacket packet; simulator.next(packet);) stamps.push_back(packet.stamp);
    media::Timeline timeline(simulator.config());
    const std::clock_t begin = std::clock();
    for (const media::PacketStamp& stamp : stamps) {
      timeline.push(stamp, out);
      out.clear();
    }
    spent += std::clock() - begin;
    packets += stamps.size();
  }
  std::printf("cost: %.1f ns a packet (%zu packets)\n",
              1e9 / CLOCKS_PER_SEC * static_cast<double>(spent) / static_cast<double>(packets), packets);
}

}  // namespace

int main(int argc, char** argv) {
  const int hours = argc > 1 ? std::atoi(argv[1]) : 200;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  const std::string mix = argc > 3 ? argv[3] : "both";
  const auto seed = static_cast<std::uint64_t>(argc > 4 ? std::atoll(argv[4]) : 1);
  if (hours < 1 || threads < 1) {
    std::fprintf(stderr,
                 "usage: timeline_bench [STREAM_HOURS=200] [THREADS=1] [both|everyday|held-out] [FIRST_SEED=1]\n");
    return 2;
  }
  bool holds = true;
  for (const char* name : {"everyday", "held-out"}) {
    if (mix != "both" && mix != name) continue;
    const bool everyday = std::string(name) == "everyday";
    const auto score =
        run(everyday ? everyday_mix() : held_out_mix(), everyday ? seed : seed + 1'000'000'007, hours, threads);
    print(name, score, hours);
    holds = holds && score.order_faults == 0;
    for (const auto reason :
         {media::HoldReason::none, media::HoldReason::order, media::HoldReason::loss, media::HoldReason::stamp}) {
      holds = holds && score.longest_delay[static_cast<std::size_t>(reason)] <= media::hold_bound(reason).count();
    }
  }
  print_cost(everyday_mix());
  return holds ? 0 : 1;
}
