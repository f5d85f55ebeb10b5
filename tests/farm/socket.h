#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <utility>

#include "base/result.h"

namespace ocelli::farm {

/// A file descriptor and the duty to close it.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  void close();
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// "<what>: <the system's own words>".
base::Error system_error(base::Code code, const std::string& what);

base::Result<in_addr> parse_address(const std::string& text);
std::string address_text(in_addr address);

/// A bound IPv4 socket that does not block; port 0: any free one. Connections are refused until listen_on().
base::Result<Descriptor> bind_socket(int type, in_addr address, std::uint16_t port);
base::Status listen_on(const Descriptor& socket);
std::uint16_t local_port(const Descriptor& socket);

/// The peer of a connected socket.
sockaddr_in peer_of(int socket);

}  // namespace ocelli::farm
