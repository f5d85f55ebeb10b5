// Several real models on one real photo, as a program that embeds ocelli would ask for them: who is there and what does
// everybody look like, and what kind of vehicle is that? Skipped where the weights or the photo are absent.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "infer/classification_head.h"
#include "infer/detection_head.h"
#include "infer/dispatcher.h"
#include "infer/embedding_head.h"
#include "infer/model_fetcher.h"
#include "infer/model_store.h"
#include "media/decoder.h"
#include "media/source.h"

namespace ocelli::infer {
namespace {

class Cascade : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("OCELLI_SHARED");
    const std::string weights = (shared != nullptr ? shared : OCELLI_SIBLING_SHARED) + std::string("/models");
    if (!std::filesystem::exists(weights)) GTEST_SKIP() << weights << " is not there";
    if (!std::filesystem::exists(OCELLI_BUS_PHOTO)) GTEST_SKIP() << OCELLI_BUS_PHOTO << " is not there";
    auto backend = make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    backend_ = *backend;
    mirror_ = weights;
    store_ = (std::filesystem::temp_directory_path() / ("ocelli-cascade-" + std::to_string(getpid()))).string();
  }
  void TearDown() override {
    if (!store_.empty()) std::filesystem::remove_all(store_);
  }

  struct Model {
    ModelCard card;
    std::shared_ptr<Session> session;
  };
  Model load(const std::string& name) const {
    const auto store = *ModelStore::open({.cards_folder = OCELLI_SOURCE_MODELS, .folder = store_});
    Model model{*store.card(name), nullptr};
    const auto fetched = fetch_model(store, model.card, {.mirror_folder = mirror_}, [](const auto&) {}, {});
    EXPECT_TRUE(fetched) << fetched.error().message();
    auto session = backend_->load(store.path_of(model.card), {});
    EXPECT_TRUE(session) << session.error().message();
    model.session = std::move(*session);
    return model;
  }

  media::FramePtr photo() {
    base::SystemClock clock;
    const auto source = *media::Source::open({OCELLI_BUS_PHOTO}, clock, {});
    const auto decoder = *media::Decoder::create(*source, {}, pool_, clock, {});
    EXPECT_TRUE(decoder->send(*source->read()));
    EXPECT_TRUE(decoder->drain());
    return *decoder->receive();
  }

  media::FramePool pool_{4};
  std::shared_ptr<Backend> backend_;
  std::string mirror_;
  std::string store_;
};

TEST_F(Cascade, AnswersWhoIsThereAndWhatTheyLookLikeAndWhatTheVehicleIs) {
  const auto detector = load("yolox_nano");
  const auto reid = load("person_reid_0288");
  const auto classifier = load("mobilenet_v2");
  const auto label = [&](const std::string& name) {
    const auto& labels = detector.card.labels;
    return static_cast<int>(std::find(labels.begin(), labels.end(), name) - labels.begin());
  };
  Dispatcher dispatcher;
  const auto objects = dispatcher.add<Detections>(detector.card, detector.session, make_detection_head(detector.card));
  ASSERT_TRUE(objects) << objects.error().message();
  const auto looks = dispatcher.add_on_crops<Detections, Embedding>(
      *objects, {.class_ids = {label("person")}}, reid.card, reid.session, make_embedding_head(reid.card));
  ASSERT_TRUE(looks) << looks.error().message();
  const auto kinds = dispatcher.add_on_crops<Detections, Classification>(*objects, {.class_ids = {label("bus")}},
                                                                         classifier.card, classifier.session,
                                                                         make_classification_head(classifier.card));
  ASSERT_TRUE(kinds) << kinds.error().message();

  const auto response = dispatcher.run(*photo(), nullptr);
  ASSERT_TRUE(response[*objects] && response[*looks] && response[*kinds]);
  const auto& people = response[*looks]->items;
  ASSERT_GE(people.size(), 3U);
  for (std::size_t one = 0; one < people.size(); ++one) {
    EXPECT_EQ((*response[*objects])[people[one].detection].class_id, label("person"));
    ASSERT_TRUE(people[one].output);
    for (std::size_t other = 0; other < one; ++other) {
      EXPECT_LT(cosine(*people[one].output, *people[other].output), 0.6F) << "different people";
    }
  }
  ASSERT_EQ(response[*kinds]->items.size(), 1U);
  const auto& vehicle = response[*kinds]->items.front().output;
  ASSERT_TRUE(vehicle);
  // A modern city bus is none of ImageNet's classes; its nearest relations should be among the first five.
  EXPECT_TRUE(std::any_of(vehicle->begin(), vehicle->end(), [&](const ClassScore& best) {
    const std::string& kind = classifier.card.labels[static_cast<std::size_t>(best.class_id)];
    return kind.find("bus") != std::string::npos || kind.find("streetcar") != std::string::npos;
  }));
}

}  // namespace
}  // namespace ocelli::infer
