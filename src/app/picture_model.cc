#include "app/picture_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/inspection.h"
#include "app/model_setup.h"
#include "app/reading.h"
#include "base/suggest.h"
#include "infer/model_store.h"
#include "infer/task_runner.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

PictureModelInfo info_of(const infer::ModelCard& card) {
  return {card.name, std::string(infer::task_name(card.task)), {{card.name, card.version}}, card.labels, {}};
}

/// One model with one head.
template <class Output>
class CardModel final : public PictureModel {
 public:
  static base::Result<std::unique_ptr<PictureModel>> create(
      const infer::LoadedModel& model, base::Result<std::unique_ptr<infer::TaskHead<Output>>> head) {
    if (!head) return head.error();
    OC_TRY(auto runner, infer::TaskRunner<Output>::create(model.card, model.session, std::move(*head)));
    return std::unique_ptr<PictureModel>(new CardModel(info_of(model.card), model.session, std::move(runner)));
  }

  const PictureModelInfo& info() const override { return info_; }
  std::vector<PictureModelPool> pools() override { return {{info_.name, &session_->bindings()}}; }
  base::Result<PictureAnswer> look(const media::Frame& frame) override {
    OC_TRY(auto output, runner_.run(frame, nullptr));
    const auto& times = runner_.last_times();
    return PictureAnswer{std::move(output),
                         {{"preprocess", times.preprocess}, {"run", times.run}, {"head", times.head}}};
  }

 private:
  CardModel(PictureModelInfo info, std::shared_ptr<infer::Session> session, infer::TaskRunner<Output> runner)
      : info_(std::move(info)), session_(std::move(session)), runner_(std::move(runner)) {}

  const PictureModelInfo info_;
  const std::shared_ptr<infer::Session> session_;  // co-owned with the runner
  infer::TaskRunner<Output> runner_;
};

class ReadingModel final : public PictureModel {
 public:
  ReadingModel(PictureModelInfo info, infer::TextReader reader) : info_(std::move(info)), reader_(std::move(reader)) {}

  const PictureModelInfo& info() const override { return info_; }
  base::Result<PictureAnswer> look(const media::Frame& frame) override {
    const auto begin = std::chrono::steady_clock::now();
    OC_TRY(auto lines, reader_.read(frame, nullptr));
    return PictureAnswer{std::move(lines), {{"read", std::chrono::steady_clock::now() - begin}}};
  }

 private:
  const PictureModelInfo info_;
  infer::TextReader reader_;
};

bool stands_alone(const infer::ModelCard& card) {
  return card.task == infer::Task::detection || card.task == infer::Task::classification ||
         card.task == infer::Task::reid;
}

}  // namespace

base::Status PictureModel::choose(const std::vector<std::string>& classes) {
  if (classes.empty()) return {};
  return Error(Code::invalid,
               fmt::format("classes can be chosen for {}, not for {}; leave them out", kInspection, info().name));
}

base::Result<std::unique_ptr<PictureModel>> load_card_model(const config::ModelConfig& config, infer::Task task) {
  OC_TRY(const auto model, load_model(config, task));
  switch (task) {
    case infer::Task::detection:
      return CardModel<infer::Detections>::create(model, infer::make_detection_head(model.card));
    case infer::Task::classification:
      return CardModel<infer::Classification>::create(model, infer::make_classification_head(model.card));
    case infer::Task::reid:
      return CardModel<infer::Embedding>::create(model, infer::make_embedding_head(model.card));
    default:
      return Error(Code::invalid, config.name + " cannot be asked alone");
  }
}

base::Result<std::unique_ptr<PictureModel>> load_reading_model(const config::ModelConfig& config) {
  OC_TRY(auto models, load_text_models(config));
  PictureModelInfo info{kReading, kReading, {}, {}, {}};
  for (const auto* model : {&models.detection, &models.direction, &models.recognition}) {
    info.models.emplace_back(model->card.name, model->card.version);
  }
  OC_TRY(auto reader, infer::TextReader::create(models, {}));
  return std::unique_ptr<PictureModel>(std::make_unique<ReadingModel>(std::move(info), std::move(reader)));
}

base::Result<std::unique_ptr<PictureModel>> load_picture_model(const config::ModelConfig& site,
                                                               const std::string& name) {
  if (name == kReading) return load_reading_model(site);
  if (name == kInspection) return load_inspection(site);
  OC_TRY(const auto store, infer::ModelStore::open({site.cards, site.store}));
  OC_TRY(const auto card, store.card(name));
  if (name == site.name) return load_card_model(site, card.task);
  return load_card_model(config_of_other(site, name), card.task);
}

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::size_t first = list.find_first_not_of(' ', begin);
    if (first < end) names.push_back(list.substr(first, list.find_last_not_of(' ', end - 1) + 1 - first));
    begin = end + 1;
  }
  return names;
}

base::Result<std::vector<std::string>> callable_models(const config::ModelConfig& site, const std::string& choice) {
  if (choice == "none") return std::vector<std::string>{};
  OC_TRY(const auto store, infer::ModelStore::open({site.cards, site.store}));
  OC_TRY(const auto cards, store.list());
  std::vector<std::string> known;
  for (const auto& card : cards) {
    if (stands_alone(card)) known.push_back(card.name);
  }
  known.insert(known.end(), {kReading, kInspection});
  if (choice.empty()) return known;
  auto names = names_in(choice);
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Error(Code::invalid, fmt::format("infer.models: there is no '{}'{}; there are {}", name,
                                            base::did_you_mean(name, known), fmt::join(known, ", ")));
  }
  return names;
}

}  // namespace ocelli::app
