#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <sys/epoll.h>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tests/farm/socket.h"

namespace ocelli::farm {

/// epoll and timers for one thread. Handlers may watch, forget and schedule whatever they like, themselves included.
/// Time is the machine's: sending on time is what the program is for.
class EventLoop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;
  using Task = std::function<void()>;
  using WatchId = std::uint64_t;

  static constexpr std::uint32_t kReadable = EPOLLIN;
  static constexpr std::uint32_t kWritable = EPOLLOUT;
  static constexpr std::uint32_t kPeerLeft = EPOLLRDHUP;
  static constexpr std::uint32_t kBroken = EPOLLERR | EPOLLHUP;  ///< Told without being asked for.

  static base::Result<std::unique_ptr<EventLoop>> create();

  /// Level-triggered. The descriptor stays the caller's and must outlive the watch.
  WatchId watch(int descriptor, std::uint32_t events, Handler handler);
  void change(WatchId id, std::uint32_t events);
  void forget(WatchId id);

  /// Runs `task` once at `time`, at once if that has passed. Tasks of the same time run in the order they were given.
  void at(base::SteadyTime time, Task task);

  void run();  ///< Until stop().
  void stop() { stopped_ = true; }

 private:
  struct Watch {
    int descriptor;
    std::shared_ptr<Handler> handler;  ///< Shared with the call in progress, which may forget its own watch.
  };
  struct Timer {
    base::SteadyTime time;
    std::uint64_t order;
    Task task;
    bool operator<(const Timer& other) const { return time != other.time ? time > other.time : order > other.order; }
  };

  explicit EventLoop(Descriptor epoll) : epoll_(std::move(epoll)) {}
  void run_due_timers();
  void wait_for_events();

  Descriptor epoll_;
  std::unordered_map<WatchId, Watch> watches_;
  std::priority_queue<Timer> timers_;
  std::uint64_t last_id_ = 0;
  bool stopped_ = false;
};

}  // namespace ocelli::farm
