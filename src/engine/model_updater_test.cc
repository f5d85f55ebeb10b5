#include "engine/model_updater.h"

#include <map>
#include <thread>

#include <gmock/gmock.h>

#include "infer/testing/temporary_folder.h"
#include "infer/testing/tiny_model.h"

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// Fails from some run on, or takes long.
class OddSession final : public infer::Session {
 public:
  OddSession(std::shared_ptr<infer::Session> real, int good_runs, std::chrono::milliseconds duration)
      : real_(std::move(real)), good_runs_(good_runs), duration_(duration) {}
  const std::vector<infer::TensorSpec>& inputs() const override { return real_->inputs(); }
  const std::vector<infer::TensorSpec>& outputs() const override { return real_->outputs(); }
  base::Result<std::unique_ptr<infer::Binding>> make_binding() override { return real_->make_binding(); }
  base::Status run(infer::Binding& binding) override {
    if (good_runs_-- <= 0) return Error(Code::internal, "the device is gone");
    std::this_thread::sleep_for(duration_);  // a slow model is what this is about
    return real_->run(binding);
  }

 private:
  std::shared_ptr<infer::Session> real_;
  std::atomic<int> good_runs_;
  const std::chrono::milliseconds duration_;
};

constexpr int kEndless = 1'000'000'000;

class ModelUpdaterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = infer::make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    backend_ = std::move(*backend);
    models_["old"] = load("old", 0);
    models_["new"] = load("new", 0);
    served_.emplace(models_["old"]);
    config_.canary.warm_up_runs = 20;
    config_.canary.shadow_frames = 10;
    config_.canary.frame_patience = 500ms;
    config_.canary.most_slowdown = 100;  // runs of microseconds vary
    config_.trial = 100ms;
  }
  void TearDown() override {
    stop_ = true;
    if (camera_.joinable()) camera_.join();
    updater_.reset();
  }

  std::shared_ptr<infer::LoadedModel> load(const std::string& name, int class_id, int good_runs = kEndless,
                                           std::chrono::milliseconds duration = {}) {
    auto model = std::make_shared<infer::LoadedModel>();
    model->card.name = name;
    model->card.input.width = 32;
    model->card.input.height = 32;
    model->card.labels = {"person", "car"};
    const float person = class_id == 0 ? 0.9F : 0;
    const auto file = folder_.write(name, infer::testing::tiny_model(32, 6, 1, {16, 16, 8, 8, person, 0.9F - person}));
    auto session = backend_->load(file, {.intra_op_threads = 1});
    EXPECT_TRUE(session) << session.error().message();
    model->backend = backend_;
    model->session = std::make_shared<OddSession>(std::move(*session), good_runs, duration);
    return model;
  }

  void start() {
    const auto find = [this](const std::string& card, const std::vector<media::Bytes>& pictures,
                             const std::stop_token&) -> base::Result<infer::LoadedModelPtr> {
      pictures_tried_ = pictures.size();
      const auto found = models_.find(card);
      if (found == models_.end()) return Error(Code::not_found, "there is no model '" + card + "'");
      return infer::LoadedModelPtr(found->second);
    };
    updater_.emplace(config_, *served_, find, clock_, base::Logger::null(), metrics_);
  }

  /// A camera that runs until the end of the test.
  void start_camera() {
    camera_ = std::thread([this, detector = std::move(*served_->make_detector())] {
      while (!stop_) {
        const auto frame = white();
        const auto detections = detector->detect(*frame, nullptr);
        if (detections && detections->size() == 1) {
          ++seen_;
          newest_class_ = detections->front().class_id;
        } else {
          ++lost_;
        }
        const std::string name = "gate";
        ASSERT_TRUE(updater_->tap().accept({name, frame, {}}));
        std::this_thread::sleep_for(2ms);  // a camera's pace
      }
    });
  }

  static media::FramePtr white() {
    media::FrameInfo info;
    info.format = media::PixelFormat::yuv420p;
    info.width = 32;
    info.height = 32;
    auto builder = media::FrameBuilder::create(info);
    std::fill_n(builder->plane(0), builder->stride_bytes(0) * 32, std::uint8_t{235});
    for (const int plane : {1, 2}) {
      std::fill_n(builder->plane(plane), builder->stride_bytes(plane) * 16, std::uint8_t{128});
    }
    return std::move(*builder).freeze();
  }

  ModelUpdateStatus wait_for(UpdateState state) {
    const auto deadline = clock_.now() + 20s;
    while (clock_.now() < deadline) {
      const auto status = updater_->status();
      if (status && status->state == state) return *status;
      std::this_thread::sleep_for(1ms);
    }
    ADD_FAILURE() << "never " << update_state_name(state) << ", but " << update_state_name(updater_->status()->state)
                  << ": " << updater_->status()->reason;
    return {};
  }

  infer::TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  std::shared_ptr<infer::Backend> backend_;
  std::map<std::string, std::shared_ptr<infer::LoadedModel>> models_;
  ModelUpdateConfig config_;
  std::optional<infer::ServedModel> served_;
  std::optional<ModelUpdater> updater_;
  std::atomic<std::size_t> pictures_tried_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int> seen_{0};
  std::atomic<int> lost_{0};
  std::atomic<int> newest_class_{-1};
  std::thread camera_;
};

