#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "app/model_setup.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/result.h"
#include "config/site_config.h"
#include "engine/stream.h"
#include "store/event_store.h"

namespace ocelli::app {

enum class ResultFormat { jsonl, mot, coco };

/// One input → one folder of results.
struct AnalysisConfig {
  engine::StreamConfig stream;
  std::string folder;
  std::set<ResultFormat> formats{ResultFormat::jsonl, ResultFormat::mot};
  enum class Pictures { none, annotated };
  Pictures pictures = Pictures::none;
  Progress::Style progress = Progress::Style::none;
  std::string recording;  ///< folder of a recording for `ocelli replay`; empty: none
  std::uint64_t most_recorded_bytes = 0;
  config::ModelConfig model;  ///< for the recording to tell
};

/// What all inputs of one command share.
struct AnalysisServices {
  base::Clock& clock;
  base::Executor& workers;
  base::Logger logger;
  base::Tracer* tracer;
  const infer::LoadedModel& model;
  store::EventStore* store = nullptr;  ///< null: nothing is stored
};

struct AnalysisReport {
  engine::StreamStatus status;
  std::map<std::string, std::uint64_t> events_by_type;
  std::chrono::nanoseconds wall_time{};
  std::vector<std::string> files;
  std::vector<std::string> warnings;  ///< of the result files, one line each
  base::Status input;                 ///< how the input ended: success, `cancelled`, or what is wrong with it
};

/// All names that analyse() may give to files in its folder.
inline constexpr std::array<std::string_view, 11> kResultNames{
    "summary.json",      "events.jsonl",  "tracks.csv",  "coco.json",        "annotated.mp4", "annotated.jpg",
    "contact-sheet.jpg", "classes.jsonl", "lines.jsonl", "embeddings.jsonl", "inspect.jsonl"};

/// Analyses one input to its end and leaves events.jsonl, tracks.csv, coco.json, annotated.mp4, contact-sheet.jpg as
/// asked, and summary.json, complete under their names. An input that fails or is interrupted in the middle still
/// leaves what was found until then. Results of an earlier analysis are removed first, so that old and new are never
/// mixed. `unavailable` or `exhausted`: a result could not be written.
base::Result<AnalysisReport> analyse(const AnalysisConfig& config, const AnalysisServices& services,
                                     std::stop_token stop);

}  // namespace ocelli::app
