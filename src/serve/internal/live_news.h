#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "serve/internal/coroutine.h"
#include "serve/live_view.h"

namespace ocelli::serve::internal {

/// Brings the view's news from the cameras' strands to the coroutines of the I/O thread that wait for them. Co-owned by
/// the server and by the view; a call of the view's that is under way may outlive the server. All but the listener's
/// calls are of the I/O thread.
class LiveNews final : public LiveListener, public std::enable_shared_from_this<LiveNews> {
 public:
  explicit LiveNews(std::shared_ptr<boost::asio::io_context> context)
      : context_(std::move(context)), events_(*context_) {}

  void on_frame(const std::string& camera) override;
  void on_event() override;

  /// Given when events came.
  Signal& events() { return events_; }
  /// Given when the camera has a new frame, and there is a Viewer.
  Signal& frames(const std::string& camera) { return frames_.try_emplace(camera, *context_).first->second; }
  /// Wakes all that wait.
  void notify_all();

  /// For good; wakes all that wait.
  void close();
  bool closed() const { return closed_; }

  /// Counts a viewer of pictures for as long as it lives: without any, frames need not wake the I/O thread.
  class Viewer {
   public:
    explicit Viewer(LiveNews& news) : news_(news) { ++news_.viewers_; }
    ~Viewer() { --news_.viewers_; }
    Viewer(const Viewer&) = delete;
    Viewer& operator=(const Viewer&) = delete;

   private:
    LiveNews& news_;
  };

 private:
  const std::shared_ptr<boost::asio::io_context> context_;  // co-owned with the server: posting is always possible
  Signal events_;
  std::map<std::string, Signal> frames_;  // by camera; only cameras that were looked at
  bool closed_ = false;
  std::atomic<int> viewers_ = 0;
  std::atomic<bool> event_wake_posted_ = false;  // so that a burst of events wakes once
};

}  // namespace ocelli::serve::internal
