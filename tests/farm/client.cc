#include "tests/farm/client.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace ocelli::farm {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaximumInput = std::size_t{64} << 10U;
// What the kernel keeps for a client that does not read: fixed, or it would grow to megabytes.
constexpr int kSocketBufferBytes = 512 << 10;
constexpr std::uint32_t kReading = EventLoop::kReadable | EventLoop::kPeerLeft;

std::size_t body_bytes(const RtspRequest& request) {
  const std::string text = request.header("content-length");
  std::size_t size = 0;
  std::from_chars(text.data(), text.data() + text.size(), size);
  return std::min(size, kMaximumInput);
}

}  // namespace

Client::Client(const Config& config, std::uint64_t number, Descriptor socket, Camera* camera)
    : config_(config),
      number_(number),
      socket_(std::move(socket)),
      peer_(peer_of(socket_.get())),
      session_(config.session, number, camera),
      queue_(config.queue_bytes),
      watch_(config.loop->watch(socket_.get(), kReading, [this](std::uint32_t events) { on_events(events); })),
      heard_of_(steady_clock::now()) {
  const int yes = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &kSocketBufferBytes, sizeof kSocketBufferBytes);
}

Client::~Client() {
  if (is_open()) close("the program ends");
}

void Client::on_events(std::uint32_t events) {
  if ((events & (EventLoop::kBroken)) != 0) return close("the connection broke");
  if (is_frozen_) return close("the client left");  // only its leaving is watched for
  if ((events & EventLoop::kWritable) != 0) flush();
  if ((events & (EventLoop::kReadable | EventLoop::kPeerLeft)) != 0) read();
}

void Client::read() {
  std::array<char, 8192> buffer{};
  const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size == 0) return close("the client left");
  if (size < 0) {
    if (errno != EAGAIN && errno != EINTR) close("the connection broke");
    return;
  }
  heard_of_ = steady_clock::now();
  input_.append(buffer.data(), static_cast<std::size_t>(size));
  handle_input();
}

void Client::handle_input() {
  while (is_open() && !is_frozen_ && handle_one()) continue;
  if (is_open() && input_.size() > kMaximumInput) reset("its request is too long");
}

bool Client::handle_one() {
  if (input_.starts_with('$')) {  // its receiver reports
    if (input_.size() < kInterleavedHeaderBytes) return false;
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(input_[2]) << 8U) +
                        static_cast<unsigned char>(input_[3]) + kInterleavedHeaderBytes;
    if (input_.size() < length) return false;
    input_.erase(0, length);
    return true;
  }
  constexpr std::string_view kEndOfHead = "\r\n\r\n";
  const auto end = input_.find(kEndOfHead);
  if (end == std::string::npos) return false;
  const std::string head = input_.substr(0, end + 2);
  const auto request = parse_request(head);
  const std::size_t size = end + kEndOfHead.size() + (request ? body_bytes(*request) : 0);
  if (input_.size() < size) return false;
  input_.erase(0, size);
  handle_request(head);
  return true;
}

void Client::handle_request(std::string_view head) {
  const auto request = parse_request(head);
  if (!request) return reset("it does not speak RTSP");
  std::string answer;
  switch (session_.handle(*request, answer)) {
    case Next::answer:
      return send_bytes(std::move(answer));
    case Next::play:
      send_bytes(std::move(answer));
      session_.camera()->attach(*this);
      return config_.owner->on_play(*this);
    case Next::end:
      send_bytes(std::move(answer));
      return close("teardown");
    case Next::reset:
      return reset("the camera is down");
    case Next::freeze:
      return freeze();
    case Next::ignore:
      return;
  }
}

bool Client::send_picture(const PictureRun& run) {
  const Transport& transport = *session_.transport();
  if (transport.kind == Transport::Kind::udp) return config_.udp->send_picture(number_, receiver(transport.rtp), run);
  if (!queue_.push_picture(run, static_cast<std::uint8_t>(transport.rtp))) return false;
  if (!is_blocked_) flush();
  return true;
}

void Client::send_report(const std::string& rtcp) {
  const Transport& transport = *session_.transport();
  if (transport.kind == Transport::Kind::udp) return config_.udp->send_rtcp(receiver(transport.rtcp), rtcp);
  std::array<std::uint8_t, kInterleavedHeaderBytes> header{};
  write_interleaved_header(static_cast<std::uint8_t>(transport.rtcp), rtcp.size(), header.data());
  send_bytes(std::string(header.begin(), header.end()) + rtcp);
}

void Client::send_garbage(const std::string& bytes) {
  const Transport& transport = *session_.transport();
  if (transport.kind == Transport::Kind::udp) return config_.udp->send_rtp(receiver(transport.rtp), bytes);
  send_bytes(bytes);
}

void Client::send_bytes(std::string bytes) {
  queue_.push_bytes(std::move(bytes));
  if (!is_blocked_) flush();
}

void Client::flush() {
  const auto drained = queue_.write_to(socket_.get());
  // A broken connection is left for epoll to tell: this may run while the camera walks through its viewers.
  const bool is_blocked = drained == SendQueue::Drained::blocked;
  if (is_blocked == is_blocked_) return;
  is_blocked_ = is_blocked;
  config_.loop->change(watch_, is_blocked ? kReading | EventLoop::kWritable : kReading);
}

sockaddr_in Client::receiver(std::uint16_t port) const {
  sockaddr_in to = peer_;
  to.sin_port = htons(port);
  return to;
}

void Client::freeze() {
  if (is_frozen_ || !is_open()) return;
  is_frozen_ = true;
  if (session_.is_playing()) session_.camera()->detach(*this);
  config_.loop->change(watch_, EventLoop::kPeerLeft);
}

void Client::end_if_silent(base::SteadyTime now) {
  const auto timeout = std::chrono::seconds(config_.session.timeout_s);
  // Half as long again, as live555 and others allow: clients may ask exactly at the time-out.
  if (is_open() && !is_frozen_ && now - heard_of_ > timeout + timeout / 2) reset("no keepalive came");
}

void Client::reset(std::string_view reason) {
  if (!is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(reason);
}

void Client::close(std::string_view reason) {
  if (session_.is_playing()) session_.camera()->detach(*this);
  config_.udp->forget(number_);
  config_.loop->forget(watch_);
  socket_.close();
  config_.owner->on_close(*this, reason);
}

}  // namespace ocelli::farm
