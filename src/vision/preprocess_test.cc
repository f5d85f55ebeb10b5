#include "vision/preprocess.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include "vision/testing/synthetic_frame.h"

namespace ocelli::vision {
namespace {

using media::ColorMatrix;
using media::ColorRange;
using media::PixelFormat;
using testing::RowLayout;

constexpr std::size_t kGuardBytes = 64;
constexpr std::uint8_t kGuard = 0xA5;

/// An output buffer between two guards.
class GuardedOutput {
 public:
  explicit GuardedOutput(std::size_t bytes)
      : bytes_(bytes), memory_(hwy::AllocateAligned<std::uint8_t>(bytes + 2 * kGuardBytes)) {
    std::fill_n(memory_.get(), bytes + 2 * kGuardBytes, kGuard);
  }
  std::uint8_t* data() { return memory_.get() + kGuardBytes; }
  std::size_t size() const { return bytes_; }
  bool guards_hold() const {
    const auto intact = [](std::uint8_t byte) { return byte == kGuard; };
    return std::all_of(memory_.get(), memory_.get() + kGuardBytes, intact) &&
           std::all_of(memory_.get() + kGuardBytes + bytes_, memory_.get() + 2 * kGuardBytes + bytes_, intact);
  }

 private:
  std::size_t bytes_;
  hwy::AlignedFreeUniquePtr<std::uint8_t[]> memory_;
};

/// Makes the kernels run with one instruction set while it lives.
class ForcedTarget {
 public:
  explicit ForcedTarget(std::int64_t target) { choose(target); }
  ~ForcedTarget() { choose(0); }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;

 private:
  static void choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

std::vector<std::int64_t> usable_targets() {
  std::vector<std::int64_t> targets;
  std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS;
  for (; left != 0; left &= left - 1) targets.push_back(left & -left);
  return targets;
}

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const double size = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
  return (bits >> 15) != 0 ? -size : size;
}

double value_at(ElementType element, const std::uint8_t* data, std::size_t index) {
  switch (element) {
    case ElementType::float32: {
      float value = 0;
      std::memcpy(&value, data + 4 * index, 4);
      return static_cast<double>(value);
    }
    case ElementType::float16: {
      std::uint16_t bits = 0;
      std::memcpy(&bits, data + 2 * index, 2);
      return half_to_double(bits);
    }
    case ElementType::uint8:
      return data[index];
  }
  return 0;
}

// float32: rounding of about ten operations on numbers below 1000, each half of 6e-5 at most: within a thousandth of a
// level. float16: one step of ten bits, since targets without the conversion instruction round towards zero.
// uint8: a value near the half may round to the other side.
double tolerance(const InputSpec& spec, double expected) {
  const double gain = static_cast<double>(spec.scale / *std::min_element(spec.deviation.begin(), spec.deviation.end()));
  switch (spec.element) {
    case ElementType::float32:
      return 1e-3 * gain;
    case ElementType::float16:
      return std::abs(expected) / 1024 + 1e-3 * gain + 6e-8;
    case ElementType::uint8:
      return 1;
  }
  return 0;
}

struct Case {
  media::FrameInfo info;
  RowLayout layout;
  InputSpec spec;
  std::uint32_t seed;
  PixelRegion region{};  ///< empty: the whole picture

