#include "media/testing/pictures.h"

#include <gtest/gtest.h>

#include "media/decoder.h"

namespace ocelli::media::testing {
namespace {

/// FNV-1a.
std::uint64_t hash_of(const Frame& frame) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (int plane = 0; plane < plane_count(frame.info().format); ++plane) {
    const auto size = plane_size(frame.info().format, plane, frame.width(), frame.height());
    for (int row = 0; row < size.height; ++row) {
      const std::uint8_t* samples = frame.plane(plane).data + row * frame.plane(plane).stride_bytes;
      for (int column = 0; column < size.width; ++column) hash = (hash ^ samples[column]) * 1'099'511'628'211U;
    }
  }
  return hash;
}

}  // namespace

std::vector<Picture> decode_pictures(const std::string& path) {
  std::vector<Picture> pictures;
  base::SystemClock clock;
  FramePool pool(32);
  const auto source = Source::open(SourceConfig{.url = path}, clock, {});
  if (!source) {
    ADD_FAILURE() << source.error().message();
    return pictures;
  }
  const auto decoder = Decoder::create(**source, {}, pool, clock, {});
  if (!decoder) {
    ADD_FAILURE() << decoder.error().message();
    return pictures;
  }
  const auto receive = [&] {
    while (const auto frame = (*decoder)->receive()) pictures.push_back({(*frame)->time(), hash_of(**frame)});
  };
  while (const auto packet = (*source)->read()) {
    EXPECT_TRUE((*decoder)->send(*packet));
    receive();
  }
  EXPECT_TRUE((*decoder)->drain());
  receive();
  return pictures;
}

}  // namespace ocelli::media::testing
