#include "media/jpeg.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <turbojpeg.h>

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;

constexpr int kNeutralChroma = 128;

struct DestroyHandle {
  void operator()(void* handle) const { tjDestroy(handle); }
};

std::uint8_t to_sample(double value) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

/// Limited-range sample → full range, by table.
std::array<std::uint8_t, 256> range_table(double zero, double span, double offset) {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = to_sample((static_cast<double>(i) - zero) * 255.0 / span + offset);
  }
  return table;
}

/// BT.709 samples expressed in BT.601, both full range: Y' = Y + a·Cb + b·Cr and so on. From the luma coefficients of
/// the two recommendations (Kr, Kb = .2126, .0722 and .299, .114).
struct MatrixChange {
  double luma_from_cb, luma_from_cr, cb_from_cb, cb_from_cr, cr_from_cb, cr_from_cr;
};
constexpr MatrixChange kFrom709To601{0.101579, 0.196076, 0.989854, -0.110653, -0.072453, 0.983398};

/// The picture as three planes of JFIF samples.
class JfifPlanes {
 public:
  /// Points into `frame` where its samples already are JFIF's, into own memory where not.
  void assign(const Frame& frame) {
    const FrameInfo& info = frame.info();
    luma_width_ = info.width;
    luma_height_ = info.height;
    chroma_width_ = (info.width + 1) / 2;
    chroma_height_ = (info.height + 1) / 2;
    view_planar(frame);
    if (info.color.range == ColorRange::limited) expand_range();
    if (info.color.matrix == ColorMatrix::bt709) change_matrix();
    if (luma_width_ % 2 != 0 || luma_height_ % 2 != 0) pad_luma();
  }

  const unsigned char** planes() { return planes_.data(); }
  const int* strides() const { return strides_.data(); }

 private:
  void view_planar(const Frame& frame) {
    for (std::size_t plane = 0; plane < 3; ++plane) {
      planes_[plane] = frame.plane(static_cast<int>(plane)).data;
      strides_[plane] = static_cast<int>(frame.plane(static_cast<int>(plane)).stride_bytes);
    }
    if (frame.info().format == PixelFormat::nv12) split_chroma(frame.plane(1));
  }

  int width_of(std::size_t plane) const { return plane == 0 ? luma_width_ : chroma_width_; }
  int height_of(std::size_t plane) const { return plane == 0 ? luma_height_ : chroma_height_; }
  /// Rows of own planes: libjpeg-turbo reads luma in pairs of columns and rows, so there is room for an even number.
  int own_stride(std::size_t plane) const { return plane == 0 ? 2 * chroma_width_ : chroma_width_; }

  std::uint8_t* own(std::size_t plane) {
    const int rows = plane == 0 ? 2 * chroma_height_ : chroma_height_;
    own_[plane].resize(static_cast<std::size_t>(own_stride(plane)) * static_cast<std::size_t>(rows));
    return own_[plane].data();
  }

  void adopt(std::size_t plane) {
    planes_[plane] = own_[plane].data();
    strides_[plane] = own_stride(plane);
  }

  /// The missing last column and row repeat their neighbours.
  void pad_luma() {
    copy_if_borrowed(0);
    const std::ptrdiff_t stride = own_stride(0);
    std::uint8_t* luma = own_[0].data();
    for (int row = 0; row < luma_height_; ++row) luma[row * stride + stride - 1] = luma[row * stride + luma_width_ - 1];
    if (luma_height_ % 2 != 0) std::copy_n(luma + (luma_height_ - 1) * stride, stride, luma + luma_height_ * stride);
  }

  void split_chroma(const PlaneView& pairs) {
    std::uint8_t* u = own(1);
    std::uint8_t* v = own(2);
    for (int row = 0; row < chroma_height_; ++row) {
      const std::uint8_t* from = pairs.data + row * pairs.stride_bytes;
      for (int x = 0; x < chroma_width_; ++x) {
        *u++ = from[2 * x];
        *v++ = from[2 * x + 1];
      }
    }
    adopt(1);
    adopt(2);
  }

