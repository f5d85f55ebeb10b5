#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "media/testing/loopback_listener.h"

namespace ocelli::media::testing {

/// A small HTTP server on a free port of this machine. Answers one connection after the other, each by `answer`, which
/// gets the request's head and a function that sends bytes: it is false once the client is gone.
class HttpServer {
 public:
  using Send = std::function<bool(const std::string&)>;
  using Answer = std::function<void(const std::string& request, const Send& send)>;

  explicit HttpServer(Answer answer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string authority() const { return listener_.authority(); }

 private:
  void run(const std::stop_token& stop);

  const Answer answer_;
  const LoopbackListener listener_;
  std::jthread thread_;
};

}  // namespace ocelli::media::testing
