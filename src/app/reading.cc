#include "app/reading.h"

#include <utility>

#include "app/internal/picture_json.h"
#include "app/model_setup.h"

namespace ocelli::app {
namespace {

std::string line_of(const std::string& input, const media::Frame& frame, const infer::TextLines& lines) {
  auto json = internal::frame_json(input, frame);
  json["lines"] = internal::lines_json(lines);
  return internal::text_of(json) + "\n";
}

base::Result<infer::TextModels::Model> load(config::ModelConfig config, const std::string& name, infer::Task task) {
  config.name = name;
  config.score = 0;                                 // is of detections
  config.precision = infer::PrecisionChoice::fp32;  // what the others would cost in characters is not known
  OC_TRY(auto model, load_model(config, task));
  return infer::TextModels::Model{std::move(model.card), std::move(model.session)};
}

}  // namespace

base::Result<infer::TextModels> load_text_models(const config::ModelConfig& model) {
  infer::TextModels models;
  OC_TRY(models.detection, load(model, "ppocr_v6_detection", infer::Task::text_detection));
  OC_TRY(models.direction, load(model, "ppocr_v2_direction", infer::Task::text_direction));
  OC_TRY(models.recognition, load(model, "ppocr_v6_recognition", infer::Task::text_recognition));
  return models;
}

base::Result<ReadingJob> ReadingJob::create(const ReadingConfig& config, const infer::TextModels& models) {
  OC_TRY(auto reader, infer::TextReader::create(models, {}));
  OC_TRY_STATUS(ensure_output_folder(config.folder));
  OC_TRY(auto file, AtomicFile::create(config.folder + "/lines.jsonl"));
  return ReadingJob(config, std::move(file), std::move(reader));
}

base::Status ReadingJob::read(const std::string& input, const media::Frame& frame, ReadingReport& report) {
  OC_TRY(report.frame_lines, reader_.read(frame, nullptr));
  report.lines += report.frame_lines.size();
  auto written = file_.write(line_of(input, frame, report.frame_lines));
  file_failed_ = !written;
  return written;
}

base::Result<ReadingReport> ReadingJob::run(const std::string& input, base::Clock& clock, const std::stop_token& stop) {
  ReadingReport report;
  OC_TRY(report.frames, walk_frames(input, config_.range, clock, stop,
                                    [&](const media::Frame& frame) { return read(input, frame, report); }));
  return report;
}

}  // namespace ocelli::app
