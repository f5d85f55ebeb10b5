#include "media/testing/loopback_listener.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace ocelli::media::testing {

LoopbackListener::LoopbackListener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  OC_CHECK(socket_ >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  OC_CHECK(bind(socket_, generic, length) == 0);
  OC_CHECK(listen(socket_, 16) == 0);
  OC_CHECK(getsockname(socket_, generic, &length) == 0);
  port_ = ntohs(address.sin_port);
}

LoopbackListener::~LoopbackListener() {
  close(socket_);
}

int LoopbackListener::accept() const {
  return accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
}

void LoopbackListener::shut_down() const {
  shutdown(socket_, SHUT_RDWR);
}

}  // namespace ocelli::media::testing
