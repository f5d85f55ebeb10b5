// Accepts events as fast as the store commits them and says which are on the disk: one line "<sequence>" each, after
// the fsync. For store_test.py, which kills it, fills its disk and cuts its log.
//
//   store_writer FILE FIRST [COUNT]

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/event_store.h"

namespace {

using namespace ocelli;

events::Event make_event(std::uint64_t sequence, base::WallTime now) {
  events::Event event;
  event.sequence = sequence;
  event.type = events::EventType::zone_entered;
  event.camera = "gate";
  event.wall_time = now;
  event.rule = "yard";
  event.track_id = sequence;
  event.label = "person";
  event.box = {1, 2, 3, 4};
  event.picture_width = 640;
  event.picture_height = 480;
  for (const char* name : {"people", "dwell_s", "distance_m", "iou", "drift_px"}) {
    event.gates.push_back(events::at_least(name, 3, 2));
  }
  return event;
}

/// One write, so that a kill cuts no line in two that was told as whole.
void tell(const std::string& lines) {
  if (::write(STDOUT_FILENO, lines.data(), lines.size()) < 0) std::_Exit(3);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::uint64_t sequence = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t last = argc > 3 ? sequence + std::strtoull(argv[3], nullptr, 10) : ~0ULL;
  base::SystemClock clock;
  base::Metrics metrics;
  std::atomic<std::uint64_t> committed{sequence};
  store::StoreConfig config;
  config.path = argv[1];
  store::StoreServices services{clock, base::Logger({}, clock), metrics};
  services.on_committed = [&](const std::vector<store::Committed>& batch) {
    std::string lines;
    for (const auto& event : batch) lines += std::to_string(event.sequence) + "\n";
    tell(lines);
    committed += batch.size();
  };
  services.on_trouble = [](const std::optional<std::string>& reason) { tell(reason ? "trouble\n" : "well\n"); };
  auto store = store::EventStore::start(config, services);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message().c_str());
    return 1;
  }
  while (sequence < last) {
    // Ahead of the disk by no more than waits in the queue: nothing is lost for want of room.
    if (sequence - committed > 4'000) {
      std::this_thread::yield();
      continue;
    }
    if (!(*store)->accept(make_event(sequence++, clock.wall_now()))) return 1;
    if (sequence % 64 == 0) std::this_thread::yield();
  }
  return (*store)->flush() ? 0 : 1;
}
