#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vision/internal/resample_table.h"
#include "vision/preprocess.h"

namespace ocelli::vision::internal {

/// Scratch rows keep this many values behind their last sample, beyond the taps, because whole vectors are read there.
inline constexpr std::size_t kRowSlack = 128;

/// Which columns the vertical pass keeps of a plane, in place of horizontal resampling: sums of neighbours for means
/// over whole samples, the middle of them for bilinear interpolation.
enum class Columns { all, pairs, triples, middle_of_three, middle_two_of_four, middle_two_of_six };

/// One plane and how it reaches output resolution.
struct KernelPlane {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride_bytes = 0;
  int samples = 0;     ///< per row
  int components = 1;  ///< interleaved in a sample: 1 (Y, U, V), 2 (UV of NV12) or 3 (BGR)
  /// Whole-number ratios are summed in integers; the division is in KernelJob::mix. Rows: at most 257 of equal weight
  /// (85 if three columns are summed too).
  bool sums_rows = false;
  Columns columns = Columns::all;  ///< anything but `all` shortens the row, with sums_rows and one component only
  const ResampleTable* horizontal = nullptr;  ///< from the row as the vertical pass leaves it
  const ResampleTable* vertical = nullptr;
  std::uint16_t* sums = nullptr;      ///< scratch: `samples` and slack, if three columns are summed
  float* interleaved = nullptr;       ///< scratch: samples × components, if there are several components
  std::array<float*, 3> gathered{};   ///< scratch, per component: `samples` floats and slack, zero before first use
  std::array<float*, 3> resampled{};  ///< scratch, per component: one row at output resolution and slack
};

/// Three weights and an offset, applied to the three resampled components in memory order (Y U V or B G R).
struct ChannelMix {
  float first = 0;
  float second = 0;
  float third = 0;
  float offset = 0;
};

/// One frame: everything that the kernel needs, nothing that it would have to decide per row.
struct KernelJob {
  std::array<KernelPlane, 3> planes;
  int plane_count = 0;
  std::array<const float*, 3> components{};  ///< the resampled rows of all planes, in memory order
  bool is_yuv = true;                        ///< else B, G, R: each is only multiplied by its own weight
  std::array<ChannelMix, 3> mix{};           ///< for R, G, B; the output scale is in it
  std::array<float, 3> low{};                ///< bounds of R, G, B after scaling
  std::array<float, 3> high{};
  std::array<float, 3> pad{};  ///< of R, G, B after scaling
  bool writes_padding = true;
  Letterbox box;
  ElementType element = ElementType::float32;
  /// Where R, G, B go: the canvases in a planar tensor, else a scratch row each, from which `interleaved` gets them.
  std::array<std::uint8_t*, 3> channels{};
  std::uint8_t* interleaved = nullptr;  ///< the tensor, if it is interleaved
  ChannelOrder order = ChannelOrder::rgb;
};

/// Runs the whole frame with the best instruction set of this machine.
void run_kernel(const KernelJob& job);
/// Its name.
std::string_view kernel_target();

}  // namespace ocelli::vision::internal