TEST_F(ModelUpdaterTest, PromotesACandidateThatPasses) {
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("new"));
  const auto status = wait_for(UpdateState::promoted);
  EXPECT_EQ(status.card, "new");
  EXPECT_EQ(status.warm_up_runs, 20);
  EXPECT_EQ(status.shadow_frames, 10);
  ASSERT_TRUE(status.shadow);
  EXPECT_EQ(status.shadow->agreement.f1(), 1);
  EXPECT_GT(status.switch_time.count(), 0);
  EXPECT_EQ(served_->serving()->card.name, "new");
  EXPECT_GT(pictures_tried_, 0U);
  EXPECT_EQ(lost_, 0);
  const auto text = metrics_.expose();
  EXPECT_THAT(text, HasSubstr(R"(ocelli_model_serving{model="old",version=""} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(ocelli_model_serving{model="new",version=""} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(ocelli_model_updates_total{outcome="promoted"} 1)"));
}

TEST_F(ModelUpdaterTest, WaitsToBePromotedByHand) {
  config_.promotion = Promotion::by_hand;
  start();
  start_camera();
  EXPECT_EQ(updater_->promote().error().code(), Code::unavailable);
  ASSERT_TRUE(updater_->publish("new"));
  wait_for(UpdateState::waiting);
  EXPECT_EQ(served_->serving()->card.name, "old");
  EXPECT_THAT(updater_->publish("old").error().message(), HasSubstr("new is waiting"));
  ASSERT_TRUE(updater_->promote());
  wait_for(UpdateState::promoted);
  EXPECT_EQ(served_->serving()->card.name, "new");
}

TEST_F(ModelUpdaterTest, RejectsWhatSeesOtherThings) {
  models_["other"] = load("other", 1);
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("other"));
  EXPECT_THAT(wait_for(UpdateState::rejected).reason, HasSubstr("F1 0.000, below 0.800"));
  EXPECT_EQ(served_->serving()->card.name, "old");
}

TEST_F(ModelUpdaterTest, RejectsWhatIsSlow) {
  models_["old"] = load("old", 0, kEndless, 2ms);
  config_.canary.most_slowdown = 2;
  models_["slow"] = load("slow", 0, kEndless, 12ms);
  served_.emplace(models_["old"]);
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("slow"));
  EXPECT_THAT(wait_for(UpdateState::rejected).reason, HasSubstr("times as long as the model that serves"));
}

TEST_F(ModelUpdaterTest, RejectsWhatCannotBeLoaded) {
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("nothing"));
  EXPECT_EQ(wait_for(UpdateState::rejected).reason, "there is no model 'nothing'");
}

TEST_F(ModelUpdaterTest, RejectsOtherClasses) {
  models_["new"]->card.labels = {"cat", "dog"};
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("new"));
  EXPECT_THAT(wait_for(UpdateState::rejected).reason, HasSubstr("other classes"));
}

TEST_F(ModelUpdaterTest, RejectsWhatFailsWhileItWarmsUp) {
  models_["bad"] = load("bad", 0, 5);
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("bad"));
  EXPECT_THAT(wait_for(UpdateState::rejected).reason, HasSubstr("device is gone"));
}

TEST_F(ModelUpdaterTest, RollsBackWhatFailsOnTrialAndLosesNoFrame) {
  config_.trial = 10s;
  models_["bad"] = load("bad", 0, 20 + 10 + 1 + 5);  // warm-up, shadow, the camera's first, and then some
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("bad"));
  EXPECT_THAT(wait_for(UpdateState::rolled_back).reason, HasSubstr("failed on a live frame: the device is gone"));
  EXPECT_EQ(served_->serving()->card.name, "old");
  EXPECT_EQ(lost_, 0);
}

TEST_F(ModelUpdaterTest, CanBeWithdrawnAtAnyTime) {
  config_.trial = 10s;
  start();
  start_camera();
  ASSERT_TRUE(updater_->publish("new"));
  wait_for(UpdateState::on_trial);
  ASSERT_TRUE(updater_->withdraw());
  EXPECT_EQ(wait_for(UpdateState::rolled_back).reason, "withdrawn");
  EXPECT_EQ(served_->serving()->card.name, "old");
  EXPECT_EQ(updater_->withdraw().error().code(), Code::unavailable);

  models_["slow"] = load("slow", 0, kEndless, 50ms);
  ASSERT_TRUE(updater_->publish("slow"));
  wait_for(UpdateState::warming);
  ASSERT_TRUE(updater_->withdraw());
  EXPECT_EQ(wait_for(UpdateState::rejected).reason, "withdrawn");
}

TEST_F(ModelUpdaterTest, SaysSoWhenNoCameraGivesAPicture) {
  start();
  ASSERT_TRUE(updater_->publish("new"));
  EXPECT_THAT(wait_for(UpdateState::rejected).reason, HasSubstr("no camera gave a picture"));
}

TEST_F(ModelUpdaterTest, EndsInTheMiddleOfAnUpdate) {
  config_.canary.frame_patience = 1h;
  start();
  ASSERT_TRUE(updater_->publish("new"));
  updater_.reset();
}

TEST_F(ModelUpdaterTest, GoodAndBadOnesInARowLoseNothing) {
  config_.canary.warm_up_runs = 5;
  config_.canary.shadow_frames = 5;
  config_.trial = 5ms;
  models_["other"] = load("other", 1);
  start();
  start_camera();
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(updater_->publish("new"));
    wait_for(UpdateState::promoted);
    ASSERT_TRUE(updater_->publish("other"));
    wait_for(UpdateState::rejected);
    ASSERT_TRUE(updater_->publish("old"));
    wait_for(UpdateState::promoted);
  }
  EXPECT_EQ(lost_, 0);
  EXPECT_GT(seen_, 0);
}

}  // namespace
}  // namespace ocelli::engine
