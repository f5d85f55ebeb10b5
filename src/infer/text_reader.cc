#include "infer/text_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "infer/model_output.h"

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;

constexpr float kLineStepPx = 10;       // of the picture; as the models' own pipeline
constexpr int kLeastSidePx = 4;         // of a region in the picture
constexpr float kStandingRatio = 1.5F;  // a region so much taller than wide is text that was turned by a quarter
constexpr int kMostPictureSidePx = 2000;
constexpr int kWideRatio = 8;      // width / height above which a picture is a single line
constexpr int kLowPicturePx = 30;  // and height up to which it is one
constexpr int kCanvasStepPx = 32;  // by which the detector halves its input
// Widths of the recogniser's input: every further one costs the runtime a memory plan, so they come in steps.
constexpr int kWidthStepPx = 32;
constexpr int kMostWidthPx = 4096;

int round_to_step(double size) {
  return std::max(1, static_cast<int>(std::lround(size / kCanvasStepPx))) * kCanvasStepPx;
}

vision::PixelPoint inside(vision::PixelPoint point, const vision::PixelRegion& region) {
  return {std::clamp(point.x, static_cast<float>(region.left), static_cast<float>(region.right() - 1)),
          std::clamp(point.y, static_cast<float>(region.top), static_cast<float>(region.bottom() - 1))};
}

/// From the map, which has the canvas's pixels, to the picture.
vision::Quadrilateral to_source(vision::Quadrilateral area, const vision::Letterbox& letterbox) {
  for (auto& corner : area.corners) {
    const vision::PixelBox point = letterbox.to_source({corner.x, corner.y, 0, 0});
    corner = inside({point.left, point.top}, letterbox.source);
  }
  return area;
}

bool readable(const vision::Quadrilateral& area) {
  return area.finite() && vision::Quadrilateral::distance(area.corners[0], area.corners[1]) >= kLeastSidePx &&
         vision::Quadrilateral::distance(area.corners[0], area.corners[3]) >= kLeastSidePx;
}

bool blank(const std::string& text) {
  return text.find_first_not_of(" \t") == std::string::npos || text == "\u3000";
}

/// Width that a line has when it is as high as the input.
int scaled_width(const media::Frame& line, int height) {
  return static_cast<int>(std::ceil(static_cast<double>(height) * line.width() / line.height()));
}

int recogniser_width(const media::Frame& line, const vision::InputSpec& input) {
  const int width = std::clamp(scaled_width(line, input.height), input.width, kMostWidthPx);
  return (width + kWidthStepPx - 1) / kWidthStepPx * kWidthStepPx;
}

std::size_t floats_of(int width, int height) {
  return 3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
}

}  // namespace

DetectionCanvas detection_canvas(int width, int height, const vision::InputSpec& input) {
  DetectionCanvas canvas;
  double high = height;
  if (height <= kLowPicturePx || width > kWideRatio * height) {
    high = 2.0 * std::max(width / kWideRatio, kLowPicturePx);
    canvas.fit = vision::Fit::center;
  }
  const double shorter = std::min<double>(width, high);
  const double longer = std::max<double>(width, high);
  double scale = std::max(1.0, std::min(input.height / shorter, input.width / longer));
  scale = std::min(scale, kMostPictureSidePx / longer);
  canvas.width = round_to_step(width * scale);
  canvas.height = round_to_step(high * scale);
  return canvas;
}

base::Result<TextReader::Stage> TextReader::make_stage(const TextModels::Model& model, Task task) {
  if (model.card.task != task) return wrong_task(model.card, task);
  const Session& session = *model.session;
  const bool one_each = session.inputs().size() == 1 && session.outputs().size() == 1;
  if (!one_each) return misfit(model.card.name, "several inputs or outputs", "one of each");
  const TensorSpec& input = session.inputs()[0];
  const bool fits = input.type == ElementType::float32 && input.shape.size() == 4 &&
                    (input.shape[1] == 3 || input.shape[1] < 0) && session.outputs()[0].type == ElementType::float32;
  if (!fits) return misfit(model.card.name, "input " + input.to_string(), "float32[?,3,height,width]");
  Stage stage{model.card.input, model.session, nullptr, vision::Preprocessor(model.card.input)};
  OC_TRY(stage.binding, model.session->make_open_binding());
  return stage;
}

base::Result<TextReader> TextReader::create(const TextModels& models, const TextReaderConfig& config) {
  OC_TRY(auto detection, make_stage(models.detection, Task::text_detection));
  OC_TRY(auto direction, make_stage(models.direction, Task::text_direction));
  OC_TRY(auto recognition, make_stage(models.recognition, Task::text_recognition));
  OC_TRY(const auto characters, recognition.session->metadata("character"));
  CtcDecoder decoder(characters);
  const TensorSpec& output = recognition.session->outputs()[0];
  const auto count = static_cast<std::int64_t>(decoder.character_count());
  if (output.shape.size() != 3 || (output.shape[2] >= 0 && output.shape[2] != count)) {
    return misfit(models.recognition.card.name, "output " + output.to_string(),
                  "float32[?,?," + std::to_string(count) + "] for the characters that it carries");
  }
  return TextReader(config, std::move(detection), std::move(direction), std::move(recognition), std::move(decoder));
}

