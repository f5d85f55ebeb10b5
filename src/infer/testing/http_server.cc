#include "infer/testing/http_server.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/check.h"

namespace ocelli::infer {

HttpServer::HttpServer(Answer answer) : answer_(std::move(answer)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  OC_CHECK(listener_ >= 0);
  OC_CHECK(::bind(listener_, generic, length) == 0);
  OC_CHECK(::listen(listener_, 16) == 0);
  OC_CHECK(::getsockname(listener_, generic, &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

HttpServer::~HttpServer() {
  ::shutdown(listener_, SHUT_RDWR);  // ends accept()
  thread_.join();
  ::close(listener_);
}

std::string HttpServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void HttpServer::serve() {
  for (int peer = 0; (peer = ::accept(listener_, nullptr, nullptr)) >= 0;) {
    std::string request;
    std::array<char, 4096> buffer;
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::read(peer, buffer.data(), buffer.size());
      if (count <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(count));
    }
    const std::string reply = answer_(request);
    for (std::size_t sent = 0; sent < reply.size();) {
      const ssize_t count = ::send(peer, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    ::close(peer);
  }
}

}  // namespace ocelli::infer
