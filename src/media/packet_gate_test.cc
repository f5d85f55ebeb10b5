#include "media/packet_gate.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C" {
#include <libavcodec/packet.h>
}

namespace ocelli::media {
namespace {

using std::chrono::milliseconds;

/// One picture of an H.264 stream in Annex B: 'K' key, 'P' reference, 'b' non-reference.
Packet picture(char kind, int number, milliseconds interval) {
  std::unique_ptr<AVPacket, Packet::Deleter> packet(av_packet_alloc());
  EXPECT_EQ(av_new_packet(packet.get(), 5), 0);
  const std::uint8_t header = kind == 'K' ? 0x65 : kind == 'P' ? 0x41 : 0x01;
  const std::uint8_t bytes[5] = {0, 0, 1, header, 0x88};
  std::memcpy(packet->data, bytes, sizeof bytes);
  return Packet(std::move(packet), MediaTime(interval * number), kind == 'K', {});
}

/// What of `pictures` passes; a digit in between sets the demand to demands[digit].
std::string passed(PacketGate& gate, const std::string& pictures, const std::vector<DecodeDemand>& demands = {},
                   milliseconds interval = milliseconds(40)) {
  std::string result;
  int number = 0;
  for (const char kind : pictures) {
    if (kind >= '0' && kind <= '9') {
      gate.set_demand(demands[static_cast<std::size_t>(kind - '0')]);
      continue;
    }
    result += gate.admit(picture(kind, number++, interval)) != GateVerdict::leave_out ? kind : '.';
  }
  return result;
}

std::string passed(const DecodeDemand& demand, const std::string& pictures, milliseconds interval = milliseconds(40)) {
  PacketGate gate(demand);
  gate.begin(NalFormat{});
  return passed(gate, pictures, {}, interval);
}

TEST(PacketGate, PassesEverythingByDefault) {
  EXPECT_EQ(passed({}, "KPbPbKPb"), "KPbPbKPb");
}

TEST(PacketGate, LeavesOutWhatNoOtherPictureNeeds) {
  EXPECT_EQ(passed({.level = DecodeLevel::referenced}, "KPbbPbKbP"), "KP..P.K.P");
}

TEST(PacketGate, PassesKeyFramesAndWhatFollowsThem) {
  EXPECT_EQ(passed({.level = DecodeLevel::key}, "KPbPKPb"), "K...K..");
  EXPECT_EQ(passed({.level = DecodeLevel::key, .after_key = 2}, "KPPPPKPPP"), "KPP..KPP.");
}

TEST(PacketGate, TellsWhenTheDecoderNeedNotWaitForMore) {
  PacketGate gate({.level = DecodeLevel::key, .after_key = 1});
  gate.begin(NalFormat{});
  EXPECT_EQ(gate.admit(picture('K', 0, milliseconds(40))), GateVerdict::pass);
  EXPECT_EQ(gate.admit(picture('P', 1, milliseconds(40))), GateVerdict::pass_last);
  EXPECT_EQ(gate.admit(picture('P', 2, milliseconds(40))), GateVerdict::leave_out);
}

TEST(PacketGate, ReducesAtOnceAndIncreasesWithTheNextKeyFrame) {
  PacketGate gate({.level = DecodeLevel::every});
  gate.begin(NalFormat{});
  const std::vector<DecodeDemand> demands{{.level = DecodeLevel::key}, {.level = DecodeLevel::every}};
  EXPECT_EQ(passed(gate, "KPbP0PbKP1PbKPb", demands), "KPbP..K...KPb");
  EXPECT_EQ(gate.left_out(), 5U);
}

TEST(PacketGate, ChoosesTheLeastThatGivesTheWantedRate) {
  std::string groups;
  for (int i = 0; i < 4; ++i) groups += "KbPbPbPbPb";  // 25 fps: a key frame every .4 s, a reference every .08 s
  const auto level = [&](double frames_per_second) {
    PacketGate gate({.frames_per_second = frames_per_second});
    gate.begin(NalFormat{});
    passed(gate, groups);
    return gate.level();
  };
  EXPECT_EQ(level(0), DecodeLevel::every);
  EXPECT_EQ(level(1), DecodeLevel::key);
  EXPECT_EQ(level(2.5), DecodeLevel::key);
  EXPECT_EQ(level(2), DecodeLevel::referenced) << "2 of 2.5 key frames a second would limp";
  EXPECT_EQ(level(6), DecodeLevel::referenced);
  EXPECT_EQ(level(12.5), DecodeLevel::referenced);
  EXPECT_EQ(level(20), DecodeLevel::every);
}

TEST(PacketGate, DoesNotGuessWhereBytesTellNothing) {
  PacketGate gate({.level = DecodeLevel::referenced});
  gate.begin(std::nullopt);
  EXPECT_EQ(passed(gate, "KPbPb"), "KPbPb");
}

}  // namespace
}  // namespace ocelli::media