  PixelRegion seen() const { return region.empty() ? PixelRegion{0, 0, info.width, info.height} : region; }
};

std::string describe(const Case& c) {
  const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return "format " + number(c.info.format) + ", " + std::to_string(c.info.width) + "x" + std::to_string(c.info.height) +
         " -> " + std::to_string(c.spec.width) + "x" + std::to_string(c.spec.height) + ", element " +
         number(c.spec.element) + ", filter " + number(c.spec.filter) + ", layout " + number(c.layout) + ", fit " +
         number(c.spec.fit) + ", tensor " + number(c.spec.layout) + ", seed " + std::to_string(c.seed);
}

Case random_case(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  Case c{};
  c.seed = seed;
  c.info.format = std::array{PixelFormat::yuv420p, PixelFormat::nv12, PixelFormat::bgr24}[seed % 3];
  c.info.color = {pick(0, 1) == 0 ? ColorMatrix::bt601 : ColorMatrix::bt709,
                  pick(0, 1) == 0 ? ColorRange::limited : ColorRange::full};
  c.layout =
      std::array{RowLayout::tight, RowLayout::padded, RowLayout::bottom_up}[static_cast<std::size_t>(pick(0, 2))];
  c.spec.width = pick(1, 90);
  c.spec.height = pick(1, 60);
  // A third of the sizes make whole-number ratios, a third are tiny, the rest anything.
  switch (pick(0, 2)) {
    case 0: {
      const int ratio = pick(1, 6);
      c.info.width = c.spec.width * ratio;
      c.info.height = c.spec.height * ratio;
      break;
    }
    case 1:
      c.info.width = pick(1, 20);
      c.info.height = pick(1, 20);
      break;
    default:
      c.info.width = pick(1, 300);
      c.info.height = pick(1, 300);
  }
  c.spec.element = std::array{ElementType::float32, ElementType::float16, ElementType::uint8}[(seed / 3) % 3];
  c.spec.order = pick(0, 1) == 0 ? ChannelOrder::rgb : ChannelOrder::bgr;
  c.spec.scale = std::array{1.F / 255.F, 1.F, 0.017F}[static_cast<std::size_t>(pick(0, 2))];
  c.spec.pad = static_cast<std::uint8_t>(pick(0, 255));
  c.spec.filter = pick(0, 2) == 0 ? ResizeFilter::bilinear : ResizeFilter::area;
  c.spec.fit = std::array{Fit::center, Fit::top_left, Fit::stretch, Fit::crop}[static_cast<std::size_t>(pick(0, 3))];
  c.spec.layout = pick(0, 2) == 0 ? TensorLayout::interleaved : TensorLayout::planar;
  if (pick(0, 2) == 0) {
    c.spec.mean = {0.4F, 0, 0.6F};
    c.spec.deviation = {0.2F, 1, 2.5F};
  }
  if (pick(0, 1) == 0) {
    c.region.left = pick(0, (c.info.width - 1) / 2) * 2;
    c.region.top = pick(0, (c.info.height - 1) / 2) * 2;
    c.region.width = pick(1, c.info.width - c.region.left);
    c.region.height = pick(1, c.info.height - c.region.top);
  }
  return c;
}

::testing::AssertionResult matches_reference(const Case& c) {
  const media::FramePtr frame = testing::random_frame(c.info, c.layout, c.seed);
  Preprocessor preprocessor(c.spec);
  GuardedOutput fast(preprocessor.output_bytes());
  GuardedOutput plain(preprocessor.output_bytes());
  if (!preprocessor.run(*frame, c.seen(), fast.data()) ||
      !preprocess_reference(*frame, c.seen(), c.spec, plain.data())) {
    return ::testing::AssertionFailure() << "refused";
  }
  if (!fast.guards_hold()) return ::testing::AssertionFailure() << "wrote outside the output";
  const std::size_t values = 3 * static_cast<std::size_t>(c.spec.width) * static_cast<std::size_t>(c.spec.height);
  for (std::size_t i = 0; i < values; ++i) {
    const double got = value_at(c.spec.element, fast.data(), i);
    const double wanted = value_at(c.spec.element, plain.data(), i);
    if (!(std::abs(got - wanted) <= tolerance(c.spec, wanted))) {
      return ::testing::AssertionFailure() << "value " << i << " is " << got << ", not " << wanted;
    }
  }
  return ::testing::AssertionSuccess();
}

class PreprocessorOnTarget : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(PreprocessorOnTarget, IsTheOneThatWasChosen) {
  const ForcedTarget forced(GetParam());
  EXPECT_EQ(simd_target(), hwy::TargetName(GetParam()));
}

TEST_P(PreprocessorOnTarget, EqualsThePlainReferenceForAnyPicture) {
  const ForcedTarget forced(GetParam());
  for (std::uint32_t seed = 1; seed <= 270; ++seed) {
    const Case c = random_case(seed);
    ASSERT_TRUE(matches_reference(c)) << describe(c);
  }
}

// What cameras send, at the ratios that have their own paths: 1, 2, 3, 6 and chroma at 0.5, 1, 1.5.
TEST_P(PreprocessorOnTarget, EqualsThePlainReferenceForWholeRatios) {
  const ForcedTarget forced(GetParam());
  for (const PixelFormat format : {PixelFormat::yuv420p, PixelFormat::nv12, PixelFormat::bgr24}) {
    for (const int ratio : {1, 2, 3, 4, 5, 6, 9, 12}) {
      Case c{};
      c.info.format = format;
      c.spec.width = c.spec.height = 112;
      c.info.width = 112 * ratio;
      c.info.height = 63 * ratio;
      c.layout = RowLayout::padded;
      c.seed = static_cast<std::uint32_t>(ratio);
      for (const ResizeFilter filter : {ResizeFilter::area, ResizeFilter::bilinear}) {
        c.spec.filter = filter;
        ASSERT_TRUE(matches_reference(c)) << describe(c);
      }
    }
  }
}

TEST_P(PreprocessorOnTarget, GivesTheSameBitsAsEveryOtherTarget) {
  for (std::uint32_t seed = 1000; seed < 1060; ++seed) {
    Case c = random_case(seed);
    if (c.spec.element == ElementType::float16) continue;
    const media::FramePtr frame = testing::random_frame(c.info, c.layout, c.seed);
    Preprocessor preprocessor(c.spec);
    GuardedOutput best(preprocessor.output_bytes());
    GuardedOutput here(preprocessor.output_bytes());
    ASSERT_TRUE(preprocessor.run(*frame, c.seen(), best.data()));
    const ForcedTarget forced(GetParam());
    ASSERT_TRUE(preprocessor.run(*frame, c.seen(), here.data()));
    ASSERT_EQ(std::memcmp(best.data(), here.data(), best.size()), 0) << describe(c);
  }
}

INSTANTIATE_TEST_SUITE_P(Simd, PreprocessorOnTarget, ::testing::ValuesIn(usable_targets()),
                         [](const auto& tested) { return std::string(hwy::TargetName(tested.param)); });

media::FramePtr flat_frame(media::ColorSpec color, std::uint8_t y, std::uint8_t u, std::uint8_t v) {
  media::FrameInfo info;
  info.width = info.height = 16;
  info.color = color;
  media::FrameBuilder builder = *media::FrameBuilder::create(info);
  const std::array<std::uint8_t, 3> levels{y, u, v};
  for (int p = 0; p < 3; ++p) {
    std::memset(builder.plane(p), levels[static_cast<std::size_t>(p)],
                static_cast<std::size_t>(builder.stride_bytes(p) * (p == 0 ? 16 : 8)));
  }
  return std::move(builder).freeze();
}

std::array<int, 3> color_of_flat(media::ColorSpec color, std::uint8_t y, std::uint8_t u, std::uint8_t v) {
  InputSpec spec;
  spec.width = spec.height = 8;
  spec.element = ElementType::uint8;
  Preprocessor preprocessor(spec);
  alignas(64) std::array<std::uint8_t, 192> output{};
  EXPECT_TRUE(preprocessor.run(*flat_frame(color, y, u, v), output.data()));
  return {output[9], output[64 + 9], output[128 + 9]};
}

// The quantised primaries of the two standards.
TEST(Preprocessor, HonoursMatrixAndRange) {
  using Rgb = std::array<int, 3>;
  const media::ColorSpec limited601{ColorMatrix::bt601, ColorRange::limited};
  const media::ColorSpec limited709{ColorMatrix::bt709, ColorRange::limited};
  const media::ColorSpec full601{ColorMatrix::bt601, ColorRange::full};
  EXPECT_EQ(color_of_flat(limited601, 235, 128, 128), (Rgb{255, 255, 255}));
  EXPECT_EQ(color_of_flat(limited601, 16, 128, 128), (Rgb{0, 0, 0}));
  EXPECT_EQ(color_of_flat(full601, 16, 128, 128), (Rgb{16, 16, 16}));
  EXPECT_EQ(color_of_flat(limited601, 81, 90, 240)[0], 254);
  EXPECT_EQ(color_of_flat(limited709, 63, 102, 240)[0], 255);
  EXPECT_EQ(color_of_flat(full601, 76, 85, 255)[0], 254);
}

/// Of FrameInfo's own format.
media::FramePtr random_frame(int width, int height, RowLayout layout, std::uint32_t seed) {
  media::FrameInfo info;
  info.width = width;
  info.height = height;
  return testing::random_frame(info, layout, seed);
}

TEST(Preprocessor, FollowsAChangeOfResolution) {
  InputSpec spec;
  spec.width = spec.height = 32;
  Preprocessor preprocessor(spec);
  for (const int width : {64, 20, 64, 33}) {
    const media::FramePtr frame = random_frame(width, 24, RowLayout::tight, 5);
    GuardedOutput kept(preprocessor.output_bytes());
    GuardedOutput fresh(preprocessor.output_bytes());
    ASSERT_TRUE(preprocessor.run(*frame, kept.data()));
    ASSERT_TRUE(Preprocessor(spec).run(*frame, fresh.data()));
    EXPECT_EQ(std::memcmp(kept.data(), fresh.data(), kept.size()), 0);
  }
}

TEST(Preprocessor, KeepsThePaddingThatIsThereUntilTheGeometryChanges) {
  InputSpec spec;
  spec.width = spec.height = 32;
  Preprocessor preprocessor(spec);
  GuardedOutput kept(preprocessor.output_bytes());
  PaddingMark mark;
  std::uint32_t seed = 0;
  for (const auto& [width, height] : {std::pair{64, 24}, {64, 24}, {24, 64}, {24, 64}, {64, 24}}) {
    const media::FramePtr frame = random_frame(width, height, RowLayout::tight, ++seed);
    GuardedOutput fresh(preprocessor.output_bytes());
    ASSERT_TRUE(preprocessor.run(*frame, kept.data(), &mark));
    ASSERT_TRUE(Preprocessor(spec).run(*frame, fresh.data()));
    EXPECT_EQ(std::memcmp(kept.data(), fresh.data(), kept.size()), 0);
  }
}

TEST(Preprocessor, TakesTurnsWithOthersInTheSameMemory) {
  InputSpec grey;
  grey.width = grey.height = 32;
  InputSpec black = grey;
  black.pad = 0;
  InputSpec corner = grey;
  corner.fit = Fit::top_left;
  const media::FramePtr frame = random_frame(64, 24, RowLayout::tight, 5);
  GuardedOutput shared(Preprocessor(grey).output_bytes());
  PaddingMark mark;
  for (const InputSpec& spec : {grey, grey, black, grey, corner, black}) {
    GuardedOutput own(shared.size());
    ASSERT_TRUE(Preprocessor(spec).run(*frame, shared.data(), &mark));
    ASSERT_TRUE(Preprocessor(spec).run(*frame, own.data()));
    EXPECT_EQ(std::memcmp(shared.data(), own.data(), own.size()), 0);
  }
}

TEST(Preprocessor, LeavesPaddingAloneThatTheMarkSaysIsThere) {
  InputSpec spec;
  spec.width = spec.height = 32;
  Preprocessor preprocessor(spec);
  const media::FramePtr frame = random_frame(64, 24, RowLayout::tight, 5);
  GuardedOutput tensor(preprocessor.output_bytes());
  PaddingMark mark;
  ASSERT_TRUE(preprocessor.run(*frame, tensor.data(), &mark));
  auto* const corner = reinterpret_cast<float*>(tensor.data());
  *corner = 7;
  ASSERT_TRUE(preprocessor.run(*frame, tensor.data(), &mark));
  EXPECT_EQ(*corner, 7);
  ASSERT_TRUE(preprocessor.run(*frame, tensor.data()));
  EXPECT_NE(*corner, 7);
}

TEST(Preprocessor, ChangesToAnotherInputAsIfItWereANewOne) {
  InputSpec spec;
  Preprocessor preprocessor(spec);
  const media::FramePtr frame = random_frame(90, 70, RowLayout::padded, 6);
  for (const int width : {64, 32, 96, 64}) {
    spec.width = width;
    spec.height = 48;
    spec.scale = 1.F / static_cast<float>(width);
    spec.layout = width == 96 ? TensorLayout::interleaved : TensorLayout::planar;
    preprocessor.change(spec);
    EXPECT_EQ(preprocessor.spec(), spec);
    GuardedOutput changed(preprocessor.output_bytes());
    GuardedOutput fresh(preprocessor.output_bytes());
    ASSERT_TRUE(preprocessor.run(*frame, changed.data()));
    ASSERT_TRUE(Preprocessor(spec).run(*frame, fresh.data()));
    EXPECT_EQ(std::memcmp(changed.data(), fresh.data(), fresh.size()), 0);
  }
}

// The region's own pixels in memory that ends with them: so nothing around it is looked at.
TEST(Preprocessor, TakesARegionAsAPictureOfItsOwn) {
  const media::FramePtr frame = random_frame(90, 70, RowLayout::padded, 11);
  const PixelRegion region{12, 20, 41, 33};
  media::FrameInfo info;
  info.width = region.width;
  info.height = region.height;
  media::FrameBuilder cut = *media::FrameBuilder::create(info);
  for (int p = 0; p < 3; ++p) {
    const int shift = p == 0 ? 0 : 1;
    const media::PlaneSize size = media::plane_size(info.format, p, region.width, region.height);
    for (int y = 0; y < size.height; ++y) {
      const std::uint8_t* from =
          frame->plane(p).data + ((region.top >> shift) + y) * frame->plane(p).stride_bytes + (region.left >> shift);
      std::memcpy(cut.plane(p) + y * cut.stride_bytes(p), from, static_cast<std::size_t>(size.width));
    }
  }
  InputSpec spec;
  spec.width = spec.height = 32;
  GuardedOutput of_region(Preprocessor(spec).output_bytes());
  GuardedOutput of_cut(of_region.size());
  const auto letterbox = Preprocessor(spec).run(*frame, region, of_region.data());
  ASSERT_TRUE(letterbox);
  EXPECT_EQ(letterbox->source, region);
  ASSERT_TRUE(Preprocessor(spec).run(*std::move(cut).freeze(), of_cut.data()));
  EXPECT_EQ(std::memcmp(of_region.data(), of_cut.data(), of_region.size()), 0);
}

// Tables and padding of one region must not leak into the next, whatever moves: its place, its size or both.
TEST(Preprocessor, FollowsRegionsThatMoveAndGrow) {
  InputSpec spec;
  spec.width = spec.height = 32;
  Preprocessor preprocessor(spec);
  const media::FramePtr frame = random_frame(90, 70, RowLayout::padded, 12);
  GuardedOutput kept(preprocessor.output_bytes());
  PaddingMark mark;
  for (const PixelRegion region : {PixelRegion{0, 0, 40, 20}, {50, 40, 40, 20}, {50, 40, 20, 30}, {0, 0, 40, 20}}) {
    GuardedOutput fresh(preprocessor.output_bytes());
    ASSERT_TRUE(preprocessor.run(*frame, region, kept.data(), &mark));
    ASSERT_TRUE(Preprocessor(spec).run(*frame, region, fresh.data()));
    EXPECT_EQ(std::memcmp(kept.data(), fresh.data(), kept.size()), 0);
  }
}

TEST(Preprocessor, RefusesARegionThatIsNotInTheFrame) {
  const media::FramePtr frame = random_frame(90, 70, RowLayout::tight, 13);
  Preprocessor preprocessor{InputSpec{}};
  for (const PixelRegion region :
       {PixelRegion{0, 0, 0, 5}, {1, 0, 5, 5}, {0, 3, 5, 5}, {-2, 0, 5, 5}, {80, 0, 11, 5}, {0, 60, 5, 11}}) {
    const auto refused = preprocessor.run(*frame, region, nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), base::Code::invalid);
  }
}

TEST(Preprocessor, RefusesAFrameWithoutPixels) {
  media::FramePool pool(1);
  const media::FramePtr empty = *pool.wrap(media::FrameInfo{}, {}, nullptr);
  Preprocessor preprocessor{InputSpec{}};
  const auto refused = preprocessor.run(*empty, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::invalid);
}

}  // namespace
}  // namespace ocelli::vision
