#include "engine/replay.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <variant>

#include "engine/frame_gate.h"
#include "engine/replay_pictures.h"
#include "events/event_json.h"

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;

constexpr std::size_t kMostNearMisses = 100'000;

/// One variant on its way through the recording.
class Rerun {
 public:
  Rerun(const ReplayVariant& variant, const std::string& folder, base::Clock& clock)
      : variant_(variant), stages_(variant.scene), gate_(variant.max_fps) {
    if (variant.detector != nullptr) pictures_ = std::make_unique<RecordedPictures>(folder, clock);
  }

  void add(const RecordedClip& clip) {
    if (pictures_) pictures_->add(clip);
  }

  base::Status see(const RecordedFrame& record) {
    if (!gate_.admit(record.frame.time)) return {};
    std::vector<infer::Detection> detections;
    if (pictures_) {
      OC_TRY(const auto picture, pictures_->find(record.frame.time));
      if (!picture) {
        ++run_.frames_without_picture;
        return {};
      }
      OC_TRY(detections, variant_.detector->detect(*picture, nullptr));
    } else {
      detections = record.detections;
      std::erase_if(detections, [&](const infer::Detection& one) { return one.score < variant_.least_score; });
    }
    const auto update = stages_.follow(record.frame, std::move(detections));
    take(stages_.judge(record.frame, update));
    ++run_.frames;
    return {};
  }

  void finish() { take(stages_.finish()); }
  ReplayedRun result() { return std::move(run_); }

 private:
  void take(events::Rules::Judgement judgement) {
    std::move(judgement.events.begin(), judgement.events.end(), std::back_inserter(run_.events));
    for (auto& miss : judgement.near_misses) {
      if (run_.near_misses.size() < kMostNearMisses) run_.near_misses.push_back(std::move(miss));
    }
  }

  const ReplayVariant& variant_;
  SceneStages stages_;
  FrameGate gate_;
  std::unique_ptr<RecordedPictures> pictures_;  // only where they are looked at again
  ReplayedRun run_;
};

class Replay {
 public:
  Replay(RecordingReader& reader, std::span<const ReplayVariant> variants, const ReplayServices& services)
      : reader_(reader), services_(services) {
    for (const auto& variant : variants) reruns_.emplace_back(variant, reader.folder(), services.clock);
  }

  base::Result<ReplayOutcome> run() {
    outcome_.recorded.has_beginning = reader_.has_beginning();
    while (true) {
      if (services_.stop.stop_requested()) return Error(Code::cancelled, "stopped");
      auto record = reader_.next();
      if (!record && record.error().code() != Code::end_of_stream) return std::move(record).error();
      if (!record) break;
      OC_TRY_STATUS(std::visit([this](auto& kind) { return take(kind); }, *record));
    }
    outcome_.recorded.damage = reader_.damage();
    for (auto& rerun : reruns_) outcome_.runs.push_back(rerun.result());
    return std::move(outcome_);
  }

 private:
  base::Status take(const RecordedFrame& record) {
    auto& recorded = outcome_.recorded;
    for (auto& rerun : reruns_) OC_TRY_STATUS(rerun.see(record));
    ++recorded.frames;
    if (!recorded.begin) recorded.begin = record.frame.time;
    recorded.end = record.frame.time;
    recorded.last_frame = record.frame.sequence;
    if (services_.progress) services_.progress(recorded.frames, recorded.end);
    return {};
  }
  base::Status take(RecordedEvent& event) {
    outcome_.recorded.events.push_back(std::move(event.json));
    return {};
  }
  base::Status take(const RecordedClip& clip) {
    for (auto& rerun : reruns_) rerun.add(clip);
    return {};
  }
  base::Status take(const RecordedGap& gap) {
    outcome_.recorded.lost += std::max<std::uint64_t>(gap.lost, 1);
    return {};
  }
  base::Status take(const RecordedEnd& end) {
    outcome_.recorded.ended = end.reason;
    if (end.reason != RecordedEnd::Reason::finished) return {};
    for (auto& rerun : reruns_) rerun.finish();
    return {};
  }
  base::Status take(const RecordingHeader& /*header*/) { return {}; }

  RecordingReader& reader_;
  const ReplayServices& services_;
  std::deque<Rerun> reruns_;
  ReplayOutcome outcome_;
};

}  // namespace

base::Result<ReplayOutcome> replay(RecordingReader& reader, std::span<const ReplayVariant> variants,
                                   const ReplayServices& services) {
  return Replay(reader, variants, services).run();
}

std::optional<ReplayDifference> first_difference(const RecordedRun& recorded, const ReplayedRun& run) {
  const std::size_t count = std::max(recorded.events.size(), run.events.size());
  const bool was_cut_off = recorded.damage || !recorded.ended || *recorded.ended == RecordedEnd::Reason::finished;
  for (std::size_t i = 0; i < count; ++i) {
    const bool has_recorded = i < recorded.events.size();
    const bool has_replayed = i < run.events.size();
    if (!has_recorded && was_cut_off && run.events[i].frame == recorded.last_frame) continue;
    ReplayDifference difference{i, has_recorded ? recorded.events[i] : "",
                                has_replayed ? events::to_cloud_event(run.events[i]) : ""};
    if (difference.recorded != difference.replayed) return difference;
  }
  return std::nullopt;
}

}  // namespace ocelli::engine
