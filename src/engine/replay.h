#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/recording_reader.h"
#include "engine/scene_stages.h"
#include "infer/detector.h"

namespace ocelli::engine {

/// One way of judging a recording again. A value; what it points to outlives the replay.
struct ReplayVariant {
  SceneConfig scene;
  double max_fps = 0;                   ///< of what was analysed, only so much is looked at; 0: all
  double least_score = 0;               ///< recorded detections below are left out
  infer::Detector* detector = nullptr;  ///< looks at the recorded pictures again; null: the recorded detections
};

/// What came of one variant.
struct ReplayedRun {
  std::vector<events::Event> events;
  std::vector<events::NearMiss> near_misses;  ///< the first hundred thousand
  std::uint64_t frames = 0;
  std::uint64_t frames_without_picture = 0;  ///< left out, since the recording does not hold them any more
};

/// What the recording itself said.
struct RecordedRun {
  std::vector<std::string> events;  ///< as CloudEvents, byte by byte
  std::uint64_t frames = 0;
  std::optional<media::MediaTime> begin;     ///< of the first frame
  media::MediaTime end{};                    ///< of the last frame
  std::uint64_t last_frame = 0;              ///< its number
  bool has_beginning = true;                 ///< else older parts were removed
  std::uint64_t lost = 0;                    ///< frames and events, in gaps
  std::optional<RecordedEnd::Reason> ended;  ///< none: the recorder was killed
  std::optional<std::string> damage;         ///< why the rest could not be used

  /// Whether the same configuration must give the same bytes.
  bool is_comparable() const { return has_beginning && lost == 0; }
};

struct ReplayOutcome {
  RecordedRun recorded;
  std::vector<ReplayedRun> runs;  ///< as the variants
};

struct ReplayServices {
  base::Clock& clock;
  std::stop_token stop;
  std::function<void(std::uint64_t frames, media::MediaTime)> progress;  ///< after each frame; may be empty
};

/// Runs a recording again, all variants side by side, frame by frame. Memory is that of the events. `cancelled` when
/// asked to stop; else fails with the reader's or a detector's error.
base::Result<ReplayOutcome> replay(RecordingReader& reader, std::span<const ReplayVariant> variants,
                                   const ReplayServices& services);

/// How the events that a run wrote and those of its replay differ first.
struct ReplayDifference {
  std::size_t event = 0;  ///< counts from 0
  std::string recorded;   ///< empty: there is none
  std::string replayed;
};
/// Nothing when they are equal byte by byte. Of a recording that was cut off, events of its last frame may be missing.
std::optional<ReplayDifference> first_difference(const RecordedRun& recorded, const ReplayedRun& run);

}  // namespace ocelli::engine
