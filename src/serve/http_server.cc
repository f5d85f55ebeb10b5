#include "serve/http_server.h"

#include <pthread.h>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "serve/internal/connections.h"
#include "serve/internal/listen.h"

namespace ocelli::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

void name_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
}

class HttpServerThreads final : public HttpServer {
 public:
  HttpServerThreads(const HttpServerConfig& config, const HttpServerServices& services, tcp::acceptor acceptor,
                    std::shared_ptr<asio::io_context> context)
      : live_(services.live),
        context_(std::move(context)),
        draw_work_(draw_context_.get_executor()),
        endpoint_(acceptor.local_endpoint()),
        connections_(
            std::make_shared<internal::Connections>(config, services, context_, draw_context_, std::move(acceptor))) {
    connections_->start();
    io_thread_ = std::jthread([this] {
      name_thread("serve-io");
      context_->run();
    });
    draw_thread_ = std::jthread([this] {
      name_thread("serve-draw");
      draw_context_.run();
    });
  }
  ~HttpServerThreads() override { stop(); }

  int port() const override { return endpoint_.port(); }
  std::string address() const override {
    const bool bracketed = endpoint_.address().is_v6();
    const std::string host = endpoint_.address().to_string();
    return fmt::format("http://{}:{}/", bracketed ? "[" + host + "]" : host, endpoint_.port());
  }
  void set_ready() override { connections_->readiness().set_ready(); }
  void set_not_ready(std::string reason) override { connections_->readiness().set_not_ready(std::move(reason)); }
  void set_degraded(const std::string& what, const std::optional<std::string>& reason) override {
    connections_->readiness().set_degraded(what, reason);
  }

  void stop() override {
    if (!io_thread_.joinable()) return;
    live_.set_listener(nullptr);
    asio::post(*context_, [connections = connections_] { connections->stop(); });
    io_thread_.join();
    draw_work_.reset();
    draw_thread_.join();
  }

 private:
  LiveView& live_;
  const std::shared_ptr<asio::io_context> context_;  // co-owned with the view, which may post after the end
  asio::io_context draw_context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> draw_work_;
  const tcp::endpoint endpoint_;
  const std::shared_ptr<internal::Connections> connections_;
  std::jthread io_thread_;
  std::jthread draw_thread_;
};

}  // namespace

base::Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerConfig& config,
                                                            const HttpServerServices& services) {
  try {
    OC_TRY(const auto endpoint, internal::parse_endpoint(config));
    auto context = std::make_shared<asio::io_context>(1);
    OC_TRY(auto acceptor, internal::listen_on(*context, endpoint));
    if (!endpoint.address().is_loopback()) {
      if (services.access == nullptr || !services.access->needs_log_in()) {
        return base::Error(base::Code::invalid,
                           "there is no token, so nothing but a loopback address can be listened "
                           "on: `ocelli tokens add NAME --role admin` makes one");
      }
      services.logger.warn(
          "tokens and pictures travel unencrypted: use a private network, or a proxy with TLS in front",
          {{"bind", config.bind}});
    }
    return std::make_unique<HttpServerThreads>(config, services, std::move(acceptor), std::move(context));
  } catch (const std::exception& exception) {
    return base::Error(base::Code::internal, fmt::format("the HTTP server cannot start: {}", exception.what()));
  }
}

}  // namespace ocelli::serve
