// Detections of the product's own chain (Source, Decoder, Preprocessor, ONNX Runtime, head) as JSON lines, for
// accuracy_test.py and bench/resize_accuracy.py to compare with something else. Not installed.
//
//   detect_probe --card models/yolov8n.yaml --model yolov8n.onnx [options] INPUT…
//
// First line: what the model was told to do. Then a line for each frame: boxes are left, top, width, height in source
// pixels. With --dump the input tensor of each of these lines is appended to a file, float32, native byte order.

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
#include "infer/detector.h"
#include "infer/model_card.h"
#include "infer/tensor.h"
#include "media/decoder.h"
#include "media/source.h"
#include "vision/preprocess.h"

namespace {

using ocelli::base::Code;
using ocelli::base::Error;
using ocelli::base::Result;
using ocelli::base::Status;
using ocelli::media::Frame;
using ocelli::vision::ResizeFilter;

constexpr std::size_t kPoolFrames = 32;  // a decoder may hold many frames back for reordering

struct Options {
  std::string card;
  std::string model;
  std::optional<ResizeFilter> filter;  // absent: the card's
  std::optional<int> size_px;          // absent: the card's
  std::optional<float> score;          // absent: the card's
  std::uint64_t every = 1;
  std::string dump;
  std::vector<std::string> inputs;
};

std::string filter_name(ResizeFilter filter) {
  return filter == ResizeFilter::area ? "area" : "bilinear";
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
    OC_TRY(auto detector, ocelli::infer::Detector::create(card, std::move(session)));
    Probe probe(card, std::move(detector));
    if (!options.dump.empty()) OC_TRY_STATUS(probe.open_dump(options.dump));
    return probe;
  }

  void print_card() const {
    const nlohmann::ordered_json line = {{"width", card_.input.width},
                                         {"height", card_.input.height},
                                         {"filter", filter_name(card_.input.filter)},
                                         {"pad", card_.input.pad},
                                         {"score_threshold", card_.thresholds.score},
                                         {"nms_iou", card_.thresholds.nms_iou},
                                         {"labels", card_.labels}};
    std::cout << line.dump() << '\n';
  }

  Status run(const std::string& input, const Frame& frame) {
    OC_TRY(const auto detections, detector_->detect(frame, nullptr));
    auto list = nlohmann::ordered_json::array();
    for (const auto& detection : detections) {
      const auto& box = detection.box;
      list.push_back({{"class", detection.class_id},
                      {"score", detection.score},
                      {"box", {box.left, box.top, box.width, box.height}}});
    }
    const nlohmann::ordered_json line = {{"input", input},
                                         {"frame", frame.info().sequence},
                                         {"width", frame.width()},
                                         {"height", frame.height()},
                                         {"detections", list}};
    std::cout << line.dump() << '\n';
    return dump_ ? append_tensor(frame) : Status();
  }

 private:
  Probe(const ocelli::infer::ModelCard& card, std::unique_ptr<ocelli::infer::Detector> detector)
      : card_(card), detector_(std::move(detector)), preprocessor_(card.input) {}

  Status open_dump(const std::string& path) {
    if (card_.input.element != ocelli::vision::ElementType::float32) {
      return Error(Code::unsupported, "--dump needs a model with float32 input");
    }
    OC_TRY(auto tensor, ocelli::infer::TensorBuffer::allocate(preprocessor_.output_bytes()));
    tensor_ = std::make_unique<ocelli::infer::TensorBuffer>(std::move(tensor));
    dump_ = std::make_unique<std::ofstream>(path, std::ios::binary);
    return *dump_ ? Status() : Error(Code::unavailable, "cannot write " + path);
  }

  // The detector keeps its tensor to itself; the same kernel with the same settings writes the same one.
  Status append_tensor(const Frame& frame) {
    OC_TRY([[maybe_unused]] const auto letterbox, preprocessor_.run(frame, tensor_->data()));
    dump_->write(static_cast<const char*>(tensor_->data()), static_cast<std::streamsize>(tensor_->bytes()));
    return *dump_ ? Status() : Error(Code::unavailable, "the tensor could not be written: is the disk full?");
  }

  ocelli::infer::ModelCard card_;
  std::unique_ptr<ocelli::infer::Detector> detector_;
  ocelli::vision::Preprocessor preprocessor_;
  std::unique_ptr<ocelli::infer::TensorBuffer> tensor_;
  std::unique_ptr<std::ofstream> dump_;
};

/// Calls `use` for every frame of a photo or clip.
Status for_each_frame(const std::string& path, const std::function<Status(const Frame&)>& use) {
  ocelli::base::SystemClock clock;
  OC_TRY(const auto source, ocelli::media::Source::open({path}, clock, {}));
  ocelli::media::FramePool pool(kPoolFrames);
  OC_TRY(const auto decoder, ocelli::media::Decoder::create(*source, {}, pool, clock, {}));
  while (true) {
    const auto frame = decoder->receive();
    if (frame) {
      OC_TRY_STATUS(use(**frame));
      continue;
    }
    if (frame.error().code() == Code::end_of_stream) return {};
    if (frame.error().code() != Code::need_input) return frame.error();
    const auto packet = source->read();
    if (packet) {
      OC_TRY_STATUS(decoder->send(*packet));
    } else if (packet.error().code() == Code::end_of_stream) {
      OC_TRY_STATUS(decoder->drain());
    } else {
      return packet.error();
    }
  }
}

Status run(const Options& options) {
  OC_TRY(auto probe, Probe::create(options));
  probe.print_card();
  for (const auto& input : options.inputs) {
    OC_TRY_STATUS(for_each_frame(input, [&](const Frame& frame) {
      return frame.info().sequence % options.every == 0 ? probe.run(input, frame) : Status();
    }));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::vector<std::pair<std::string, ResizeFilter>> filters = {{"area", ResizeFilter::area},
                                                                     {"bilinear", ResizeFilter::bilinear}};
  CLI::App app("Prints what the model finds in photos and clips");
  app.add_option("--card", options.card, "Model card")->required();
  app.add_option("--model", options.model, "ONNX file")->required();
  app.add_option("--filter", options.filter, "Instead of the card's")->transform(CLI::CheckedTransformer(filters));
  app.add_option("--size", options.size_px, "Side of the model's input, instead of the card's")
      ->check(CLI::Range(32, 4096));
  app.add_option("--score", options.score, "Least score, instead of the card's")->check(CLI::Range(0.0, 1.0));
  app.add_option("--frames", options.every, "Use every Nth frame")->check(CLI::Range(1, 100'000));
  app.add_option("--dump", options.dump, "File for the input tensors");
  app.add_option("INPUT", options.inputs, "Photos and clips")->required();
  CLI11_PARSE(app, argc, argv);
  if (const Status status = run(options); !status) {
    std::cerr << "detect_probe: " << status.error().message() << '\n';
    return 1;
  }
  return 0;
}
