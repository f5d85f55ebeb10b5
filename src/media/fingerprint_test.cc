#include "media/fingerprint.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using namespace std::string_literals;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Container of(const std::string& head) {
  return fingerprint(bytes_of(head));
}

/// A transport stream of `count` packets, `size` bytes each, after `before` bytes of the packet ahead.
std::string transport_stream(std::size_t count, std::size_t size, std::size_t before) {
  std::string stream(before, '\x5A');
  for (std::size_t i = 0; i < count; ++i) stream += "\x47\x40\x11\x10"s + std::string(size - 4, '\xFF');
  return stream;
}

struct Written {
  std::string name;
  std::string options;
  Container container;
};

class FingerprintOfFile : public ::testing::TestWithParam<Written> {};

TEST_P(FingerprintOfFile, IsRightFromTheFirst128Bytes) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / GetParam().name;
  ASSERT_TRUE(testing::make_clip(path, 10, GetParam().options));
  const std::string head = testing::read_file(path).substr(0, kFingerprintBytes);
  EXPECT_EQ(container_name(of(head)), container_name(GetParam().container));
}

INSTANTIATE_TEST_SUITE_P(
    Writers, FingerprintOfFile,
    ::testing::Values(
        Written{"a.mp4", "-c:v libx264", Container::mp4},
        Written{"b.mp4", "-c:v libx264 -movflags +faststart", Container::mp4},
        Written{"c.mp4", "-c:v libx264 -movflags frag_keyframe+empty_moov", Container::mp4},
        Written{"a.mov", "-c:v libx264", Container::mp4}, Written{"a.avi", "-c:v mpeg4", Container::avi},
        Written{"a.ts", "-c:v libx264", Container::mpeg_ts},
        Written{"a.m2ts", "-c:v libx264 -f mpegts -mpegts_m2ts_mode 1", Container::mpeg_ts},
        Written{"a.mkv", "-c:v libx264", Container::matroska}, Written{"a.webm", "-c:v libvpx", Container::matroska},
        Written{"a.flv", "-c:v libx264", Container::flv}, Written{"a.264", "-c:v libx264", Container::h264},
        Written{"aud.264", "-c:v libx264 -aud 1", Container::h264},
        Written{"a.265", "-c:v libx265 -x265-params log-level=none -f hevc", Container::h265},
        Written{"a.ivf", "-c:v libvpx", Container::ivf}, Written{"a.wmv", "-c:v wmv2", Container::asf},
        Written{"a.mpg", "-c:v mpeg2video -f mpeg", Container::mpeg_ps},
        Written{"a.ogv", "-c:v libtheora", Container::ogg}, Written{"a.mjpeg", "-c:v mjpeg", Container::jpeg},
        Written{"a.png", "-frames:v 1 -update 1", Container::png}, Written{"a.gif", "", Container::gif},
        Written{"a.multipart", "-c:v mjpeg -f mpjpeg", Container::multipart_jpeg}),
    [](const auto& written) {
      std::string name = written.param.name;
      std::replace(name.begin(), name.end(), '.', '_');
      return name;
    });

TEST(Fingerprint, TakesNothingForNothing) {
  EXPECT_EQ(of(""), Container::unknown);
  EXPECT_EQ(of(std::string(128, '\0')), Container::unknown);
  EXPECT_EQ(of("<!DOCTYPE html><html><head><title>camera</title>"), Container::unknown);
  EXPECT_EQ(of("RIFF\x10\0\0\0WAVEfmt "s), Container::unknown);
  EXPECT_EQ(of("\0\0\0\x04"s + "ftypisom"), Container::unknown) << "a box smaller than its header";
  EXPECT_EQ(of("\0\0\1\xB3"s + "\x14\0\xF0"s), Container::unknown) << "MPEG-2 video is no H.264";
  EXPECT_EQ(of("\0\0\1\0\1\0\x10\x10\0\0"s), Container::unknown) << "a Windows icon";
}

TEST(Fingerprint, KnowsAnMp4ByAnyOfItsFirstBoxes) {
  for (const char* type : {"ftyp", "moov", "mdat", "free", "skip", "wide", "moof", "sidx", "styp"}) {
    EXPECT_EQ(of("\0\0\0\x20"s + type + "isom"), Container::mp4) << type;
  }
  EXPECT_EQ(of("\0\0\0\1mdat\0\0\0\1\0\0\0\0"s), Container::mp4) << "a size of 64 bits";
  EXPECT_EQ(of("\0\0\0\0mdat"s), Container::mp4) << "a box to the end of the file";
}

