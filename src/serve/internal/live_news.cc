#include "serve/internal/live_news.h"

#include <boost/asio/post.hpp>

namespace ocelli::serve::internal {

// What is posted holds no share: the context would own what owns the context.

void LiveNews::on_frame(const std::string& camera) {
  if (viewers_ == 0) return;
  boost::asio::post(*context_, [news = weak_from_this(), camera] {
    const auto alive = news.lock();
    if (!alive) return;
    const auto found = alive->frames_.find(camera);
    if (found != alive->frames_.end()) found->second.notify();
  });
}

void LiveNews::on_event() {
  if (event_wake_posted_.exchange(true)) return;
  boost::asio::post(*context_, [news = weak_from_this()] {
    const auto alive = news.lock();
    if (!alive) return;
    alive->event_wake_posted_ = false;
    alive->events_.notify();
  });
}

void LiveNews::notify_all() {
  events_.notify();
  for (auto& [camera, signal] : frames_) signal.notify();
}

void LiveNews::close() {
  closed_ = true;
  notify_all();
}

}  // namespace ocelli::serve::internal
