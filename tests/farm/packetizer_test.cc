#include <random>

#include <gtest/gtest.h>

#include "tests/farm/clip.h"

namespace ocelli::farm {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A NAL unit with this header and a body that holds no start code.
Bytes unit(Bytes header, std::size_t size_bytes) {
  std::mt19937 random(static_cast<unsigned>(size_bytes));
  while (header.size() < size_bytes) header.push_back(static_cast<std::uint8_t>(1 + random() % 255));
  return header;
}

Bytes annex_b(const std::vector<Bytes>& units) {
  Bytes bytes;
  for (const Bytes& each : units) {
    bytes.insert(bytes.end(), {0, 0, 0, 1});
    bytes.insert(bytes.end(), each.begin(), each.end());
  }
  return bytes;
}

Bytes payload(const Clip& clip, std::size_t packet) {
  const auto bytes = clip.payload(clip.packets.at(packet));
  return {bytes.begin(), bytes.end()};
}

Clip packetized(Codec codec, const std::vector<Bytes>& units) {
  Clip clip;
  clip.config.codec = codec;
  add_picture(clip, annex_b(units));
  return clip;
}

TEST(Packetizer, SendsSmallUnitsWhole) {
  const Bytes sps = unit({0x67, 0x64}, 20);
  const Bytes pps = unit({0x68}, 6);
  const Bytes slice = unit({0x65}, 1400);
  const Clip clip = packetized(Codec::h264, {sps, pps, slice});
  ASSERT_EQ(clip.packets.size(), 3U);
  EXPECT_EQ(payload(clip, 0), sps);
  EXPECT_EQ(payload(clip, 2), slice);
  EXPECT_TRUE(clip.pictures.at(0).is_key);
  EXPECT_EQ(clip.parameter_sets.size(), 2U);
}

TEST(Packetizer, H264FragmentsTogetherAreTheUnit) {
  const Bytes slice = unit({0x41}, 5000);
  const Clip clip = packetized(Codec::h264, {slice});
  ASSERT_EQ(clip.packets.size(), 4U);
  Bytes joined = {static_cast<std::uint8_t>((payload(clip, 0)[0] & 0xE0U) | (payload(clip, 0)[1] & 0x1FU))};
  for (std::size_t index = 0; index < 4; ++index) {
    const Bytes fragment = payload(clip, index);
    EXPECT_EQ(fragment[0] & 0x1F, 28) << "FU-A";
    EXPECT_EQ((fragment[1] & 0x80) != 0, index == 0) << "start";
    EXPECT_EQ((fragment[1] & 0x40) != 0, index == 3) << "end";
    EXPECT_LE(fragment.size(), 1400U);
    joined.insert(joined.end(), fragment.begin() + 2, fragment.end());
  }
  EXPECT_EQ(joined, slice);
  EXPECT_FALSE(clip.pictures.at(0).is_key);
}

TEST(Packetizer, H265FragmentsTogetherAreTheUnit) {
  const Bytes slice = unit({0x26, 0x01}, 3000);  // IDR_W_RADL, type 19
  const Clip clip = packetized(Codec::h265, {slice});
  ASSERT_EQ(clip.packets.size(), 3U);
  const auto type = static_cast<unsigned>(payload(clip, 0)[2] & 0x3F);
  Bytes joined = {static_cast<std::uint8_t>((payload(clip, 0)[0] & 0x81U) | (type << 1U)), payload(clip, 0)[1]};
  for (std::size_t index = 0; index < 3; ++index) {
    const Bytes fragment = payload(clip, index);
    EXPECT_EQ((fragment[0] >> 1) & 0x3F, 49) << "FU";
    joined.insert(joined.end(), fragment.begin() + 3, fragment.end());
  }
  EXPECT_EQ(joined, slice);
  EXPECT_TRUE(clip.pictures.at(0).is_key);
}

}  // namespace
}  // namespace ocelli::farm
