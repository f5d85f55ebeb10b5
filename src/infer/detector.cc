#include "infer/detector.h"

#include <chrono>
#include <span>
#include <utility>

#include "infer/detection_head.h"
#include "vision/preprocess.h"

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;
using SteadyClock = std::chrono::steady_clock;  // measures the machine, so not the injected clock

ElementType tensor_type(vision::ElementType type) {
  switch (type) {
    case vision::ElementType::float32:
      return ElementType::float32;
    case vision::ElementType::float16:
      return ElementType::float16;
    case vision::ElementType::uint8:
      return ElementType::uint8;
  }
  return ElementType::float32;
}

base::Status check_fit(const ModelCard& card, const Session& session) {
  const auto refuse = [&](const std::string& found, const std::string& expected) {
    return Error(Code::invalid,
                 "model " + card.name + " does not fit its card: it has " + found + ", the card says " + expected);
  };
  if (session.inputs().size() != 1 || session.outputs().size() != 1) {
    return refuse(std::to_string(session.inputs().size()) + " inputs and " + std::to_string(session.outputs().size()) +
                      " outputs",
                  "one of each");
  }
  const TensorSpec& input = session.inputs()[0];
  const TensorSpec expected_input{
      input.name, tensor_type(card.input.element), {1, 3, card.input.height, card.input.width}};
  const bool batch_fits = !input.shape.empty() && (input.shape[0] == 1 || input.shape[0] < 0);
  const bool rest_fits = input.shape.size() == 4 &&
                         std::equal(input.shape.begin() + 1, input.shape.end(), expected_input.shape.begin() + 1);
  if (!batch_fits || !rest_fits || input.type != expected_input.type) {
    return refuse("input " + input.to_string(), expected_input.to_string());
  }
  const TensorSpec& output = session.outputs()[0];
  const auto rows = static_cast<std::int64_t>(4 + card.labels.size());
  if (output.shape.size() != 3 || output.shape[1] != rows || output.shape[2] < 1 ||
      output.type != ElementType::float32) {
    return refuse("output " + output.to_string(), "float32[1," + std::to_string(rows) + ",anchors] for " +
                                                      std::to_string(card.labels.size()) + " labels");
  }
  return {};
}

class CardDetector final : public Detector {
 public:
  CardDetector(const ModelCard& card, std::shared_ptr<Session> session, std::unique_ptr<Binding> binding)
      : session_(std::move(session)),
        binding_(std::move(binding)),
        preprocessor_(card.input),
        labels_(card.labels),
        class_groups_(card.class_groups) {
    head_.class_count = static_cast<int>(card.labels.size());
    head_.thresholds = card.thresholds;
    anchor_count_ = static_cast<std::size_t>(session_->outputs()[0].shape[2]);
  }

  base::Result<std::vector<Detection>> detect(const media::Frame& frame, base::Tracer* tracer) override;
  const DetectTimes& last_times() const override { return times_; }
  const std::vector<std::string>& labels() const override { return labels_; }
  const std::vector<int>& class_groups() const override { return class_groups_; }

 private:
  std::shared_ptr<Session> session_;  // co-owned with the other detectors of the model
  std::unique_ptr<Binding> binding_;
  vision::Preprocessor preprocessor_;
  std::vector<std::string> labels_;
  std::vector<int> class_groups_;
  HeadConfig head_;
  std::size_t anchor_count_ = 0;
  DetectTimes times_;
};

base::Result<std::vector<Detection>> CardDetector::detect(const media::Frame& frame, base::Tracer* tracer) {
  const auto begin = SteadyClock::now();
  vision::Letterbox letterbox;
  {
    const base::TraceSpan span(tracer, "preprocess");
    OC_TRY(letterbox, preprocessor_.run(frame, binding_->input(0).data(), vision::Padding::keep));
  }
  const auto preprocessed = SteadyClock::now();
  {
    const base::TraceSpan span(tracer, "inference");
    OC_TRY_STATUS(session_->run(*binding_));
  }
  const auto ran = SteadyClock::now();
  const base::TraceSpan span(tracer, "head");
  const std::span<const float> output(static_cast<const float*>(binding_->output(0).data()),
                                      binding_->output(0).bytes() / sizeof(float));
  auto detections = decode_yolov8(output, anchor_count_, head_, letterbox, frame.width(), frame.height());
  times_ = {preprocessed - begin, ran - preprocessed, SteadyClock::now() - ran};
  return detections;
}

}  // namespace

base::Result<std::unique_ptr<Detector>> Detector::create(const ModelCard& card, std::shared_ptr<Session> session) {
  OC_TRY_STATUS(check_fit(card, *session));
  OC_TRY(auto binding, session->make_binding());
  return std::unique_ptr<Detector>(std::make_unique<CardDetector>(card, std::move(session), std::move(binding)));
}

}  // namespace ocelli::infer
