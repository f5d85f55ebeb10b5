#include "tests/farm/socket.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace ocelli::farm {

using base::Code;
using base::Error;
using base::Result;
using base::Status;

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Error system_error(Code code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(errno)};
}

Result<in_addr> parse_address(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return Error(Code::invalid, "'" + text + "' is not an IPv4 address");
  }
  return address;
}

std::string address_text(in_addr address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, &address, text.data(), text.size());
}

Result<Descriptor> bind_socket(int type, in_addr address, std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return system_error(Code::exhausted, "socket");
  const int yes = 1;
  // A restarted camera comes back on its port although its old connections are not forgotten yet.
  if (type == SOCK_STREAM) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr = address;
  name.sin_port = htons(port);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return system_error(Code::unavailable, "port " + std::to_string(port) + " of " + address_text(address));
  }
  return socket;
}

Status listen_on(const Descriptor& socket) {
  if (listen(socket.get(), SOMAXCONN) != 0) return system_error(Code::unavailable, "listen");
  return {};
}

std::uint16_t local_port(const Descriptor& socket) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin_port);
}

sockaddr_in peer_of(int socket) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  getpeername(socket, reinterpret_cast<sockaddr*>(&name), &size);
  return name;
}

}  // namespace ocelli::farm
