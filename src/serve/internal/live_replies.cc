#include "serve/internal/live_replies.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "serve/internal/coroutine.h"

namespace ocelli::serve::internal {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kEventsPerWrite = 64;
constexpr std::string_view kBoundary = "ocelli-picture";

asio::awaitable<bool> write_part(Connection& connection, const Picture& picture) {
  const std::string header = fmt::format("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.jpeg.size());
  // The boundary that ends a part goes with it: browsers show a part when they see its end.
  const std::string trailer = fmt::format("\r\n--{}\r\n", kBoundary);
  const bool written =
      co_await connection.write(asio::buffer(header), asio::buffer(picture.jpeg), asio::buffer(trailer));
  co_return written;
}

}  // namespace

asio::awaitable<HttpResponse> LiveReplies::picture(std::string camera) {
  const PictureOutcome picture = co_await draw(camera);
  if (!picture->has_value()) co_return problem(picture->error());
  HttpResponse response;
  response.content_type = "image/jpeg";
  const media::Bytes& jpeg = (**picture)->jpeg;
  response.body.assign(jpeg.begin(), jpeg.end());
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

asio::awaitable<void> LiveReplies::stream_pictures(Connection& connection, std::string camera, HttpMethod method) {
  const LiveNews::Viewer viewer(news_);
  Signal& frames = news_.frames(camera);
  const std::string opening = fmt::format("--{}\r\n", kBoundary);
  bool alive =
      co_await connection.begin_stream(fmt::format("multipart/x-mixed-replace; boundary={}", kBoundary), method);
  if (alive) alive = co_await connection.write(opening);
  std::uint64_t shown = 0;
  auto last_write = SteadyClock::now();
  while (alive && !news_.closed()) {
    const auto newest = live_.generation(camera);
    if (!newest) break;  // the camera was removed
    // Repeating the last picture finds out whether the viewer is still there.
    const bool due = shown != 0 && SteadyClock::now() - last_write >= heartbeat_;
    if (*newest == shown && !due) {
      co_await frames.wait();
      continue;
    }
    const PictureOutcome picture = co_await draw(camera);
    if (!picture->has_value()) {
      logger_.for_camera(camera).warn("cannot draw the live picture", {{"reason", picture->error().message()}});
      co_await frames.wait();
      continue;
    }
    shown = (**picture)->generation;
    alive = co_await write_part(connection, ***picture);
    last_write = SteadyClock::now();
  }
}

asio::awaitable<void> LiveReplies::stream_events(Connection& connection, EventStreamReply wanted, HttpMethod method) {
  bool alive = co_await connection.begin_stream("text/event-stream", method);
  if (alive) alive = co_await connection.write("retry: 2000\n\n");
  auto last_write = SteadyClock::now();
  while (alive && !news_.closed()) {
    const RingBatch batch = live_.events().after(wanted.after, kEventsPerWrite, wanted.camera);
    wanted.after = batch.next;
    std::string text = event_stream_text(batch);
    if (text.empty() && SteadyClock::now() - last_write >= heartbeat_) text = ":\n\n";
    if (text.empty()) {
      if (batch.next == live_.events().last_number()) co_await news_.events().wait();
      continue;
    }
    alive = co_await connection.write(text);
    last_write = SteadyClock::now();
  }
}

std::string LiveReplies::event_stream_text(const RingBatch& batch) const {
  std::string text;
  if (batch.missed > 0) text += fmt::format("event: gap\ndata: {{\"missed\":{}}}\n\n", batch.missed);
  for (const RingEvent& event : batch.events) {
    text += fmt::format("id: {}\ndata: {}\n\n", live_.events().cursor(event.number), *event.json);
  }
  return text;
}

asio::awaitable<LiveReplies::PictureOutcome> LiveReplies::draw(const std::string& camera) {
  auto [error, outcome] = co_await asio::co_spawn(draw_context_, draw_now(camera), kAwait);
  if (error || !outcome) {
    co_return std::make_unique<base::Result<PicturePtr>>(base::Error(base::Code::internal, "drawing failed"));
  }
  co_return std::move(outcome);
}

asio::awaitable<LiveReplies::PictureOutcome> LiveReplies::draw_now(std::string camera) {
  co_return std::make_unique<base::Result<PicturePtr>>(live_.picture(camera));
}

}  // namespace ocelli::serve::internal
