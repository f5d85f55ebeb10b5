// Results of the product's own chain (Source, Decoder, Preprocessor, ONNX Runtime, head) as JSON lines, for
// accuracy_test.py and bench/resize_accuracy.py to compare with something else. Not installed.
//
//   task_probe --card models/yolov8n.yaml --model yolov8n.onnx [options] INPUT…
//
// First line: what the model was told to do. Then a line for each frame, or for each --region of each frame, with what
// the card's task gives: detections (boxes are left, top, width, height in source pixels), classes or an embedding.
// With --dump the input tensor of each of these lines is appended to a file, native byte order.

#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "infer/backend.h"
#include "infer/classification_head.h"
#include "infer/detection_head.h"
#include "infer/embedding_head.h"
#include "infer/model_card.h"
#include "infer/task_runner.h"
#include "infer/tensor.h"
#include "media/frame_reader.h"
#include "vision/preprocess.h"

namespace {

using nlohmann::ordered_json;
using ocelli::base::Code;
using ocelli::base::Error;
using ocelli::base::Result;
using ocelli::base::Status;
using ocelli::infer::ModelCard;
using ocelli::infer::Session;
using ocelli::infer::Task;
using ocelli::infer::TaskRunner;
using ocelli::media::Frame;
using ocelli::vision::PixelRegion;
using ocelli::vision::ResizeFilter;

struct Options {
  std::string card;
  std::string model;
  std::optional<ResizeFilter> filter;  // absent: the card's
  std::optional<int> size_px;          // absent: the card's
  std::optional<float> score;          // absent: the card's
  std::uint64_t every = 1;
  std::string dump;
  std::vector<std::string> inputs;
  std::vector<std::vector<float>> regions;  // left, top, width, height
};

std::string filter_name(ResizeFilter filter) {
  return filter == ResizeFilter::area ? "area" : "bilinear";
}

std::string fit_name(ocelli::vision::Fit fit) {
  switch (fit) {
    case ocelli::vision::Fit::center:
      return "center";
    case ocelli::vision::Fit::top_left:
      return "top_left";
    case ocelli::vision::Fit::stretch:
      return "stretch";
    case ocelli::vision::Fit::crop:
      return "crop";
  }
  return "";
}

std::string layout_name(ocelli::infer::OutputLayout layout) {
  using ocelli::infer::OutputLayout;
  switch (layout) {
    case OutputLayout::yolov8:
      return "yolov8";
    case OutputLayout::yolox:
      return "yolox";
    case OutputLayout::logits:
      return "logits";
    case OutputLayout::probabilities:
      return "probabilities";
    case OutputLayout::embedding:
      return "embedding";
    case OutputLayout::text_map:
      return "text_map";
    case OutputLayout::ctc:
      return "ctc";
    case OutputLayout::custom:
      return "custom";
  }
  return "";
}

ordered_json as_json(const ocelli::infer::Detections& detections) {
  auto list = ordered_json::array();
  for (const auto& [box, score, class_id] : detections) {
    list.push_back({{"class", class_id}, {"score", score}, {"box", {box.left, box.top, box.width, box.height}}});
  }
  return list;
}

ordered_json as_json(const ocelli::infer::Classification& classes) {
  auto list = ordered_json::array();
  for (const auto& [class_id, score] : classes) list.push_back({{"class", class_id}, {"score", score}});
  return list;
}

ordered_json as_json(const ocelli::infer::Embedding& embedding) {
  return embedding.values;
}

/// The model's task, whatever its type of result.
using RunTask = std::function<Result<ordered_json>(const Frame&, const PixelRegion&)>;

template <class Output>
Result<RunTask> make_task(const ModelCard& card, std::shared_ptr<Session> session,
                          Result<std::unique_ptr<ocelli::infer::TaskHead<Output>>> head) {
  if (!head) return head.error();
  OC_TRY(auto runner, TaskRunner<Output>::create(card, std::move(session), std::move(*head)));
  auto shared = std::make_shared<TaskRunner<Output>>(std::move(runner));  // by the copies of the function
  return RunTask([shared](const Frame& frame, const PixelRegion& region) -> Result<ordered_json> {
    OC_TRY(const auto output, shared->run(frame, region, nullptr));
    return as_json(output);
  });
}

Result<RunTask> make_task(const ModelCard& card, std::shared_ptr<Session> session) {
  switch (card.task) {
    case Task::detection:
      return make_task(card, std::move(session), ocelli::infer::make_detection_head(card));
    case Task::classification:
      return make_task(card, std::move(session), ocelli::infer::make_classification_head(card));
    case Task::reid:
      return make_task(card, std::move(session), ocelli::infer::make_embedding_head(card));
    default:
      return Error(Code::unsupported, card.name + " is of a task that is not known here");
  }
}

std::string result_name(Task task) {
  return task == Task::detection ? "detections" : task == Task::classification ? "classes" : "embedding";
}

/// The model under test with the card as the options changed it, and the file that its input tensors go to, if any.
class Probe {
 public:
  static Result<Probe> create(const Options& options) {
    OC_TRY(auto card, ocelli::infer::load_model_card(options.card));
    card.input.filter = options.filter.value_or(card.input.filter);
    card.input.width = options.size_px.value_or(card.input.width);
    card.input.height = options.size_px.value_or(card.input.height);
    card.thresholds.score = options.score.value_or(card.thresholds.score);
    OC_TRY(const auto backend, ocelli::infer::make_onnx_backend());
    OC_TRY(auto session, backend->load(options.model, {}));
    OC_TRY(auto task, make_task(card, std::move(session)));
    Probe probe(card, std::move(task));
    if (!options.dump.empty()) OC_TRY_STATUS(probe.open_dump(options.dump));
    return probe;
  }

