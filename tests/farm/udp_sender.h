#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "tests/farm/event_loop.h"
#include "tests/farm/rtp.h"

namespace ocelli::farm {

/// The one pair of UDP ports (RTP, RTCP) from which all cameras send. Large pictures leave in portions, as they do from
/// a camera behind a 100 Mbit/s line; at once, a key frame would overrun the receive buffer of any client.
class UdpSender {
 public:
  static base::Result<std::unique_ptr<UdpSender>> create(EventLoop& loop, in_addr address);
  ~UdpSender();
  UdpSender(const UdpSender&) = delete;
  UdpSender& operator=(const UdpSender&) = delete;

  std::uint16_t port() const { return local_port(rtp_); }  ///< Of RTP; RTCP is the next.

  /// False when `receiver` has too many pictures waiting. A receiver is a client's number.
  [[nodiscard]] bool send_picture(std::uint64_t receiver, const sockaddr_in& to, PictureRun run);
  void send_rtp(const sockaddr_in& to, const std::string& bytes);
  void send_rtcp(const sockaddr_in& to, const std::string& bytes);
  void forget(std::uint64_t receiver) { flights_.erase(receiver); }

 private:
  struct Flight {
    sockaddr_in to{};
    std::deque<PictureRun> runs;
    std::size_t sent_of_front = 0;
  };

  UdpSender(EventLoop& loop, Descriptor rtp, Descriptor rtcp);
  void drain_input(const Descriptor& socket);
  void send_portion(Flight& flight);
  void schedule();
  void pump();

  EventLoop& loop_;
  Descriptor rtp_;
  Descriptor rtcp_;
  EventLoop::WatchId rtp_watch_;
  EventLoop::WatchId rtcp_watch_;
  std::unordered_map<std::uint64_t, Flight> flights_;
  bool is_scheduled_ = false;
};

}  // namespace ocelli::farm
