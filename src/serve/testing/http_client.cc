#include "serve/testing/http_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace ocelli::serve::testing {

HttpClient::HttpClient(int port, int receive_buffer_bytes) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{10, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (receive_buffer_bytes > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A failed connection shows as status 0 of the first answer.
  static_cast<void>(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
}

HttpClient::~HttpClient() {
  close(socket_);
}

bool HttpClient::send(const std::string& bytes) const {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

bool HttpClient::request(const std::string& target, const std::string& method, const std::string& more_fields) const {
  return send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more_fields + "\r\n");
}

bool HttpClient::post(const std::string& target, const std::string& body, const std::string& more_fields) const {
  return request(target, "POST", "Content-Length: " + std::to_string(body.size()) + "\r\n" + more_fields) && send(body);
}

bool HttpClient::receive() {
  std::array<char, 65536> buffer;
  const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string HttpClient::read_until(const std::string& mark) {
  std::size_t end = received_.find(mark);
  while (end == std::string::npos) {
    if (!receive()) return "";
    end = received_.find(mark);
  }
  return read_bytes(end + mark.size());
}

std::string HttpClient::read_bytes(std::size_t count) {
  while (received_.size() < count) {
    if (!receive()) return "";
  }
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

ClientResponse HttpClient::read_head() {
  ClientResponse response;
  const std::string head = read_until("\r\n\r\n");
  if (head.size() < 12) return response;
  response.status = std::atoi(head.c_str() + 9);
  for (std::size_t begin = head.find("\r\n") + 2; begin + 2 < head.size();) {
    const std::size_t end = head.find("\r\n", begin);
    const std::size_t colon = head.find(": ", begin);
    std::string name = head.substr(begin, colon - begin);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    response.fields[name] = head.substr(colon + 2, end - colon - 2);
    begin = end + 2;
  }
  return response;
}

ClientResponse HttpClient::read_response(const std::string& method) {
  ClientResponse response = read_head();
  const auto length = response.fields.find("content-length");
  if (method == "HEAD" || length == response.fields.end()) return response;
  response.body = read_bytes(static_cast<std::size_t>(std::atoll(length->second.c_str())));
  return response;
}

bool HttpClient::wait_for_close() const {
  while (true) {
    std::array<char, 65536> buffer;
    const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
    if (count == 0) return true;
    if (count < 0) return errno == ECONNRESET;
  }
}

ClientResponse fetch(int port, const std::string& target, const std::string& method, const std::string& more_fields) {
  HttpClient client(port);
  client.request(target, method, more_fields);
  return client.read_response(method);
}

}  // namespace ocelli::serve::testing
