#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"
#include "base/metrics.h"
#include "serve/http_message.h"
#include "serve/http_server.h"
#include "serve/internal/connection.h"
#include "serve/internal/coroutine.h"
#include "serve/internal/live_news.h"
#include "serve/internal/live_replies.h"
#include "serve/internal/request_reader.h"
#include "serve/readiness.h"
#include "serve/routes.h"

namespace ocelli::serve::internal {

/// Accepts connections, a bounded number, and answers what they ask: everything of the server that lives on the I/O
/// thread. Co-owned by the HttpServer and by the coroutines in progress.
class Connections : public std::enable_shared_from_this<Connections> {
 public:
  /// `draw_context` outlives it, as do the services.
  Connections(const HttpServerConfig& config, const HttpServerServices& services,
              const std::shared_ptr<boost::asio::io_context>& context, boost::asio::io_context& draw_context,
              boost::asio::ip::tcp::acceptor acceptor);

  /// Any thread.
  Readiness& readiness() { return readiness_; }

  /// Before the I/O thread runs.
  void start();
  /// On the I/O thread. Every coroutine then ends by itself: its socket is closed, its signal is given.
  void stop();

 private:
  class Registered;

  void spawn(boost::asio::awaitable<void> coroutine);
  void report(const std::exception_ptr& error);
  boost::asio::awaitable<void> tick();

  boost::asio::awaitable<void> accept_connections();
  boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket);
  boost::asio::awaitable<void> refuse_connection(boost::asio::ip::tcp::socket socket);
  void count_connections() { open_connections_.set(static_cast<double>(connections_.size())); }

  /// False when the connection is done.
  boost::asio::awaitable<bool> serve_request(Connection& connection, RequestReader& reader);
  HttpReply route(HttpRequest request) const;
  /// False when the connection is done.
  boost::asio::awaitable<bool> reply(Connection& connection, HttpMethod method, HttpReply reply, bool keep_alive);
  boost::asio::awaitable<HttpResponse> job_response(JobReply job);
  /// Brings the job's answer to this thread.
  std::optional<HttpResponse> start_job(const JobReply& job,
                                        const std::shared_ptr<std::optional<HttpResponse>>& outcome);
  HttpResponse failed(const std::string& what, const std::exception& exception) const;
  void count_answer(int status);

  const HttpServerConfig config_;
  base::Metrics& metrics_;
  LiveView& live_;
  const base::Logger logger_;
  Readiness readiness_;
  const Router router_;
  const std::shared_ptr<boost::asio::io_context> context_;  // co-owned with jobs under way, which post to it
  const std::shared_ptr<LiveNews> news_;                    // co-owned with the view
  LiveReplies live_replies_;
  base::Gauge open_connections_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer tick_;
  Signal changes_;  // a job is done, or a tick has passed
  BodyBudget bodies_;
  std::set<Connection*> connections_;
  bool stopping_ = false;
};

}  // namespace ocelli::serve::internal
