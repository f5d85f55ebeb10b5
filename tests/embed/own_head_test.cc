// A task that ocelli does not know, brought by a program that embeds it: a result type, a head and a card of its own,
// and nothing of the infer room changed or opened for it.

#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>

#include "infer/dispatcher.h"
#include "infer/task_runner.h"
#include "infer/testing/tiny_model.h"

namespace lamp {
namespace {

using namespace ocelli;
using ::testing::HasSubstr;

constexpr const char* kCard = R"(
name: lamp
description: Says whether a lamp is on
version: 1.0.0
task: custom
licence: {name: MIT, url: https://example.org/licence}
checkpoint:
  sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  bytes: 1
  origin: made by this test
onnx: {sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}
input: {width: 8, height: 8, element: float32, channels: rgb, scale: 0.00392156862745098, filter: area, fit: stretch}
output: {layout: custom, tensor: brightness}
)";

struct Lamp {
  bool on = false;
  float brightness = 0;
};

class LampHead final : public infer::TaskHead<Lamp> {
 public:
  explicit LampHead(const infer::ModelCard& card) : tensor_(card.output_tensor) {}

  base::Status attach(const infer::Session& session) override {
    OC_TRY(index_, infer::find_output(session, tensor_));
    if (session.outputs()[index_].element_count() == 1) return {};
    return infer::misfit("lamp", session.outputs()[index_].to_string(), "one number");
  }
  base::Result<Lamp> decode(const infer::ModelOutput& output) override {
    const float brightness = output.floats(index_).front();
    return Lamp{brightness > 0.5F, brightness};
  }

 private:
  const std::string tensor_;
  std::size_t index_ = 0;
};

class OwnHead : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = infer::make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    const auto card = infer::parse_model_card(kCard, "lamp.yaml");
    ASSERT_TRUE(card) << card.error().message();
    card_ = *card;
    const auto path = std::filesystem::temp_directory_path() / ("ocelli-lamp-" + std::to_string(getpid()) + ".onnx");
    std::ofstream(path, std::ios::binary)
        << infer::testing::tiny_model(8, {{"brightness", 1, 1, {1}}, {"other", 1, 2, {1, 2}}});
    auto session = (*backend)->load(path.string(), {});
    std::filesystem::remove(path);
    ASSERT_TRUE(session) << session.error().message();
    session_ = std::move(*session);
  }

  static media::FramePtr grey(int level) {
    media::FrameInfo info;
    info.format = media::PixelFormat::bgr24;
    info.width = info.height = 16;
    auto builder = media::FrameBuilder::create(info);
    std::memset(builder->plane(0), level, static_cast<std::size_t>(builder->stride_bytes(0) * 16));
    return std::move(*builder).freeze();
  }

  infer::ModelCard card_;
  std::shared_ptr<infer::Session> session_;
};

TEST_F(OwnHead, RunsLikeThoseOfTheHouse) {
  auto runner = infer::TaskRunner<Lamp>::create(card_, session_, std::make_unique<LampHead>(card_));
  ASSERT_TRUE(runner) << runner.error().message();
  const auto bright = runner->run(*grey(204), nullptr);
  ASSERT_TRUE(bright) << bright.error().message();
  EXPECT_TRUE(bright->on);
  EXPECT_NEAR(bright->brightness, 0.8F, 1e-4F);
  EXPECT_FALSE(runner->run(*grey(51), nullptr)->on);
}

TEST_F(OwnHead, IsAnsweredForByADispatcher) {
  infer::Dispatcher dispatcher;
  const auto key = dispatcher.add<Lamp>(card_, session_, std::make_unique<LampHead>(card_));
  ASSERT_TRUE(key) << key.error().message();
  const auto response = dispatcher.run(*grey(255), nullptr);
  ASSERT_TRUE(response[*key]);
  EXPECT_TRUE(response[*key]->on);
}

TEST_F(OwnHead, RefusesAModelThatDoesNotFit) {
  card_.output_tensor = "other";
  const auto runner = infer::TaskRunner<Lamp>::create(card_, session_, std::make_unique<LampHead>(card_));
  ASSERT_FALSE(runner);
  EXPECT_THAT(runner.error().message(), HasSubstr("one number"));
}

}  // namespace
}  // namespace lamp
