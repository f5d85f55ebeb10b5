#include "tests/farm/send_queue.h"

#include <array>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/farm/socket.h"

namespace ocelli::farm {
namespace {

constexpr std::size_t kPackets = 300;  // more than one system call takes
constexpr std::size_t kPayloadBytes = 1000;

Clip clip_of_one_picture() {
  Clip clip;
  for (std::size_t packet = 0; packet < kPackets; ++packet) {
    clip.packets.push_back({static_cast<std::uint32_t>(clip.bytes.size()), kPayloadBytes});
    clip.bytes.insert(clip.bytes.end(), kPayloadBytes, static_cast<std::uint8_t>(packet));
  }
  clip.pictures.push_back({.first_packet = 0, .packet_count = kPackets, .size_bytes = kPackets * kPayloadBytes});
  return clip;
}

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    near = Descriptor(ends[0]);
    far = Descriptor(ends[1]);
  }
  Descriptor near;
  Descriptor far;
};

/// Reads little by little, so that the queue is cut at every kind of place.
std::string read_all(SendQueue& queue, const Pair& pair) {
  std::string bytes;
  std::array<char, 777> buffer{};
  while (true) {
    const auto drained = queue.write_to(pair.near.get());
    const ssize_t size = read(pair.far.get(), buffer.data(), buffer.size());
    if (size > 0) bytes.append(buffer.data(), static_cast<std::size_t>(size));
    if (size <= 0 && drained == SendQueue::Drained::empty) return bytes;
  }
}

std::string expected_bytes(const PictureRun& run, std::uint8_t channel) {
  std::string bytes;
  for (std::size_t position = 0; position < run.packet_count(); ++position) {
    std::array<std::uint8_t, kInterleavedHeaderBytes + kRtpHeaderBytes> header{};
    write_interleaved_header(channel, kRtpHeaderBytes + kPayloadBytes, header.data());
    run.write_header(position, header.data() + kInterleavedHeaderBytes);
    bytes.append(header.begin(), header.end());
    const auto payload = run.payload_at(position);
    bytes.append(payload.begin(), payload.end());
  }
  return bytes;
}

TEST(SendQueue, WritesEverythingInOrderToASlowReader) {
  const Clip clip = clip_of_one_picture();
  const PictureRun whole{.clip = &clip, .picture = clip.pictures[0], .first_sequence = 65'500, .order = {}};
  const PictureRun altered{.clip = &clip, .picture = clip.pictures[0], .is_altered = true, .order = {7, 5, 299}};
  SendQueue queue(std::size_t{1} << 20U);
  queue.push_bytes("before");
  ASSERT_TRUE(queue.push_picture(whole, 2));
  queue.push_bytes("between");
  ASSERT_TRUE(queue.push_picture(altered, 4));
  const Pair pair;
  EXPECT_TRUE(read_all(queue, pair) == "before" + expected_bytes(whole, 2) + "between" + expected_bytes(altered, 4));
  EXPECT_TRUE(queue.is_empty());
}

TEST(SendQueue, RefusesPicturesBeyondItsBoundAndTakesThemAgainLater) {
  const Clip clip = clip_of_one_picture();
  const PictureRun run{.clip = &clip, .picture = clip.pictures[0], .order = {}};
  SendQueue queue(2 * kPackets * (kPayloadBytes + 100));
  EXPECT_TRUE(queue.push_picture(run, 0));
  EXPECT_TRUE(queue.push_picture(run, 0));
  EXPECT_FALSE(queue.push_picture(run, 0));
  const Pair pair;
  EXPECT_EQ(read_all(queue, pair).size(), 2 * expected_bytes(run, 0).size());
  EXPECT_TRUE(queue.push_picture(run, 0));
}

TEST(SendQueue, TellsThatTheConnectionBroke) {
  SendQueue queue(1000);
  Pair pair;
  pair.far.close();
  queue.push_bytes("hello");
  EXPECT_EQ(queue.write_to(pair.near.get()), SendQueue::Drained::broken);
}

}  // namespace
}  // namespace ocelli::farm
