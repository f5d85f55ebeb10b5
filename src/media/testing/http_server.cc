#include "media/testing/http_server.h"

#include <array>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

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

HttpServer::HttpServer(Answer answer)
    : answer_(std::move(answer)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

HttpServer::~HttpServer() {
  thread_.request_stop();
  listener_.shut_down();
  thread_.join();
}

void HttpServer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const int client = listener_.accept();
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
