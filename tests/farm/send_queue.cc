#include "tests/farm/send_queue.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace ocelli::farm {
namespace {

constexpr std::size_t kHeaderBytes = kInterleavedHeaderBytes + kRtpHeaderBytes;
constexpr std::size_t kBatchPackets = 128;

}  // namespace

/// Pieces of one system call: up to two a packet, its headers and its shared payload.
struct SendQueue::Batch {
  std::array<iovec, 2 * kBatchPackets> pieces;
  std::array<std::array<std::uint8_t, kHeaderBytes>, kBatchPackets> headers;
  std::size_t piece_count = 0;
  std::size_t header_count = 0;
  std::size_t size_bytes = 0;

  bool is_full() const { return piece_count + 2 > pieces.size() || header_count == headers.size(); }

  /// Adds bytes of which the first `skip_bytes` are sent already; returns how many of the skip are left.
  std::size_t add(const void* data, std::size_t size, std::size_t skip_bytes) {
    if (skip_bytes >= size) return skip_bytes - size;
    // sendmsg() reads only; iovec has no const.
    auto* const begin = const_cast<char*>(static_cast<const char*>(data)) + skip_bytes;
    pieces.at(piece_count++) = {begin, size - skip_bytes};
    size_bytes += size - skip_bytes;
    return 0;
  }
};

void SendQueue::push_bytes(std::string bytes) {
  const std::size_t size = bytes.size();
  push({.bytes = std::move(bytes), .run = {}, .channel = 0, .size_bytes = size});
}

bool SendQueue::push_picture(PictureRun run, std::uint8_t channel) {
  std::size_t size = 0;
  for (std::size_t position = 0; position < run.packet_count(); ++position) {
    size += kHeaderBytes + run.payload_at(position).size();
  }
  if (size == 0) return true;  // every packet of it is lost
  if (queued_bytes_ + size > limit_bytes_ && !items_.empty()) return false;
  push({.bytes = {}, .run = std::move(run), .channel = channel, .size_bytes = size});
  return true;
}

void SendQueue::push(Item item) {
  queued_bytes_ += item.size_bytes;
  items_.push_back(std::move(item));
}

SendQueue::Drained SendQueue::write_to(int socket) {
  while (!items_.empty()) {
    Batch batch;  // NOLINT(cppcoreguidelines-pro-type-member-init): 6 KiB that would be cleared for nothing
    std::size_t skip_bytes = sent_of_front_bytes_;
    for (auto item = items_.begin(); item != items_.end() && !batch.is_full(); ++item, skip_bytes = 0) {
      gather(*item, skip_bytes, batch);
    }
    msghdr message{};
    message.msg_iov = batch.pieces.data();
    message.msg_iovlen = batch.piece_count;
    const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN || errno == EINTR ? Drained::blocked : Drained::broken;
    consume(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < batch.size_bytes) return Drained::blocked;
  }
  return Drained::empty;
}

void SendQueue::gather(const Item& item, std::size_t skip_bytes, Batch& batch) {
  if (!item.bytes.empty()) {
    batch.add(item.bytes.data(), item.bytes.size(), skip_bytes);
    return;
  }
  for (std::size_t position = 0; position < item.run.packet_count() && !batch.is_full(); ++position) {
    const auto payload = item.run.payload_at(position);
    if (skip_bytes >= kHeaderBytes + payload.size()) {
      skip_bytes -= kHeaderBytes + payload.size();
      continue;
    }
    auto& header = batch.headers.at(batch.header_count++);
    write_interleaved_header(item.channel, kRtpHeaderBytes + payload.size(), header.data());
    item.run.write_header(position, header.data() + kInterleavedHeaderBytes);
    skip_bytes = batch.add(header.data(), header.size(), skip_bytes);
    skip_bytes = batch.add(payload.data(), payload.size(), skip_bytes);
  }
}

void SendQueue::consume(std::size_t size_bytes) {
  queued_bytes_ -= size_bytes;
  sent_of_front_bytes_ += size_bytes;
  while (!items_.empty() && sent_of_front_bytes_ >= items_.front().size_bytes) {
    sent_of_front_bytes_ -= items_.front().size_bytes;
    items_.pop_front();
  }
}

}  // namespace ocelli::farm
