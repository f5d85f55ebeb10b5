// What the learned behaviour's parts say, for the tests in Python that compare them with PyTorch and numpy.
//
//   behaviour_probe window WEIGHTS    rows of float32 features on standard input → rows of float32 logits, all at once
//   behaviour_probe stream WEIGHTS    the same, step by step
//   behaviour_probe features          frames as text, "NANOSECONDS COUNT" and then COUNT lines "TRACK LEFT TOP WIDTH
//                                     HEIGHT" → for each track and step "TRACK NANOSECONDS FIRST VALUE…"
//   behaviour_probe events [SCORE [HOLD_MS]]    the same frames, of people in a picture 1000 pixels high → the events
//   of
//                                     all classes, "began|ended CLASS TRACK SINCE_NANOSECONDS NANOSECONDS"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "events/rules.h"
#include "infer/behaviour_features.h"
#include "infer/behaviour_network.h"
#include "infer/tcn_stream.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file

std::vector<float> read_floats() {
  std::vector<float> values;
  float value = 0;
  while (std::fread(&value, sizeof(value), 1, stdin) == 1) values.push_back(value);
  return values;
}

void write_floats(std::span<const float> values) {
  std::fwrite(values.data(), sizeof(float), values.size(), stdout);
}

base::Status run_network(std::string_view form, const std::string& path) {
  OC_TRY(const auto network, infer::Tcn::load(path));
  const auto values = read_floats();
  const std::size_t features = network->spec().features.size();
  if (form == "window") {
    OC_TRY(auto window, infer::TcnWindow::create(network, values.size() / features));
    OC_TRY(const auto logits, window.run(values, infer::TcnOutput::every_step));
    write_floats(logits);
    return {};
  }
  OC_TRY(auto stream, infer::TcnStream::create(network));
  for (std::size_t i = 0; i + features <= values.size(); i += features) {
    write_floats(stream.push(std::span(values).subspan(i, features)));
  }
  return {};
}

void write_steps(std::span<const infer::BehaviourStep> steps) {
  for (const auto& step : steps) {
    std::printf("%lld %lld %d", static_cast<long long>(step.track),
                static_cast<long long>(step.time.time_since_epoch().count()), step.first ? 1 : 0);
    for (const float value : step.values) std::printf(" %.9g", static_cast<double>(value));
    std::printf("\n");
  }
}

using SeeFrame = std::function<void(media::MediaTime, const std::vector<infer::TrackedBox>&)>;

base::Status read_frames(const SeeFrame& see) {
  long long time = 0;
  std::size_t count = 0;
  while (std::scanf("%lld %zu", &time, &count) == 2) {
    std::vector<infer::TrackedBox> boxes(count);
    for (auto& box : boxes) {
      long long track = 0;
      if (std::scanf("%lld %f %f %f %f", &track, &box.box.left, &box.box.top, &box.box.width, &box.box.height) != 5) {
        return base::Error(base::Code::corrupt, "a box is not TRACK LEFT TOP WIDTH HEIGHT");
      }
      box.track = track;
    }
    see(media::MediaTime(std::chrono::nanoseconds(time)), boxes);
  }
  return {};
}

base::Status write_features() {
  infer::BehaviourFeatures features;
  return read_frames([&](auto time, const auto& boxes) { write_steps(features.push(time, boxes)); });
}

void write_events(const std::vector<events::Event>& events) {
  for (const auto& event : events) {
    const bool began = event.type == events::EventType::behaviour_began;
    if (!began && event.type != events::EventType::behaviour_ended) continue;
    std::printf("%s %s %llu %lld %lld\n", began ? "began" : "ended", event.rule.c_str(),
                static_cast<unsigned long long>(event.track_id),
                static_cast<long long>(event.since.value_or(event.time).time_since_epoch().count()),
                static_cast<long long>(event.time.time_since_epoch().count()));
  }
}

/// `score` and `hold` in place of the defaults, where they are not negative.
base::Status judge_behaviour(double score, long hold_ms) {
  events::RulesConfig config;
  OC_TRY(config.behaviour.network, infer::load_behaviour_network());
  for (const auto& name : config.behaviour.network->spec().classes) {
    events::BehaviourThresholds thresholds{.name = name};
    if (score >= 0) thresholds.score = static_cast<float>(score);
    if (hold_ms >= 0) thresholds.hold = std::chrono::milliseconds(hold_ms);
    config.behaviour.classes.push_back(thresholds);
  }
  events::Rules rules("probe", config, {"person"});
  std::map<std::int64_t, track::Track> tracks;
  media::FrameInfo frame;
  frame.width = frame.height = 1000;
  OC_TRY_STATUS(read_frames([&](auto time, const auto& boxes) {
    frame.time = time;
    ++frame.sequence;
    for (auto& [id, track] : tracks) track.state = track::TrackState::lost;
    for (const auto& [id, box] : boxes) {
      auto& track = tracks.try_emplace(id).first->second;
      if (track.id == 0) track.first_seen = time;
      track.id = static_cast<std::uint64_t>(id);
      track.state = track::TrackState::confirmed;
      track.quality = 1;
      track.box = box;
      track.last_seen = time;
    }
    std::vector<track::Track> shown;
    std::vector<track::Track> ended;
    std::erase_if(tracks, [&](const auto& entry) {
      const bool is_over = time - entry.second.last_seen > std::chrono::seconds(2);
      (is_over ? ended : shown).push_back(entry.second);
      return is_over;
    });
    write_events(rules.update(frame, shown, ended).events);
  }));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view form = argc > 1 ? argv[1] : "";
  base::Status status;
  if (form == "features" && argc == 2) {
    status = write_features();
  } else if (form == "events" && argc <= 4) {
    status = judge_behaviour(argc > 2 ? std::atof(argv[2]) : -1, argc > 3 ? std::atol(argv[3]) : -1);
  } else if ((form == "window" || form == "stream") && argc == 3) {
    status = run_network(form, argv[2]);
  } else {
    std::fprintf(stderr, "usage: behaviour_probe window|stream WEIGHTS, or features, or events [SCORE [HOLD_MS]]\n");
    return 2;
  }
  if (!status) std::fprintf(stderr, "%s\n", status.error().message().c_str());
  return status ? 0 : 1;
}
