#include "app/look_job.h"

#include <variant>

#include <fmt/format.h>

#include "app/internal/picture_json.h"

namespace ocelli::app {
namespace {

std::string describe(const InspectedObject& object, const PictureModelInfo& info) {
  std::string line = fmt::format("{} {:.2f}", info.labels.at(static_cast<std::size_t>(object.detection.class_id)),
                                 object.detection.score);
  if (!object.classes.empty()) {
    const auto& best = object.classes.front();
    line += fmt::format(": {} {:.2f}", info.look_labels.at(static_cast<std::size_t>(best.class_id)), best.score);
  }
  for (const auto& text : object.lines) line += fmt::format(", \"{}\"", text.text);
  return line;
}

std::vector<std::string> describe(const PictureResult& result, const PictureModelInfo& info) {
  std::vector<std::string> lines;
  if (const auto* inspection = std::get_if<Inspection>(&result)) {
    for (const auto& object : inspection->objects) lines.push_back(describe(object, info));
  } else if (const auto* embedding = std::get_if<infer::Embedding>(&result)) {
    lines.push_back(fmt::format("{} numbers", embedding->values.size()));
  }
  return lines;
}

}  // namespace

base::Result<LookJob> LookJob::create(const LookConfig& config, std::unique_ptr<PictureModel> model) {
  OC_TRY_STATUS(ensure_output_folder(config.folder));
  OC_TRY(auto file, AtomicFile::create(config.folder + "/" + config.file));
  return LookJob(config, std::move(file), std::move(model));
}

base::Status LookJob::look(const std::string& input, const media::Frame& frame, LookReport& report) {
  OC_TRY(const auto answer, model_->look(frame));
  report.last = describe(answer.result, model_->info());
  auto json = internal::frame_json(input, frame);
  internal::add_result(json, answer.result, model_->info());
  auto written = file_.write(internal::text_of(json) + "\n");
  file_failed_ = !written;
  return written;
}

base::Result<LookReport> LookJob::run(const std::string& input, base::Clock& clock, const std::stop_token& stop) {
  LookReport report;
  OC_TRY(report.frames, walk_frames(input, config_.range, clock, stop,
                                    [&](const media::Frame& frame) { return look(input, frame, report); }));
  return report;
}

}  // namespace ocelli::app
