#include "vision/internal/color_matrix.h"

namespace ocelli::vision::internal {
namespace {

struct Standard {
  double red_share;  // Kr and Kb: ITU-R BT.601 2.5.1, BT.709 3.2
  double blue_share;
  double black;  // limited range: Y 16…235, chroma 16…240 around 128
  double luma_levels;
  double chroma_levels;
};

Standard standard_of(media::ColorSpec color) {
  const bool bt709 = color.matrix == media::ColorMatrix::bt709;
  const bool limited = color.range == media::ColorRange::limited;
  return {.red_share = bt709 ? 0.2126 : 0.299,
          .blue_share = bt709 ? 0.0722 : 0.114,
          .black = limited ? 16.0 : 0.0,
          .luma_levels = limited ? 219.0 : 255.0,
          .chroma_levels = limited ? 224.0 : 255.0};
}

}  // namespace

YuvToRgb yuv_to_rgb(media::ColorSpec color) {
  const Standard s = standard_of(color);
  const double green_share = 1 - s.red_share - s.blue_share;
  const double chroma = 255.0 / s.chroma_levels;
  YuvToRgb m{};
  m.luma = 255.0 / s.luma_levels;
  m.red_v = 2 * (1 - s.red_share) * chroma;
  m.blue_u = 2 * (1 - s.blue_share) * chroma;
  m.green_u = -m.blue_u * s.blue_share / green_share;
  m.green_v = -m.red_v * s.red_share / green_share;
  const double black = -s.black * m.luma;
  m.red_offset = black - 128 * m.red_v;
  m.green_offset = black - 128 * (m.green_u + m.green_v);
  m.blue_offset = black - 128 * m.blue_u;
  return m;
}

YuvSample rgb_to_yuv(double red, double green, double blue, media::ColorSpec color) {
  const Standard s = standard_of(color);
  const double luma = s.red_share * red + (1 - s.red_share - s.blue_share) * green + s.blue_share * blue;
  const double chroma = s.chroma_levels / 255.0;
  return {s.black + luma * s.luma_levels / 255.0, 128 + chroma * (blue - luma) / (2 * (1 - s.blue_share)),
          128 + chroma * (red - luma) / (2 * (1 - s.red_share))};
}

}  // namespace ocelli::vision::internal
