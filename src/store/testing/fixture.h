#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "media/frame.h"
#include "store/event_store.h"

namespace ocelli::store::testing {

inline constexpr base::WallTime kStart{std::chrono::seconds{1'700'000'000}};  // 2023-11-14T22:13:20Z

/// A zone's event with five gates, `seconds` after kStart.
inline events::Event make_event(std::uint64_t sequence, double seconds = 0, const std::string& camera = "gate",
                                const std::string& rule = "yard") {
  events::Event event;
  event.sequence = sequence;
  event.type = events::EventType::zone_entered;
  event.camera = camera;
  event.time = media::from_seconds(seconds);
  event.wall_time =
      kStart + std::chrono::duration_cast<base::WallTime::duration>(std::chrono::duration<double>(seconds));
  event.frame = sequence;
  event.rule = rule;
  event.track_id = sequence;
  event.label = "person";
  event.score = 0.75F;
  event.box = {10, 20, 30, 40};
  event.picture_width = 640;
  event.picture_height = 480;
  event.gates = {events::at_least("people", 3, 3), events::at_least("dwell_s", 6.2, 5),
                 events::at_most("centre_distance_m", 0.9, 1.2), events::at_least("window_iou", 0.7, 0.6),
                 events::at_most("mean_speed_px_frame", 0.1, 0.3)};
  return event;
}

inline events::NearMiss make_near_miss(std::uint64_t sequence, double seconds = 0, const std::string& camera = "gate",
                                       const std::string& rule = "yard") {
  events::NearMiss miss{make_event(sequence, seconds, camera, rule)};
  miss.would_be.gates = {events::at_least("people", 3, 3), events::at_least("dwell_s", 4.1, 5)};
  return miss;
}

inline media::FramePtr make_frame(std::uint64_t sequence) {
  media::FrameInfo info;
  info.width = 64;
  info.height = 48;
  info.sequence = sequence;
  info.time = media::from_seconds(static_cast<double>(sequence) / 10);
  info.captured = kStart + std::chrono::milliseconds(100 * sequence);
  auto builder = media::FrameBuilder::create(info);
  if (!builder) std::abort();
  return std::move(*builder).freeze();
}

inline track::Track make_track(std::uint64_t id, float left, float quality = 0.5F) {
  track::Track track;
  track.id = id;
  track.state = track::TrackState::confirmed;
  track.score = 0.9F;
  track.quality = quality;
  track.box = {left, 8, 16, 24};
  return track;
}

/// A folder of its own with a store in it.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ocelli-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    config_.path = folder_ + "/events.db";
  }
  ~StoreTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  StoreServices services() {
    StoreServices services{clock_, base::Logger::null(), metrics_};
    services.on_trouble = [this](const std::optional<std::string>& reason) {
      troubles_.push_back(reason.value_or("well"));
    };
    return services;
  }
  EventStore& open() {
    auto store = EventStore::start(config_, services());
    if (!store) std::abort();
    store_ = std::move(*store);
    return *store_;
  }
  /// Closed, so that the file is whole.
  void store(const std::vector<events::Event>& events) {
    auto& open_store = open();
    for (const auto& event : events) ASSERT_TRUE(open_store.accept(event));
    ASSERT_TRUE(open_store.flush());
    store_.reset();
  }

  std::string folder_;
  StoreConfig config_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  std::vector<std::string> troubles_;  // of the store's thread while a store is open
  std::unique_ptr<EventStore> store_;
};

}  // namespace ocelli::store::testing
