#include "app/reading.h"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "app/model_setup.h"
#include "media/address.h"
#include "media/media_time.h"

namespace ocelli::app {
namespace {

/// A tenth of a pixel is finer than any of it is known.
double rounded(float pixels) {
  return std::round(static_cast<double>(pixels) * 10) / 10;
}

std::string line_of(const std::string& input, const media::Frame& frame, const infer::TextLines& lines) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& line : lines) {
    auto corners = nlohmann::ordered_json::array();
    for (const auto& corner : line.area.corners) corners.push_back({rounded(corner.x), rounded(corner.y)});
    list.push_back({{"text", line.text}, {"score", line.score}, {"corners", std::move(corners)}});
  }
  const nlohmann::ordered_json json{{"input", media::redact_url(input)},
                                    {"frame", frame.info().sequence},
                                    {"time_s", std::round(media::to_seconds(frame.time()) * 1000) / 1000},
                                    {"width", frame.width()},
                                    {"height", frame.height()},
                                    {"lines", std::move(list)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

base::Result<infer::TextModels::Model> load(config::ModelConfig config, const std::string& name, infer::Task task) {
  config.name = name;
  config.precision = infer::PrecisionChoice::fp32;  // what the others would cost in characters is not known
  OC_TRY(auto model, load_model(config, task));
  return infer::TextModels::Model{std::move(model.card), std::move(model.session)};
}

}  // namespace

base::Result<infer::TextReader> load_text_reader(const config::ModelConfig& model) {
  infer::TextModels models;
  OC_TRY(models.detection, load(model, "ppocr_v6_detection", infer::Task::text_detection));
  OC_TRY(models.direction, load(model, "ppocr_v2_direction", infer::Task::text_direction));
  OC_TRY(models.recognition, load(model, "ppocr_v6_recognition", infer::Task::text_recognition));
  return infer::TextReader::create(models, {});
}

base::Result<ReadingJob> ReadingJob::create(const ReadingConfig& config, infer::TextReader reader) {
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
