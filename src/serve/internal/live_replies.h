#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/log.h"
#include "base/result.h"
#include "serve/http_message.h"
#include "serve/internal/connection.h"
#include "serve/internal/live_news.h"
#include "serve/live_view.h"
#include "serve/routes.h"

namespace ocelli::serve::internal {

/// Answers that show what the cameras see now: pictures and events, once or running. On the I/O thread; pictures are
/// drawn on that of `draw_context`. Running ones end with the connection, the camera or the news.
class LiveReplies {
 public:
  /// `heartbeat`: running ones say something at least this often. All references outlive it.
  LiveReplies(LiveView& live, const base::Logger& logger, std::chrono::milliseconds heartbeat, LiveNews& news,
              boost::asio::io_context& draw_context)
      : live_(live), logger_(logger), heartbeat_(heartbeat), news_(news), draw_context_(draw_context) {}

  /// One annotated JPEG.
  boost::asio::awaitable<HttpResponse> picture(std::string camera);
  /// multipart/x-mixed-replace; a slow viewer misses pictures.
  boost::asio::awaitable<void> stream_pictures(Connection& connection, std::string camera, HttpMethod method);
  /// Server-sent events; who falls behind the whole ring is told how many it missed.
  boost::asio::awaitable<void> stream_events(Connection& connection, EventStreamReply wanted, HttpMethod method);

 private:
  using PictureOutcome = std::unique_ptr<base::Result<PicturePtr>>;  // a pointer: co_spawn wants a default value

  std::string event_stream_text(const RingBatch& batch) const;
  /// Never null. Draws on the other thread, so that this one goes on serving.
  boost::asio::awaitable<PictureOutcome> draw(const std::string& camera);
  boost::asio::awaitable<PictureOutcome> draw_now(std::string camera);

  LiveView& live_;
  const base::Logger logger_;
  const std::chrono::milliseconds heartbeat_;
  LiveNews& news_;
  boost::asio::io_context& draw_context_;
};

}  // namespace ocelli::serve::internal