base::Result<std::vector<TextRegion>> TextReader::find(const media::Frame& frame) {
  const DetectionCanvas canvas = detection_canvas(frame.width(), frame.height(), detection_.input);
  const std::array<std::int64_t, 4> shape{1, 3, canvas.height, canvas.width};
  OC_TRY(void* input, detection_.binding->shape_input(0, shape));
  vision::InputSpec spec = detection_.input;
  spec.width = canvas.width;
  spec.height = canvas.height;
  spec.fit = canvas.fit;
  spec.pad = 0;
  detection_.preprocessor.change(spec);
  OC_TRY(const auto letterbox, detection_.preprocessor.run(frame, input));
  OC_TRY_STATUS(detection_.binding->run());
  OC_TRY(auto regions, find_text(detection_.binding->output(0).floats(), canvas.width, canvas.height, config_.regions));
  for (auto& region : regions) region.area = to_source(region.area, letterbox);
  std::erase_if(regions, [](const TextRegion& region) { return !readable(region.area); });
  sort_for_reading(regions, kLineStepPx);
  return regions;
}

base::Result<std::vector<media::FramePtr>> TextReader::cut(const std::vector<TextRegion>& regions) const {
  std::vector<media::FramePtr> lines;
  for (const auto& region : regions) {
    OC_TRY(auto line, rectifier_.cut(region.area));
    if (static_cast<float>(line->height()) >= kStandingRatio * static_cast<float>(line->width())) {
      OC_TRY(line, vision::turned(*line, vision::Turn::quarter_left));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

base::Status TextReader::turn_over(std::vector<media::FramePtr>& lines) {
  const vision::InputSpec& input = direction_.input;
  const std::array<std::int64_t, 4> shape{static_cast<std::int64_t>(lines.size()), 3, input.height, input.width};
  OC_TRY(void* memory, direction_.binding->shape_input(0, shape));
  auto* tensor = static_cast<float*>(memory);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // Longer lines are squeezed, as the model was taught.
    vision::InputSpec spec = input;
    if (scaled_width(*lines[i], input.height) > input.width) spec.fit = vision::Fit::stretch;
    float* target = tensor + i * floats_of(input.width, input.height);
    direction_.preprocessor.change(spec);
    OC_TRY([[maybe_unused]] const auto letterbox, direction_.preprocessor.run(*lines[i], target));
  }
  OC_TRY_STATUS(direction_.binding->run());
  const auto scores = direction_.binding->output(0).floats();
  if (scores.size() != 2 * lines.size()) {
    return Error(Code::corrupt, "the direction model does not say upright or not for each line");
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool turned_over = scores[2 * i + 1] > scores[2 * i] && scores[2 * i + 1] > config_.direction_score;
    if (!turned_over) continue;
    OC_TRY(lines[i], vision::turned(*lines[i], vision::Turn::half));
  }
  return {};
}

base::Result<RecognisedText> TextReader::recognise(const media::Frame& line) {
  vision::InputSpec spec = recognition_.input;
  spec.width = recogniser_width(line, recognition_.input);
  if (scaled_width(line, spec.height) > spec.width) spec.fit = vision::Fit::stretch;
  const std::array<std::int64_t, 4> shape{1, 3, spec.height, spec.width};
  OC_TRY(void* input, recognition_.binding->shape_input(0, shape));
  recognition_.preprocessor.change(spec);
  OC_TRY([[maybe_unused]] const auto letterbox, recognition_.preprocessor.run(line, input));
  OC_TRY_STATUS(recognition_.binding->run());
  return decoder_.decode(recognition_.binding->output(0).floats());
}

base::Result<TextLines> TextReader::read(const media::Frame& frame, base::Tracer* tracer) {
  TextLines found;
  std::vector<TextRegion> regions;
  {
    const base::TraceSpan span(tracer, "find text");
    OC_TRY(regions, find(frame));
  }
  if (regions.empty()) return found;
  std::vector<media::FramePtr> lines;
  {
    const base::TraceSpan span(tracer, "cut lines");
    OC_TRY_STATUS(rectifier_.load(frame));
    OC_TRY(lines, cut(regions));
    OC_TRY_STATUS(turn_over(lines));
  }
  const base::TraceSpan span(tracer, "recognise");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    OC_TRY(auto text, recognise(*lines[i]));
    if (text.score < config_.least_score || blank(text.text)) continue;
    found.push_back({regions[i].area, std::move(text.text), text.score});
  }
  return found;
}

}  // namespace ocelli::infer
