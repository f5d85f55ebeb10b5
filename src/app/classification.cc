#include "app/classification.h"

#include <algorithm>
#include <utility>

#include "app/internal/picture_json.h"

namespace ocelli::app {
namespace {

std::string line_of(const std::string& input, const media::Frame& frame, const infer::Classification& classes,
                    const std::vector<std::string>& labels) {
  auto json = internal::frame_json(input, frame);
  json["classes"] = internal::classes_json(classes, labels);
  return internal::text_of(json) + "\n";
}

}  // namespace

base::Result<ClassificationJob> ClassificationJob::create(const ClassificationConfig& config,
                                                          const infer::LoadedModel& model) {
  OC_TRY(auto head, infer::make_classification_head(model.card));
  OC_TRY(auto runner, infer::TaskRunner<infer::Classification>::create(model.card, model.session, std::move(head)));
  OC_TRY_STATUS(ensure_output_folder(config.folder));
  OC_TRY(auto file, AtomicFile::create(config.folder + "/classes.jsonl"));
  return ClassificationJob(config, std::move(file), model, std::move(runner));
}

base::Status ClassificationJob::classify(const std::string& input, const media::Frame& frame) {
  OC_TRY(const auto classes, runner_.run(frame, nullptr));
  if (!classes.empty()) {
    ++best_[classes.front().class_id];
    scores_[classes.front().class_id] = classes.front().score;
  }
  auto written = file_.write(line_of(input, frame, classes, labels_));
  file_failed_ = !written;
  return written;
}

base::Result<ClassificationReport> ClassificationJob::run(const std::string& input, base::Clock& clock,
                                                          const std::stop_token& stop) {
  best_.clear();
  scores_.clear();
  ClassificationReport report;
  OC_TRY(report.frames, walk_frames(input, config_.range, clock, stop,
                                    [&](const media::Frame& frame) { return classify(input, frame); }));
  const auto most =
      std::max_element(best_.begin(), best_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != best_.end()) {
    report.label = labels_[static_cast<std::size_t>(most->first)];
    report.label_frames = most->second;
    report.score = scores_[most->first];
  }
  return report;
}

}  // namespace ocelli::app
