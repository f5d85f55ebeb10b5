#include "serve/annotate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

#include "media/convert.h"
#include "vision/draw.h"

namespace ocelli::serve {
namespace {

constexpr vision::Color kZoneColor{255, 176, 32};
constexpr vision::Color kLineColor{64, 196, 255};
constexpr vision::Color kLostColor{150, 150, 150};
constexpr float kZoneFillOpacity = 0.12F;

int line_width_px(int picture_height) {
  return std::max(2, picture_height / 360);
}

void draw_zone(vision::Canvas& canvas, const events::ZoneConfig& zone, const media::FrameInfo& picture) {
  std::vector<vision::PixelPoint> corners;
  for (const vision::UnitPoint corner : zone.corners) {
    corners.push_back(vision::to_pixels(corner, picture.width, picture.height));
  }
  if (corners.empty()) return;
  canvas.polygon(corners, kZoneColor, kZoneFillOpacity);
  corners.push_back(corners.front());
  canvas.polyline(corners, kZoneColor, line_width_px(picture.height));
  const auto highest = std::min_element(corners.begin(), corners.end(), [](auto a, auto b) { return a.y < b.y; });
  canvas.label(*highest, zone.name, kZoneColor);
}

/// Points to where "forward" goes: the right-hand side of somebody who walks along the line.
void draw_forward_arrow(vision::Canvas& canvas, vision::PixelPoint from, vision::PixelPoint to, int picture_height) {
  const float along_x = to.x - from.x;
  const float along_y = to.y - from.y;
  const float length = std::hypot(along_x, along_y);
  if (length < 1) return;
  const float reach = static_cast<float>(picture_height) * 0.05F;
  const vision::PixelPoint along{along_x / length * reach, along_y / length * reach};
  const vision::PixelPoint foot{(from.x + to.x) / 2, (from.y + to.y) / 2};
  const vision::PixelPoint tip{foot.x - along.y, foot.y + along.x};
  const auto barb = [&](float side) {
    return vision::PixelPoint{tip.x + along.y * 0.35F + side * along.x * 0.3F,
                              tip.y - along.x * 0.35F + side * along.y * 0.3F};
  };
  canvas.polyline({foot, tip}, kLineColor, line_width_px(picture_height));
  canvas.polyline({barb(-1), tip, barb(1)}, kLineColor, line_width_px(picture_height));
}

void draw_line(vision::Canvas& canvas, const events::LineConfig& line, const media::FrameInfo& picture) {
  std::vector<vision::PixelPoint> points;
  for (const vision::UnitPoint point : events::points_of(line)) {
    points.push_back(vision::to_pixels(point, picture.width, picture.height));
  }
  canvas.polyline(points, kLineColor, line_width_px(picture.height));
  const std::size_t middle = points.size() / 2;
  draw_forward_arrow(canvas, points[middle - 1], points[middle], picture.height);
  canvas.label(points.front(), line.name, kLineColor);
}

void draw_track(vision::Canvas& canvas, const track::Track& track, const std::vector<std::string>& labels) {
  if (track.state == track::TrackState::lost) {
    canvas.box(track.box, kLostColor);
    canvas.label({track.box.left, track.box.top}, fmt::format("{} lost", track.id), kLostColor);
    return;
  }
  const vision::Color color = vision::color_of(track.id);
  canvas.box(track.box, color);
  canvas.label({track.box.left, track.box.top},
               fmt::format("{} {} ({:.0f}%)", class_label(labels, track.class_id), track.id, track.score * 100), color);
}

void mark_as_placeholder(vision::Canvas& canvas, const media::FrameInfo& picture) {
  canvas.label({0, static_cast<float>(picture.height)}, "picture lost", kLostColor);
}

/// Photos and some cameras deliver formats that cannot be drawn on.
base::Result<media::FrameBuilder> copy_to_draw_on(const media::Frame& frame) {
  if (frame.info().format == media::PixelFormat::yuv420p) return media::FrameBuilder::copy_of(frame);
  OC_TRY(const auto converted, media::copy_to_yuv420p(frame));
  return media::FrameBuilder::copy_of(*converted);
}

}  // namespace

base::Result<media::FramePtr> annotate(const media::Frame& frame, std::span<const track::Track> tracks,
                                       const events::RulesConfig& rules, const std::vector<std::string>& labels) {
  OC_TRY(auto picture, copy_to_draw_on(frame));
  OC_TRY(auto canvas, vision::Canvas::on(picture));
  for (const events::ZoneConfig& zone : rules.zones) draw_zone(canvas, zone, frame.info());
  for (const events::LineConfig& line : rules.lines) draw_line(canvas, line, frame.info());
  for (const track::Track& track : tracks) draw_track(canvas, track, labels);
  if (frame.info().quality == media::FrameQuality::placeholder) mark_as_placeholder(canvas, frame.info());
  return std::move(picture).freeze();
}

std::string class_label(const std::vector<std::string>& labels, int class_id) {
  if (class_id >= 0 && static_cast<std::size_t>(class_id) < labels.size()) {
    return labels[static_cast<std::size_t>(class_id)];
  }
  return fmt::format("class {}", class_id);
}

}  // namespace ocelli::serve
