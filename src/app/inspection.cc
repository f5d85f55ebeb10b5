#include "app/inspection.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "app/model_setup.h"
#include "app/reading.h"
#include "base/suggest.h"
#include "infer/dispatcher.h"
#include "vision/image_operations.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

// A label may stick out of the box of what it is on; below 16 pixels nobody can tell anything.
constexpr float kMargin = 0.05F;
constexpr int kLeastSidePx = 16;
constexpr std::size_t kMostObjects = 16;

base::Result<std::vector<int>> class_ids(const std::vector<std::string>& labels,
                                         const std::vector<std::string>& classes) {
  std::vector<int> ids;
  for (const auto& name : classes) {
    const auto found = std::find(labels.begin(), labels.end(), name);
    if (found == labels.end()) {
      return Error(Code::invalid, "the model knows no class '" + name + "'" + base::did_you_mean(name, labels));
    }
    ids.push_back(static_cast<int>(found - labels.begin()));
  }
  return ids;
}

class InspectionModel final : public PictureModel {
 public:
  using Looks = infer::Crops<infer::Classification>;

  static base::Result<std::unique_ptr<PictureModel>> create(infer::LoadedModel detector, infer::LoadedModel classifier,
                                                            const infer::TextModels& text) {
    OC_TRY(auto reader, infer::TextReader::create(text, {}));
    PictureModelInfo info{kInspection, kInspection, {}, detector.card.labels, classifier.card.labels};
    const auto add = [&](const infer::ModelCard& card) { info.models.emplace_back(card.name, card.version); };
    add(detector.card);
    add(classifier.card);
    for (const auto* model : {&text.detection, &text.direction, &text.recognition}) add(model->card);
    std::unique_ptr<InspectionModel> model(
        new InspectionModel(std::move(info), std::move(detector), std::move(classifier), std::move(reader)));
    OC_TRY_STATUS(model->attach({}));
    return std::unique_ptr<PictureModel>(std::move(model));
  }

  const PictureModelInfo& info() const override { return info_; }

  std::vector<PictureModelPool> pools() override {
    std::vector<PictureModelPool> pools;
    for (const auto* model : {&detector_, &classifier_}) {
      pools.push_back({info_.name + "/" + model->card.name, &model->session->bindings()});
    }
    return pools;
  }

  base::Status choose(const std::vector<std::string>& classes) override {
    OC_TRY(auto wanted, class_ids(info_.labels, classes));
    return wanted == wanted_ ? base::Status() : attach(std::move(wanted));
  }

  base::Result<PictureAnswer> look(const media::Frame& frame) override {
    const auto response = dispatcher_.run(frame, nullptr);
    const auto& detections = response[objects_];
    if (!detections) return detections.error();
    const auto& looks = response[looks_];
    if (!looks) return looks.error();
    const auto begin = std::chrono::steady_clock::now();
    OC_TRY(auto inspection, inspect(frame, *detections, *looks));
    const auto time_of = [](const infer::RunTimes& times) { return times.preprocess + times.run + times.head; };
    return PictureAnswer{std::move(inspection),
                         {{"detect", time_of(response.times(objects_))},
                          {"classify", time_of(response.times(looks_))},
                          {"read", std::chrono::steady_clock::now() - begin}}};
  }

 private:
  InspectionModel(PictureModelInfo info, infer::LoadedModel detector, infer::LoadedModel classifier,
                  infer::TextReader reader)
      : info_(std::move(info)),
        detector_(std::move(detector)),
        classifier_(std::move(classifier)),
        reader_(std::move(reader)) {}

  /// A dispatcher is made for its rule, and soon made: the models are loaded already.
  base::Status attach(std::vector<int> wanted) {
    const infer::CropRule rule{
        .class_ids = wanted, .margin = kMargin, .max_crops = kMostObjects, .least_side_px = kLeastSidePx};
    infer::Dispatcher dispatcher;
    OC_TRY(objects_, dispatcher.add(detector_.card, detector_.session, infer::make_detection_head(detector_.card)));
    OC_TRY(looks_, dispatcher.add_on_crops(objects_, rule, classifier_.card, classifier_.session,
                                           infer::make_classification_head(classifier_.card)));
    dispatcher_ = std::move(dispatcher);
    wanted_ = std::move(wanted);
    return {};
  }

  base::Result<Inspection> inspect(const media::Frame& frame, const infer::Detections& detections, const Looks& looks) {
    Inspection inspection;
    inspection.left_out = looks.left_out;
    std::vector<std::size_t> place(detections.size());
    for (std::size_t i = 0; i < detections.size(); ++i) {
      if (!is_wanted(detections[i])) continue;
      place[i] = inspection.objects.size();
      inspection.objects.push_back({.detection = detections[i]});
    }
    if (looks.items.empty()) return inspection;
    OC_TRY(const auto picture, vision::copy_to_bgr(frame));
    for (const auto& item : looks.items) {
      if (!item.output) return item.output.error();
      InspectedObject& object = inspection.objects[place[item.detection]];
      object.looked_at = true;
      object.classes = *item.output;
      OC_TRY(object.lines, read(*picture, item.region));
    }
    return inspection;
  }

  bool is_wanted(const infer::Detection& detection) const {
    return wanted_.empty() || std::find(wanted_.begin(), wanted_.end(), detection.class_id) != wanted_.end();
  }

  /// Lines in pixels of the picture.
  base::Result<infer::TextLines> read(const media::Frame& picture, const vision::PixelRegion& region) {
    OC_TRY(const auto cut, vision::crop(picture, region));
    OC_TRY(auto lines, reader_.read(*cut, nullptr));
    for (auto& line : lines) {
      for (auto& corner : line.area.corners) {
        corner.x += static_cast<float>(region.left);
        corner.y += static_cast<float>(region.top);
      }
    }
    return lines;
  }

  const PictureModelInfo info_;
  const infer::LoadedModel detector_;
  const infer::LoadedModel classifier_;
  infer::TextReader reader_;
  std::vector<int> wanted_;  // class numbers; empty: all
  infer::Dispatcher dispatcher_;
  infer::TaskKey<infer::Detections> objects_{};
  infer::TaskKey<Looks> looks_{};
};

}  // namespace

base::Result<std::unique_ptr<PictureModel>> load_inspection(const config::ModelConfig& config) {
  OC_TRY(auto detector, load_model(config, infer::Task::detection));
  OC_TRY(auto classifier, load_model(config_of_other(config, kClassifier), infer::Task::classification));
  OC_TRY(const auto text, load_text_models(config));
  return InspectionModel::create(std::move(detector), std::move(classifier), text);
}

}  // namespace ocelli::app
