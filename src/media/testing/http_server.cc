#include "media/testing/http_server.h"

#include <arpa/inet.h>
#include <array>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace ocelli::media::testing {
namespace {

std::string read_head(int client) {
  std::string head;
  std::array<char, 1024> part{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = recv(client, part.data(), part.size(), 0);
    if (count <= 0) break;
    head.append(part.data(), static_cast<std::size_t>(count));
  }
  return head;
}

bool send_all(int client, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(client, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

HttpServer::HttpServer(Answer answer) : answer_(std::move(answer)), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(listen(socket_, 4), 0);
  getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

HttpServer::~HttpServer() {
  thread_.request_stop();
  shutdown(socket_, SHUT_RDWR);
  thread_.join();
  close(socket_);
}

void HttpServer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const int client = accept(socket_, nullptr, nullptr);
    if (client < 0) return;
    // A client that never speaks may not hold up the end of the test.
    const timeval patience{5, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    answer_(read_head(client),
            [&](const std::string& bytes) { return !stop.stop_requested() && send_all(client, bytes); });
    close(client);
  }
}

}  // namespace ocelli::media::testing