TEST(Fingerprint, FindsATransportStreamThatBeginsInTheMiddleOfAPacket) {
  for (const std::size_t size : {188U, 192U, 204U}) {
    EXPECT_EQ(of(transport_stream(4, size, 0)), Container::mpeg_ts) << size;
    EXPECT_EQ(of(transport_stream(4, size, 100)), Container::mpeg_ts) << size;
  }
  EXPECT_EQ(of(transport_stream(1, 188, 100)), Container::unknown) << "one packet says nothing";
}

TEST(Fingerprint, TellsH264FromH265ByTheirNalHeaders) {
  EXPECT_EQ(of("\0\0\0\1\x67\x42\0\x1F"s), Container::h264);
  EXPECT_EQ(of("\0\0\1\x65\x88"s), Container::h264) << "no parameter sets, but a key frame";
  EXPECT_EQ(of("\0\0\0\1\x40\x01\x0C"s), Container::h265);
  EXPECT_EQ(of("\0\0\0\1\x46\x01\x10"s), Container::h265) << "an access unit delimiter";
  EXPECT_EQ(of("\0\0\0\1\x26\x01\xAF"s), Container::h265) << "no parameter sets, but a key frame";
}

TEST(Fingerprint, KnowsMultipartWhateverItsBoundary) {
  EXPECT_EQ(of("--myboundary\r\nContent-Type: image/jpeg\r\n"), Container::multipart_jpeg);
  EXPECT_EQ(of("\r\n--b\r\ncontent-length: 12\r\n"), Container::multipart_jpeg);
  EXPECT_EQ(of("-- a comment\nof a script\n"), Container::unknown);
}

TEST(Mp4Layout, TellsWhereTheIndexIs) {
  const testing::TemporaryFolder folder;
  const auto layout = [&](const std::string& options) {
    const std::string path = folder / "a.mp4";
    EXPECT_TRUE(testing::make_clip(path, 5, "-c:v libx264 " + options));
    return mp4_layout(bytes_of(testing::read_file(path).substr(0, kFingerprintBytes)));
  };
  EXPECT_EQ(layout(""), Mp4Layout::index_last);
  EXPECT_EQ(layout("-movflags +faststart"), Mp4Layout::index_first);
  EXPECT_EQ(mp4_layout(bytes_of("\0\0\0\x0CstypmsdhXXXXXXXX"s)), Mp4Layout::fragmented);
  EXPECT_EQ(mp4_layout(bytes_of("no boxes")), Mp4Layout::unknown);
  EXPECT_EQ(mp4_layout(bytes_of("OggSmoof\0\1"s)), Mp4Layout::unknown) << "found by fuzzing";
}

TEST(SdpVideoProfile, TellsPlainFromEncrypted) {
  const std::string start = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=audio 0 RTP/AVP 0\r\n";
  EXPECT_EQ(of(start), Container::sdp);
  EXPECT_EQ(sdp_video_profile(start), RtpProfile::none);
  EXPECT_EQ(sdp_video_profile(start + "m=video 0 RTP/AVP 96\r\n"), RtpProfile::avp);
  EXPECT_EQ(sdp_video_profile(start + "m=video 0 RTP/SAVP 96\r\n"), RtpProfile::savp);
  EXPECT_EQ(sdp_video_profile(start + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"), RtpProfile::savp);
  EXPECT_EQ(sdp_video_profile(start + "m=video 9 udp"), RtpProfile::other);
  EXPECT_EQ(sdp_video_profile(start + "m=video "), RtpProfile::other);
  EXPECT_EQ(sdp_video_profile("m=video 0 RTP/AVP 96\r\n"), RtpProfile::none);
}

RC_GTEST_PROP(Fingerprint, ReadsNothingBeyondItsBytes, (std::vector<std::uint8_t> bytes)) {
  // Under the address sanitizer, an exact copy on the heap shows any step beyond.
  const std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), copy.get());
  const std::span<const std::uint8_t> head(copy.get(), bytes.size());
  RC_ASSERT(!container_name(fingerprint(head)).empty());
  static_cast<void>(mp4_layout(head));
}

}  // namespace
}  // namespace ocelli::media