  void expand_range() {
    static const auto kLuma = range_table(16, 219, 0);
    static const auto kChroma = range_table(kNeutralChroma, 224, kNeutralChroma);
    for (std::size_t plane = 0; plane < 3; ++plane) {
      const auto& table = plane == 0 ? kLuma : kChroma;
      std::uint8_t* to = own(plane);
      for (int row = 0; row < height_of(plane); ++row) {
        const std::uint8_t* from = planes_[plane] + static_cast<std::ptrdiff_t>(row) * strides_[plane];
        std::transform(from, from + width_of(plane), to + static_cast<std::ptrdiff_t>(row) * own_stride(plane),
                       [&](std::uint8_t sample) { return table[sample]; });
      }
      adopt(plane);
    }
  }

  void change_matrix() {
    const MatrixChange& m = kFrom709To601;
    for (std::size_t plane = 0; plane < 3; ++plane) copy_if_borrowed(plane);
    for (int row = 0; row < luma_height_; ++row) {
      std::uint8_t* luma = own_[0].data() + static_cast<std::ptrdiff_t>(row) * own_stride(0);
      const std::ptrdiff_t chroma_row = static_cast<std::ptrdiff_t>(row / 2) * chroma_width_;
      for (int x = 0; x < luma_width_; ++x, ++luma) {
        const double cb = own_[1][static_cast<std::size_t>(chroma_row + x / 2)] - kNeutralChroma;
        const double cr = own_[2][static_cast<std::size_t>(chroma_row + x / 2)] - kNeutralChroma;
        *luma = to_sample(*luma + m.luma_from_cb * cb + m.luma_from_cr * cr);
      }
    }
    for (std::size_t i = 0; i < own_[1].size(); ++i) {
      const double cb = own_[1][i] - kNeutralChroma;
      const double cr = own_[2][i] - kNeutralChroma;
      own_[1][i] = to_sample(m.cb_from_cb * cb + m.cb_from_cr * cr + kNeutralChroma);
      own_[2][i] = to_sample(m.cr_from_cb * cb + m.cr_from_cr * cr + kNeutralChroma);
    }
  }

  void copy_if_borrowed(std::size_t plane) {
    if (!own_[plane].empty() && planes_[plane] == own_[plane].data()) return;
    std::uint8_t* to = own(plane);
    for (int row = 0; row < height_of(plane); ++row) {
      const std::uint8_t* from = planes_[plane] + static_cast<std::ptrdiff_t>(row) * strides_[plane];
      std::copy_n(from, width_of(plane), to + static_cast<std::ptrdiff_t>(row) * own_stride(plane));
    }
    adopt(plane);
  }

  int luma_width_ = 0;
  int luma_height_ = 0;
  int chroma_width_ = 0;
  int chroma_height_ = 0;
  std::array<const unsigned char*, 3> planes_{};
  std::array<int, 3> strides_{};
  std::array<std::vector<std::uint8_t>, 3> own_;
};

class TurboJpegEncoder final : public JpegEncoder {
 public:
  explicit TurboJpegEncoder(tjhandle handle) : handle_(handle) {}

  base::Result<Bytes> encode(const Frame& frame, int quality) override {
    const FrameInfo& info = frame.info();
    unsigned long size = tjBufSize(info.width, info.height, TJSAMP_420);
    buffer_.resize(size);
    unsigned char* out = buffer_.data();
    constexpr int kFlags = TJFLAG_NOREALLOC | TJFLAG_FASTDCT;
    int result = 0;
    if (info.format == PixelFormat::bgr24) {
      result =
          tjCompress2(handle_.get(), frame.plane(0).data, info.width, static_cast<int>(frame.plane(0).stride_bytes),
                      info.height, TJPF_BGR, &out, &size, TJSAMP_420, quality, kFlags);
    } else {
      planes_.assign(frame);
      result = tjCompressFromYUVPlanes(handle_.get(), planes_.planes(), info.width, planes_.strides(), info.height,
                                       TJSAMP_420, &out, &size, quality, kFlags);
    }
    if (result != 0) return Error(Code::internal, std::string("cannot encode JPEG: ") + tjGetErrorStr2(handle_.get()));
    return Bytes(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  }

 private:
  std::unique_ptr<void, DestroyHandle> handle_;
  JfifPlanes planes_;
  Bytes buffer_;
};

}  // namespace

base::Result<std::unique_ptr<JpegEncoder>> JpegEncoder::create() {
  tjhandle handle = tjInitCompress();
  if (handle == nullptr)
    return Error(Code::internal, std::string("cannot start the JPEG encoder: ") + tjGetErrorStr2(nullptr));
  return std::unique_ptr<JpegEncoder>(std::make_unique<TurboJpegEncoder>(handle));
}

}  // namespace ocelli::media
