#pragma once

#include <functional>
#include <string>
#include <thread>

namespace ocelli::infer {

/// An HTTP server on a free port of this machine, for tests: each connection brings one request, gets the bytes that
/// `answer` makes of it, and is closed. `answer` runs on the server's own thread.
class HttpServer {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  explicit HttpServer(Answer answer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "http://127.0.0.1:PORT" + path.
  std::string url(const std::string& path) const;

 private:
  void serve();

  const Answer answer_;
  int listener_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace ocelli::infer
