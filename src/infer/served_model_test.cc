#include "infer/served_model.h"

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "infer/testing/temporary_folder.h"
#include "infer/testing/tiny_model.h"
#include "infer/testing/white_frame.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;
using testing::white;

/// A version that finds one thing of this class on a white picture.
class ServedModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    backend_ = std::move(*backend);
  }

  std::shared_ptr<LoadedModel> load(const std::string& name, int class_id) {
    auto model = std::make_shared<LoadedModel>();
    model->card.name = name;
    model->card.input.width = 32;
    model->card.input.height = 32;
    model->card.labels = {"person", "car"};
    const auto file = folder_.write(
        name, testing::tiny_model(32, 6, 1, {16, 16, 8, 8, class_id == 0 ? 0.9F : 0, class_id == 1 ? 0.9F : 0}));
    auto session = backend_->load(file, {.intra_op_threads = 1});
    EXPECT_TRUE(session) << session.error().message();
    model->backend = backend_;
    model->session = std::move(*session);
    return model;
  }

  /// The class of the only thing that is found; -1 for an error.
  static int look(Detector& detector) {
    const auto detections = detector.detect(*white(32, 32), nullptr);
    return detections && detections->size() == 1 ? detections->front().class_id : -1;
  }

  TemporaryFolder folder_;
  std::shared_ptr<Backend> backend_;
};

/// A session that fails from some run on.
class FailingSession final : public Session {
 public:
  FailingSession(std::shared_ptr<Session> real, int good_runs) : real_(std::move(real)), good_runs_(good_runs) {}
  const std::vector<TensorSpec>& inputs() const override { return real_->inputs(); }
  const std::vector<TensorSpec>& outputs() const override { return real_->outputs(); }
  base::Result<std::unique_ptr<Binding>> make_binding() override { return real_->make_binding(); }
  base::Status run(Binding& binding) override {
    if (good_runs_-- <= 0) return base::Error(base::Code::internal, "the device is gone");
    return real_->run(binding);
  }

 private:
  std::shared_ptr<Session> real_;
  std::atomic<int> good_runs_;
};

TEST_F(ServedModelTest, DetectorsFollowTheModel) {
  ServedModel served(load("old", 0));
  auto gate = served.make_detector();
  auto yard = served.make_detector();
  ASSERT_TRUE(gate && yard);
  EXPECT_EQ(look(**gate), 0);
  ASSERT_TRUE(served.replace(load("new", 1), white(32, 32)));
  EXPECT_EQ(look(**gate), 1);
  EXPECT_EQ(look(**yard), 1);
  EXPECT_EQ(served.serving()->card.name, "new");
  EXPECT_EQ(served.runs().frames, 2U);
}

TEST_F(ServedModelTest, GoesBackToTheVersionBefore) {
  ServedModel served(load("old", 0));
  auto detector = served.make_detector();
  ASSERT_TRUE(served.replace(load("new", 1), nullptr));
  ASSERT_TRUE(served.roll_back());
  EXPECT_EQ(look(**detector), 0);
  EXPECT_EQ(served.serving()->card.name, "old");
  EXPECT_EQ(served.roll_back().error().code(), base::Code::not_found);
}

TEST_F(ServedModelTest, LetsTheVersionBeforeGoOnceTheTrialIsOver) {
  ServedModel served(load("old", 0));
  auto detector = served.make_detector();
  const std::weak_ptr<const LoadedModel> old = served.serving();
  const std::weak_ptr<Session> session = old.lock()->session;
  ASSERT_TRUE(served.replace(load("new", 1), white(32, 32)));
  EXPECT_FALSE(session.expired());
  served.settle();
  EXPECT_TRUE(old.expired());
  EXPECT_TRUE(session.expired());
  EXPECT_EQ(look(**detector), 1);
}

TEST_F(ServedModelTest, TheVersionBeforeTakesOverAFrameOnWhichTheNewOneFails) {
  ServedModel served(load("old", 0));
  auto detector = served.make_detector();
  auto bad = load("bad", 1);
  bad->session = std::make_shared<FailingSession>(bad->session, 1);  // one run to warm up
  ASSERT_TRUE(served.replace(bad, white(32, 32)));
  EXPECT_EQ(look(**detector), 0);
  EXPECT_EQ(served.runs().failures, 1U);
  EXPECT_THAT(served.runs().last_failure, HasSubstr("device is gone"));
}

TEST_F(ServedModelTest, ChangesNothingWhenTheNewVersionFailsOnTheWay) {
  ServedModel served(load("old", 0));
  auto detector = served.make_detector();
  auto bad = load("bad", 1);
  bad->session = std::make_shared<FailingSession>(bad->session, 0);
  EXPECT_FALSE(served.replace(bad, white(32, 32)));
  EXPECT_EQ(look(**detector), 0);
  EXPECT_EQ(served.serving()->card.name, "old");
}

TEST_F(ServedModelTest, RefusesOtherClasses) {
  ServedModel served(load("old", 0));
  auto other = load("other", 1);
  other->card.labels = {"cat", "dog"};
  EXPECT_THAT(served.replace(other, nullptr).error().message(), HasSubstr("other has other classes than old"));
}

TEST_F(ServedModelTest, ForgetsDetectorsThatAreGone) {
  ServedModel served(load("old", 0));
  {
    auto gone = served.make_detector();
  }
  EXPECT_TRUE(served.replace(load("new", 1), white(32, 32)));
}

TEST_F(ServedModelTest, EveryFrameIsLookedAtWhileVersionsChange) {
  ServedModel served(load("old", 0));
  const auto other = load("new", 1);
  const auto first = served.serving();
  constexpr int kCameras = 3;
  std::atomic<bool> stop = false;
  std::atomic<int> lost = 0;
  std::latch running(kCameras);
  {
    std::vector<std::jthread> cameras;
    for (int i = 0; i < kCameras; ++i) {
      cameras.emplace_back([&] {
        auto detector = served.make_detector();
        running.count_down();
        while (!stop) {
          if (look(**detector) < 0) ++lost;
        }
      });
    }
    running.wait();
    for (int change = 0; change < 50; ++change) {
      EXPECT_TRUE(served.replace(change % 2 == 0 ? other : first, white(32, 32)));
      if (change % 3 == 0) {
        EXPECT_TRUE(served.roll_back());
      } else {
        served.settle();
      }
    }
    stop = true;
  }
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace ocelli::infer
