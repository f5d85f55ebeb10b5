// Serves the real page from made-up cameras: no model, no video, no network. For the browser test and for work on web/.
//   page_demo [--port N] [--cameras N]
// "gate" walks coloured boxes through a zone and over a line; with --cameras 3 there are also one that is down and one
// that never delivered a picture. Ends when standard input ends.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <poll.h>
#include <string>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "serve/http_server.h"
#include "serve/live_view.h"

namespace {

using namespace ocelli;

constexpr int kWidth = 1280;
constexpr int kHeight = 720;
constexpr int kFramesPerSecond = 15;
constexpr int kWalkers = 6;
constexpr std::uint64_t kStepsPerWalk = 180;

struct Options {
  int port = 0;
  int cameras = 1;
};

Options parse_options(int count, char** arguments) {
  Options options;
  for (int index = 1; index + 1 < count; index += 2) {
    if (std::strcmp(arguments[index], "--port") == 0) options.port = std::atoi(arguments[index + 1]);
    if (std::strcmp(arguments[index], "--cameras") == 0) options.cameras = std::atoi(arguments[index + 1]);
  }
  return options;
}

events::RulesConfig rules() {
  events::RulesConfig config;
  config.lines.push_back({"kerb", {0.52F, 0.95F}, {0.52F, 0.35F}, {}});
  config.zones.push_back({"forecourt", {{0.1F, 0.55F}, {0.42F, 0.5F}, {0.45F, 0.92F}, {0.06F, 0.95F}}, {}});
  return config;
}

/// A street at dusk, sort of: sky, ground and a row of blocks.
media::FramePtr paint(std::uint64_t sequence) {
  media::FrameInfo info;
  info.width = kWidth;
  info.height = kHeight;
  info.sequence = sequence;
  info.time = media::from_seconds(static_cast<double>(sequence) / kFramesPerSecond);
  auto picture = media::FrameBuilder::create(info);
  if (!picture) std::abort();
  for (int y = 0; y < kHeight; ++y) {
    std::uint8_t* const row = picture->plane(0) + y * picture->stride_bytes(0);
    for (int x = 0; x < kWidth; ++x) {
      const bool block = y > 160 && y < 330 && x % 210 > 40;
      const int light = y < 330 ? 130 - y / 8 : 70 + (y - 330) / 8 + (x * 7 + y * 3) % 5;
      row[x] = static_cast<std::uint8_t>(block ? 60 + x % 210 / 10 : light);
    }
  }
  for (int y = 0; y < kHeight / 2; ++y) {
    std::memset(picture->plane(1) + y * picture->stride_bytes(1), y < 165 ? 134 : 127, kWidth / 2);
    std::memset(picture->plane(2) + y * picture->stride_bytes(2), y < 165 ? 122 : 129, kWidth / 2);
  }
  return std::move(*picture).freeze();
}

std::vector<track::Track> walk(std::uint64_t sequence) {
  std::vector<track::Track> tracks;
  for (std::uint64_t walker = 0; walker < kWalkers; ++walker) {
    const std::uint64_t step = sequence + walker * kStepsPerWalk / kWalkers;
    const double share = static_cast<double>(step % kStepsPerWalk) / kStepsPerWalk;
    const auto size = static_cast<float>(90 + 25 * walker);
    track::Track track;
    track.id = step / kStepsPerWalk * kWalkers + walker + 1;
    track.state = share > 0.93 ? track::TrackState::lost : track::TrackState::confirmed;
    track.class_id = walker % 3 == 2 ? 1 : 0;
    track.score = static_cast<float>(0.7 + 0.2 * std::sin(static_cast<double>(step) / 9));
    track.box = {static_cast<float>(share) * kWidth, 300 + 30 * static_cast<float>(walker), size / 2, size};
    track.velocity_px_s = {static_cast<float>(kWidth * kFramesPerSecond) / kStepsPerWalk, 0};
    track.last_seen = media::from_seconds(static_cast<double>(sequence) / kFramesPerSecond);
    const double age_s = static_cast<double>(std::min(step % kStepsPerWalk, sequence)) / kFramesPerSecond;
    track.first_seen = track.last_seen - std::chrono::milliseconds(static_cast<int>(age_s * 1000));
    tracks.push_back(track);
  }
  return tracks;
}

events::Event make_event(std::uint64_t number, const track::Track& track, base::WallTime now) {
  events::Event event;
  event.sequence = number;
  constexpr events::EventType kTypes[] = {events::EventType::track_began, events::EventType::zone_entered,
                                          events::EventType::zone_left, events::EventType::line_crossed};
  event.type = kTypes[number % 4];
  event.camera = "gate";
  event.wall_time = now;
  event.time = track.last_seen;
  event.track_id = track.id;
  event.label = track.class_id == 0 ? "person" : "bicycle";
  event.score = track.score;
  event.box = track.box;
  event.picture_width = kWidth;
  event.picture_height = kHeight;
  if (event.type == events::EventType::line_crossed) {
    event.rule = "kerb";
    event.direction = "forward";
    event.gates = {{"beyond_line", 0.024, 0.01, true}, {"age_s", 3.4, 0.2, true}};
  } else if (event.type != events::EventType::track_began) {
    event.rule = "forecourt";
    event.gates = {{"dwell_s", 0.53, 0.5, true}};
  }
  return event;
}

bool standard_input_ended() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  char ignored = 0;
  return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &ignored, 1) <= 0;
}

