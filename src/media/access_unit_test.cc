#include "media/access_unit.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::media {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr NalFormat kH264{NalFormat::Codec::h264, 0};
constexpr NalFormat kH265{NalFormat::Codec::h265, 0};

TEST(PictureRole, OfH264GoesByNalRefIdc) {
  const auto key = picture_role(Bytes{0, 0, 0, 1, 0x09, 0xF0, 0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x65, 0x88}, kH264);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->is_idr);
  EXPECT_TRUE(key->is_reference);
  EXPECT_TRUE(picture_role(Bytes{0, 0, 1, 0x41, 0x9A}, kH264)->is_reference);
  EXPECT_FALSE(picture_role(Bytes{0, 0, 1, 0x01, 0x9E}, kH264)->is_reference);
}

TEST(PictureRole, OfH264WithLengths) {
  const NalFormat format{NalFormat::Codec::h264, 4};
  EXPECT_FALSE(picture_role(Bytes{0, 0, 0, 2, 0x06, 5, 0, 0, 0, 2, 0x01, 0x9E}, format)->is_reference);
  EXPECT_FALSE(picture_role(Bytes{0, 0, 0, 9, 0x01, 0x9E}, format)) << "the length points outside";
}

TEST(PictureRole, OfH265GoesByTypeAndTemporalLayer) {
  EXPECT_TRUE(picture_role(Bytes{0, 0, 1, 19 << 1, 1, 0xAF}, kH265)->is_idr);
  EXPECT_FALSE(picture_role(Bytes{0, 0, 1, 21 << 1, 1, 0xAF}, kH265)->is_idr) << "pictures behind it look back over it";
  EXPECT_TRUE(picture_role(Bytes{0, 0, 1, 1 << 1, 1, 0xD0}, kH265)->is_reference);
  const auto top = picture_role(Bytes{0, 0, 1, 0 << 1, 3, 0xD0}, kH265);
  EXPECT_FALSE(top->is_reference);
  EXPECT_EQ(top->temporal_layer, 2);
}

TEST(PictureRole, IsUnknownWithoutASlice) {
  EXPECT_FALSE(picture_role(Bytes{}, kH264));
  EXPECT_FALSE(picture_role(Bytes{0, 0, 1}, kH264));
  EXPECT_FALSE(picture_role(Bytes{0, 0, 1, 0x67, 1, 2, 3}, kH264));
}

RC_GTEST_PROP(PictureRole, ReadsNothingOutsideTheBytes, (const Bytes& bytes)) {
  for (const auto codec : {NalFormat::Codec::h264, NalFormat::Codec::h265}) {
    for (int length = 0; length <= 4; ++length) (void)picture_role(Bytes(bytes), {codec, length});
  }
}

TEST(NalFormat, IsReadFromExtradata) {
  EXPECT_EQ(nal_format("h264", Bytes{1, 100, 0, 31, 0xFF, 0xE1})->length_bytes, 4);
  EXPECT_EQ(nal_format("h264", Bytes{0, 0, 0, 1, 0x67})->length_bytes, 0);
  Bytes hvcc(23, 0);
  hvcc[0] = 1;
  hvcc[21] = 0xFC | 3;
  EXPECT_EQ(nal_format("hevc", hvcc)->length_bytes, 4);
  EXPECT_FALSE(nal_format("mpeg4", {}));
}

}  // namespace
}  // namespace ocelli::media
