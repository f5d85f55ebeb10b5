#include "tests/farm/udp_sender.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sys/socket.h>

namespace ocelli::farm {
namespace {

using base::Code;
using base::Error;
using base::Result;
using std::chrono::steady_clock;

// 24 packets of 1400 bytes in 2 ms: 134 Mbit/s, and well below the 92 packets that Linux' default receive buffer holds.
constexpr std::size_t kPortionPackets = 24;
constexpr auto kPortionPeriod = std::chrono::milliseconds(2);
constexpr std::size_t kMaximumRuns = 8;

}  // namespace

Result<std::unique_ptr<UdpSender>> UdpSender::create(EventLoop& loop, in_addr address) {
  // RFC 3550, 11: RTP on an even port, RTCP on the next; the system gives any, so a few tries may be needed.
  for (int attempt = 0; attempt < 100; ++attempt) {
    OC_TRY(auto rtp, bind_socket(SOCK_DGRAM, address, 0));
    const std::uint16_t port = local_port(rtp);
    if (port % 2 != 0) continue;
    auto rtcp = bind_socket(SOCK_DGRAM, address, static_cast<std::uint16_t>(port + 1));
    if (rtcp) return std::unique_ptr<UdpSender>(new UdpSender(loop, std::move(rtp), std::move(*rtcp)));
  }
  return Error(Code::exhausted, "no two neighbouring UDP ports are free");
}

UdpSender::UdpSender(EventLoop& loop, Descriptor rtp, Descriptor rtcp)
    : loop_(loop),
      rtp_(std::move(rtp)),
      rtcp_(std::move(rtcp)),
      rtp_watch_(loop.watch(rtp_.get(), EventLoop::kReadable, [this](std::uint32_t) { drain_input(rtp_); })),
      rtcp_watch_(loop.watch(rtcp_.get(), EventLoop::kReadable, [this](std::uint32_t) { drain_input(rtcp_); })) {}

UdpSender::~UdpSender() {
  loop_.forget(rtp_watch_);
  loop_.forget(rtcp_watch_);
}

/// Hole punching and receiver reports tell nothing that is needed here.
void UdpSender::drain_input(const Descriptor& socket) {
  std::array<char, 2048> ignored{};
  while (recv(socket.get(), ignored.data(), ignored.size(), MSG_DONTWAIT) >= 0) continue;
}

bool UdpSender::send_picture(std::uint64_t receiver, const sockaddr_in& to, PictureRun run) {
  Flight& flight = flights_[receiver];
  flight.to = to;
  if (flight.runs.size() >= kMaximumRuns) return false;
  flight.runs.push_back(std::move(run));
  if (flight.runs.size() == 1) send_portion(flight);
  if (!flight.runs.empty()) schedule();
  return true;
}

void UdpSender::send_portion(Flight& flight) {
  const PictureRun& run = flight.runs.front();
  std::array<std::array<std::uint8_t, kRtpHeaderBytes>, kPortionPackets> headers{};
  std::array<std::array<iovec, 2>, kPortionPackets> pieces{};
  std::array<mmsghdr, kPortionPackets> messages{};
  const std::size_t count = std::min(kPortionPackets, run.packet_count() - flight.sent_of_front);
  for (std::size_t index = 0; index < count; ++index) {
    const std::size_t position = flight.sent_of_front + index;
    const auto payload = run.payload_at(position);
    run.write_header(position, headers.at(index).data());
    // sendmmsg() reads only; iovec has no const.
    pieces.at(index) = {iovec{headers.at(index).data(), kRtpHeaderBytes},
                        iovec{const_cast<std::uint8_t*>(payload.data()), payload.size()}};
    auto& header = messages.at(index).msg_hdr;
    header.msg_name = &flight.to;
    header.msg_namelen = sizeof flight.to;
    header.msg_iov = pieces.at(index).data();
    header.msg_iovlen = pieces.at(index).size();
  }
  // What the system does not take is lost, as on any network.
  for (std::size_t begin = 0; begin < count;) {
    const int sent = sendmmsg(rtp_.get(), messages.data() + begin, static_cast<unsigned>(count - begin), MSG_DONTWAIT);
    begin += sent > 0 ? static_cast<std::size_t>(sent) : 1;  // an error belongs to the first message
  }
  flight.sent_of_front += count;
  if (flight.sent_of_front < run.packet_count()) return;
  flight.runs.pop_front();
  flight.sent_of_front = 0;
}

void UdpSender::schedule() {
  if (is_scheduled_) return;
  is_scheduled_ = true;
  loop_.at(steady_clock::now() + kPortionPeriod, [this] { pump(); });
}

void UdpSender::pump() {
  is_scheduled_ = false;
  bool has_more = false;
  for (auto& [receiver, flight] : flights_) {
    if (!flight.runs.empty()) send_portion(flight);
    has_more |= !flight.runs.empty();
  }
  if (has_more) schedule();
}

void UdpSender::send_rtp(const sockaddr_in& to, const std::string& bytes) {
  sendto(rtp_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

void UdpSender::send_rtcp(const sockaddr_in& to, const std::string& bytes) {
  sendto(rtcp_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

}  // namespace ocelli::farm
