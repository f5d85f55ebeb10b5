#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "serve/live_view.h"

namespace ocelli::serve::testing {

/// A yuv420p frame of seeded noise: large as a JPEG, so that buffers fill soon.
inline media::FramePtr make_frame(std::uint64_t sequence, int width = 64, int height = 48) {
  media::FrameInfo info;
  info.width = width;
  info.height = height;
  info.sequence = sequence;
  info.time = media::from_seconds(static_cast<double>(sequence) / 10);
  auto picture = media::FrameBuilder::create(info);
  if (!picture) std::abort();
  std::uint32_t noise = 12345 + static_cast<std::uint32_t>(sequence);
  for (int plane = 0; plane < 3; ++plane) {
    const media::PlaneSize size = media::plane_size(info.format, plane, width, height);
    for (int row = 0; row < size.height; ++row) {
      for (int column = 0; column < size.width; ++column) {
        noise = noise * 1664525 + 1013904223;
        picture->plane(plane)[row * picture->stride_bytes(plane) + column] = static_cast<std::uint8_t>(noise >> 24);
      }
    }
  }
  return std::move(*picture).freeze();
}

inline track::Track make_track(std::uint64_t id) {
  track::Track track;
  track.id = id;
  track.state = track::TrackState::confirmed;
  track.score = 0.5F;
  track.box = {8, 8, 16, 24};
  track.velocity_px_s = {3, 4};
  return track;
}

inline events::Event make_event(const std::string& camera, std::uint64_t sequence) {
  events::Event event;
  event.sequence = sequence;
  event.camera = camera;
  event.type = events::EventType::zone_entered;
  event.rule = "yard";
  event.label = "person";
  event.track_id = sequence;
  event.picture_width = 64;
  event.picture_height = 48;
  return event;
}

/// A view with the camera "gate" (which says that it runs) and what a test needs to feed it.
struct LiveFixture {
  explicit LiveFixture(const LiveView::Config& config = {}) : view(config, clock, metrics) { add("gate"); }

  void add(const std::string& name) {
    events::RulesConfig rules;
    rules.zones.push_back({"yard", {{0.1F, 0.1F}, {0.9F, 0.1F}, {0.5F, 0.9F}}, {}});
    rules.lines.push_back({"kerb", {0.2F, 0.5F}, {0.8F, 0.5F}, {}});
    view.add_camera({name, rules, {"person"}, [] {
                       engine::StreamStatus status;
                       status.state = engine::LifeState::live;
                       status.reason = "it likes to";
                       return status;
                     }});
  }

  bool feed(const media::FramePtr& frame, const std::string& camera = "gate") {
    const std::vector<track::Track> tracks{make_track(7)};
    return view.accept(events::FrameTracks{camera, frame, tracks}).has_value();
  }
  bool happen(std::uint64_t sequence, const std::string& camera = "gate") {
    return view.accept(make_event(camera, sequence)).has_value();
  }

  base::SimulatedClock clock;
  base::Metrics metrics;
  LiveView view;
};

}  // namespace ocelli::serve::testing