  void print_card() const {
    const auto& input = card_.input;
    const ordered_json line = {{"task", ocelli::infer::task_name(card_.task)},
                               {"layout", layout_name(card_.layout)},
                               {"width", input.width},
                               {"height", input.height},
                               {"element", input.element == ocelli::vision::ElementType::uint8 ? "uint8" : "float32"},
                               {"interleaved", input.layout == ocelli::vision::TensorLayout::interleaved},
                               {"channels", input.order == ocelli::vision::ChannelOrder::rgb ? "rgb" : "bgr"},
                               {"scale", input.scale},
                               {"mean", input.mean},
                               {"deviation", input.deviation},
                               {"filter", filter_name(input.filter)},
                               {"fit", fit_name(input.fit)},
                               {"pad", input.pad},
                               {"output_scale", card_.output_scale},
                               {"score_threshold", card_.thresholds.score},
                               {"nms_iou", card_.thresholds.nms_iou},
                               {"labels", card_.labels}};
    std::cout << line.dump() << '\n';
  }

  Status run(const std::string& input, const Frame& frame, const PixelRegion& region) {
    OC_TRY(const auto result, task_(frame, region));
    const ordered_json line = {{"input", input},
                               {"frame", frame.info().sequence},
                               {"width", frame.width()},
                               {"height", frame.height()},
                               {"region", {region.left, region.top, region.width, region.height}},
                               {result_name(card_.task), result}};
    std::cout << line.dump() << '\n';
    return dump_ ? append_tensor(frame, region) : Status();
  }

 private:
  Probe(const ModelCard& card, RunTask task) : card_(card), task_(std::move(task)), preprocessor_(card.input) {}

  Status open_dump(const std::string& path) {
    OC_TRY(auto tensor, ocelli::infer::TensorBuffer::allocate(preprocessor_.output_bytes()));
    tensor_ = std::make_unique<ocelli::infer::TensorBuffer>(std::move(tensor));
    dump_ = std::make_unique<std::ofstream>(path, std::ios::binary);
    return *dump_ ? Status() : Error(Code::unavailable, "cannot write " + path);
  }

  // The task keeps its tensor to itself; the same kernel with the same settings writes the same one.
  Status append_tensor(const Frame& frame, const PixelRegion& region) {
    OC_TRY([[maybe_unused]] const auto letterbox, preprocessor_.run(frame, region, tensor_->data()));
    dump_->write(static_cast<const char*>(tensor_->data()), static_cast<std::streamsize>(tensor_->bytes()));
    return *dump_ ? Status() : Error(Code::unavailable, "the tensor could not be written: is the disk full?");
  }

  ModelCard card_;
  RunTask task_;
  ocelli::vision::Preprocessor preprocessor_;
  std::unique_ptr<ocelli::infer::TensorBuffer> tensor_;
  std::unique_ptr<std::ofstream> dump_;
};

/// Calls `use` for every frame of a photo or clip.
Status for_each_frame(const std::string& path, const std::function<Status(const Frame&)>& use) {
  ocelli::base::SystemClock clock;
  OC_TRY(const auto reader, ocelli::media::FrameReader::open({path}, clock, {}));
  while (true) {
    const auto frame = reader->next();
    if (!frame) return frame.error().code() == Code::end_of_stream ? Status() : frame.error();
    OC_TRY_STATUS(use(**frame));
  }
}

Status run_on_frame(Probe& probe, const std::string& input, const Frame& frame, const Options& options) {
  if (options.regions.empty()) return probe.run(input, frame, ocelli::infer::whole(frame));
  for (const auto& box : options.regions) {
    const auto region = ocelli::vision::region_of({box[0], box[1], box[2], box[3]}, frame.width(), frame.height());
    OC_TRY_STATUS(probe.run(input, frame, region));
  }
  return {};
}

Status run(const Options& options) {
  OC_TRY(auto probe, Probe::create(options));
  probe.print_card();
  for (const auto& input : options.inputs) {
    OC_TRY_STATUS(for_each_frame(input, [&](const Frame& frame) {
      return frame.info().sequence % options.every == 0 ? run_on_frame(probe, input, frame, options) : Status();
    }));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::vector<std::pair<std::string, ResizeFilter>> filters = {{"area", ResizeFilter::area},
                                                                     {"bilinear", ResizeFilter::bilinear}};
  CLI::App app("Prints what the model makes of photos and clips");
  app.add_option("--card", options.card, "Model card")->required();
  app.add_option("--model", options.model, "ONNX file")->required();
  app.add_option("--filter", options.filter, "Instead of the card's")->transform(CLI::CheckedTransformer(filters));
  app.add_option("--size", options.size_px, "Side of the model's input, instead of the card's")
      ->check(CLI::Range(32, 4096));
  app.add_option("--score", options.score, "Least score, instead of the card's")->check(CLI::Range(0.0, 1.0));
  app.add_option("--frames", options.every, "Use every Nth frame")->check(CLI::Range(1, 100'000));
  app.add_option("--region", options.regions, "LEFT TOP WIDTH HEIGHT of a part to look at, instead of all; repeatable")
      ->type_size(4);
  app.add_option("--dump", options.dump, "File for the input tensors");
  app.add_option("INPUT", options.inputs, "Photos and clips")->required();
  CLI11_PARSE(app, argc, argv);
  if (const Status status = run(options); !status) {
    std::cerr << "task_probe: " << status.error().message() << '\n';
    return 1;
  }
  return 0;
}