void feed(serve::LiveView& view, std::atomic<std::uint64_t>& frames, base::Clock& clock) {
  const std::string camera = "gate";
  const base::SteadyTime start = clock.now();
  for (std::uint64_t sequence = 0; !standard_input_ended(); ++sequence) {
    const media::FramePtr frame = paint(sequence);
    const std::vector<track::Track> tracks = walk(sequence);
    if (!view.accept(events::FrameTracks{camera, frame, tracks})) std::abort();
    ++frames;
    if (sequence % kFramesPerSecond == 5) {
      const std::uint64_t number = sequence / kFramesPerSecond + 1;
      if (!view.accept(make_event(number, tracks[number % kWalkers], clock.wall_now()))) std::abort();
    }
    clock.wait_until(start + (sequence + 1) * std::chrono::milliseconds(1000) / kFramesPerSecond, {});
  }
}

engine::StreamStatus running_status(std::uint64_t frames) {
  engine::StreamStatus status;
  status.state = engine::LifeState::live;
  status.info.emplace();
  status.info->codec = "h264";
  status.info->width = kWidth;
  status.info->height = kHeight;
  status.info->frames_per_second = kFramesPerSecond;
  status.frames_decoded = status.frames_analysed = frames;
  status.frames_dropped = frames / 400;
  status.decode_time = frames * std::chrono::microseconds(1900);
  status.inference_time = frames * std::chrono::microseconds(21300);
  status.total_time = frames * std::chrono::microseconds(24800);
  return status;
}

engine::StreamStatus broken_status(engine::LifeState state, const std::string& reason) {
  engine::StreamStatus status;
  status.state = state;
  status.reason = reason;
  return status;
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse_options(count, arguments);
  base::SystemClock clock;
  base::Metrics metrics;
  const base::Logger logger(base::Logger::Config{}, clock);
  serve::LiveView view({}, clock, metrics);
  std::atomic<std::uint64_t> frames = 0;
  auto server = serve::HttpServer::start({.port = options.port}, {view, metrics, logger, "{}"});
  if (!server) {
    std::cerr << server.error().message() << "\n";
    return 1;
  }
  std::cout << "listening on " << (*server)->address() << std::endl;
  // As ocelli does, which loads its model before it adds cameras: the page must wait for them.
  clock.wait_until(clock.now() + std::chrono::milliseconds(1500), {});
  using State = engine::LifeState;
  view.add_camera({"gate", rules(), {"person", "bicycle"}, [&] { return running_status(frames); }});
  if (options.cameras > 1) {
    view.add_camera({"loading dock", {}, {}, [] {
                       return broken_status(State::recovering,
                                            "rtsp://10.0.4.17/stream1: connection refused; next try in 8 s");
                     }});
  }
  if (options.cameras > 2) view.add_camera({"roof", {}, {}, [] { return broken_status(State::connecting, ""); }});
  (*server)->set_ready();
  feed(view, frames, clock);
  (*server)->stop();
  return 0;
}
