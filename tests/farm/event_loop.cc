#include "tests/farm/event_loop.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sys/epoll.h>

#include "base/check.h"

namespace ocelli::farm {

using base::Code;
using base::Result;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return system_error(Code::exhausted, "epoll_create1");
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll)));
}

EventLoop::WatchId EventLoop::watch(int descriptor, std::uint32_t events, Handler handler) {
  const WatchId id = ++last_id_;
  epoll_event event{.events = events, .data = {.u64 = id}};
  OC_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0);
  watches_.emplace(id, Watch{descriptor, std::make_shared<Handler>(std::move(handler))});
  return id;
}

void EventLoop::change(WatchId id, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = id}};
  OC_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watches_.at(id).descriptor, &event) == 0);
}

void EventLoop::forget(WatchId id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.descriptor, nullptr);
  watches_.erase(found);
}

void EventLoop::at(base::SteadyTime time, Task task) {
  timers_.push({time, ++last_id_, std::move(task)});
}

void EventLoop::run() {
  while (!stopped_) {
    run_due_timers();
    if (!stopped_) wait_for_events();
  }
}

void EventLoop::run_due_timers() {
  // One reading of the clock: tasks that schedule each other without end must not keep sockets from being served.
  const auto now = steady_clock::now();
  while (!stopped_ && !timers_.empty() && timers_.top().time <= now) {
    const Task task = timers_.top().task;
    timers_.pop();
    task();
  }
}

void EventLoop::wait_for_events() {
  constexpr nanoseconds kLongest = std::chrono::seconds(1);
  const auto left = timers_.empty() ? kLongest : nanoseconds(timers_.top().time - steady_clock::now());
  const auto wait = std::clamp(left, nanoseconds(0), kLongest).count();
  const timespec timeout{.tv_sec = wait / 1'000'000'000, .tv_nsec = wait % 1'000'000'000};
  std::array<epoll_event, 64> events{};
  const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int index = 0; index < count; ++index) {
    const auto& event = events.at(static_cast<std::size_t>(index));
    const auto found = watches_.find(event.data.u64);
    if (found == watches_.end()) continue;  // forgotten by a handler of the same round
    const auto handler = found->second.handler;
    (*handler)(event.events);
  }
}

}  // namespace ocelli::farm
