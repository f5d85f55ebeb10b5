#include "app/picture_service.h"

#include <atomic>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "infer/testing/canned_session.h"
#include "media/jpeg.h"

namespace ocelli::app {
namespace {

using base::Code;
using ::testing::HasSubstr;
using Answer = base::Result<std::string>;

/// Finds one dog in any picture, or nothing where only cats matter; waits for its permission to.
class FakeModel final : public PictureModel {
 public:
  struct Shared {
    std::atomic<int> alive = 0;
    std::atomic<int> loaded = 0;
    std::atomic<int> looking = 0;
    std::promise<void> begun;  ///< by the first look
    std::shared_future<void> may_go;
  };
  FakeModel(const std::string& name, Shared& shared)
      : info_{name, "detection", {{name, "1.0"}}, {"cat", "dog"}, {}}, shared_(shared) {
    ++shared_.alive;
    ++shared_.loaded;
  }
  ~FakeModel() override { --shared_.alive; }

  const PictureModelInfo& info() const override { return info_; }
  std::vector<PictureModelPool> pools() override { return {{info_.name, &session_.bindings()}}; }
  base::Status choose(const std::vector<std::string>& classes) override {
    if (info_.name != "dogs") return PictureModel::choose(classes);
    for (const auto& name : classes) {
      if (name != "cat" && name != "dog") return base::Error(Code::invalid, "what is a " + name + "?");
    }
    classes_ = classes;
    return {};
  }
  base::Result<PictureAnswer> look(const media::Frame&) override {
    if (shared_.looking++ == 0) shared_.begun.set_value();
    if (shared_.may_go.valid()) shared_.may_go.wait();
    OC_TRY(const auto binding, session_.lease_binding());
    infer::Detections found{{{1, 2, 3.04F, 4}, 0.87654F, 1}};
    if (classes_ == std::vector<std::string>{"cat"}) found.clear();
    return PictureAnswer{std::move(found), {{"run", std::chrono::milliseconds(7)}}};
  }

 private:
  const PictureModelInfo info_;
  infer::testing::CannedSession session_{8, {1, 2}, {1, 2}};
  std::vector<std::string> classes_;
  Shared& shared_;
};

std::string jpeg() {
  media::FrameInfo info;
  info.width = 64;
  info.height = 48;
  auto builder = media::FrameBuilder::create(info);
  for (int plane = 0; plane < 3; ++plane) {
    const auto size = media::plane_size(info.format, plane, info.width, info.height);
    for (int row = 0; row < size.height; ++row) {
      std::fill_n(builder->plane(plane) + row * builder->stride_bytes(plane), size.width, std::uint8_t{128});
    }
  }
  auto encoder = media::JpegEncoder::create();
  const auto bytes = *(*encoder)->encode(*std::move(*builder).freeze(), 90);
  return {bytes.begin(), bytes.end()};
}

class PictureServiceTest : public ::testing::Test {
 protected:
  void start(PictureService::Config config) {
    config.names = {"dogs", "cats", "absent"};
    const auto loader = [this](const std::string& name) -> base::Result<std::unique_ptr<PictureModel>> {
      if (name == "absent") return base::Error(Code::not_found, "pull it first");
      return std::make_unique<FakeModel>(name, shared_);
    };
    service_.emplace(config, loader, PictureService::Services{clock_, workers_, metrics_});
  }
  void SetUp() override { start({}); }

  std::future<Answer> ask(const std::string& model, const std::string& picture = jpeg(),
                          const std::string& classes = "") {
    const auto answer = std::make_shared<std::promise<Answer>>();  // std::function copies
    service_->submit({model, picture, classes}, [answer](Answer outcome) { answer->set_value(std::move(outcome)); });
    return answer->get_future();
  }
  Code refusal(const std::string& model, const std::string& picture = jpeg()) {
    const auto answer = ask(model, picture).get();
    return answer ? Code::internal : answer.error().code();
  }

  base::SystemClock clock_;
  base::Metrics metrics_;
  base::Executor workers_{"worker", 2};
  FakeModel::Shared shared_;
  std::optional<PictureService> service_;
};

TEST_F(PictureServiceTest, TellsWhatTheModelFound) {
  const auto answer = ask("dogs").get();
  ASSERT_TRUE(answer) << answer.error().message();
  const auto json = nlohmann::json::parse(*answer);
  EXPECT_EQ(json["model"], "dogs");
  EXPECT_EQ(json["task"], "detection");
  EXPECT_EQ(json["models"], nlohmann::json::parse(R"([{"name":"dogs","version":"1.0"}])"));
  EXPECT_EQ(json["width"], 64);
  EXPECT_EQ(json["height"], 48);
  EXPECT_EQ(json["damaged"], false);
  EXPECT_EQ(json["detections"], nlohmann::json::parse(R"([{"label":"dog","class":1,"score":0.8765,
      "box":{"left":1.0,"top":2.0,"width":3.0,"height":4.0}}])"));
  EXPECT_EQ(json["times_ms"]["run"], 7.0);
  for (const char* step : {"wait", "decode", "load"}) EXPECT_GE(json["times_ms"][step], 0.0) << step;
}

TEST_F(PictureServiceTest, LooksAtTheClassesThatMatterToEachCaller) {
  const auto found = [&](const std::string& classes) {
    const auto answer = ask("dogs", jpeg(), classes).get();
    return answer ? nlohmann::json::parse(*answer)["detections"].size() : 99;
  };
  EXPECT_EQ(found("cat"), 0U);
  EXPECT_EQ(found(" cat, dog"), 1U);
  EXPECT_EQ(found("cat"), 0U);
  EXPECT_EQ(found(""), 1U) << "who names none means all, whatever was asked before";
}

TEST_F(PictureServiceTest, RefusesClassesThatCannotBeChosen) {
  const auto unknown = ask("dogs", jpeg(), "cow").get();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::invalid);
  EXPECT_EQ(unknown.error().message(), "what is a cow?");
  const auto misplaced = ask("cats", jpeg(), "cat").get();
  ASSERT_FALSE(misplaced);
  EXPECT_EQ(misplaced.error().code(), Code::invalid);
  EXPECT_EQ(misplaced.error().message(), "classes can be chosen for inspect, not for cats; leave them out");
  EXPECT_TRUE(ask("dogs").get());
}

TEST_F(PictureServiceTest, ShowsHowOftenTensorsWereThere) {
  start({.kept_models = 1});
  const auto expect_pool = [this](const std::string& model, int hits, int misses, int bindings) {
    const auto shown = metrics_.expose();
    const auto sample = [&](const std::string& what, int value) {
      return "ocelli_tensor_pool_" + what + "{model=\"infer/" + model + "\"} " + std::to_string(value) + "\n";
    };
    EXPECT_THAT(shown, HasSubstr(sample("hits_total", hits)));
    EXPECT_THAT(shown, HasSubstr(sample("misses_total", misses)));
    EXPECT_THAT(shown, HasSubstr(sample("bindings", bindings)));
  };
  for (int picture = 0; picture < 3; ++picture) EXPECT_TRUE(ask("dogs").get());
  expect_pool("dogs", 2, 1, 1);
  EXPECT_TRUE(ask("cats").get());
  expect_pool("dogs", 2, 1, 0);
  expect_pool("cats", 0, 1, 1);
  for (int picture = 0; picture < 2; ++picture) EXPECT_TRUE(ask("dogs").get());
  expect_pool("dogs", 3, 2, 1);
  expect_pool("cats", 0, 1, 0);
}

TEST_F(PictureServiceTest, SuggestsTheNameThatWasMeant) {
  const auto answer = ask("dog").get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::not_found);
  EXPECT_EQ(answer.error().message(),
            "no model 'dog' may be asked here (did you mean 'dogs'?); those are dogs, cats, absent");
}

TEST_F(PictureServiceTest, LoadsNothingForWhatIsNoPicture) {
  EXPECT_EQ(refusal("dogs", "no picture"), Code::unsupported);
  EXPECT_EQ(refusal("dogs", ""), Code::unsupported);
  EXPECT_EQ(refusal("dogs", "\xFF\xD8\xFF but noise"), Code::corrupt);
  EXPECT_EQ(shared_.loaded, 0);
}

TEST_F(PictureServiceTest, SaysWhatToDoForAModelThatIsNotHere) {
  const auto answer = ask("absent").get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_EQ(answer.error().message(), "pull it first");
  EXPECT_TRUE(ask("dogs").get()) << "its place is free again";
}

TEST_F(PictureServiceTest, RefusesOneJobTooMany) {
  std::promise<void> go;
  shared_.may_go = go.get_future();
  start({.most_jobs = 2});
  auto first = ask("dogs");
  auto second = ask("dogs");
  EXPECT_EQ(refusal("dogs"), Code::exhausted);
  EXPECT_EQ(refusal("cats"), Code::exhausted) << "one bound for all";
  go.set_value();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_TRUE(ask("cats").get());
  EXPECT_THAT(metrics_.expose(), HasSubstr("ocelli_infer_requests_total{model=\"dogs\",outcome=\"exhausted\"} 1\n"));
}

TEST_F(PictureServiceTest, KeepsNoMoreModelsThanItMay) {
  start({.kept_models = 1});
  for (const char* name : {"dogs", "dogs", "cats", "dogs"}) {
    EXPECT_TRUE(ask(name).get());
    EXPECT_EQ(shared_.alive, 1);
  }
  EXPECT_EQ(shared_.loaded, 3);
}

TEST_F(PictureServiceTest, ForgetsTheModelThatWasNotAskedForTheLongestTime) {
  start({.kept_models = 2});
  EXPECT_TRUE(ask("dogs").get());
  EXPECT_TRUE(ask("cats").get());
  EXPECT_TRUE(ask("dogs").get());
  EXPECT_EQ(refusal("absent"), Code::unavailable);  // took the place of the cats
  EXPECT_TRUE(ask("dogs").get());
  EXPECT_EQ(shared_.loaded, 2);
  EXPECT_TRUE(ask("cats").get());
  EXPECT_EQ(shared_.loaded, 3);
}

TEST_F(PictureServiceTest, TakesNoModelAwayFromItsWork) {
  std::promise<void> go;
  shared_.may_go = go.get_future();
  start({.kept_models = 1});
  auto dogs = ask("dogs");
  shared_.begun.get_future().wait();
  EXPECT_EQ(refusal("cats"), Code::exhausted);
  go.set_value();
  EXPECT_TRUE(dogs.get());
  EXPECT_TRUE(ask("cats").get());
}

TEST_F(PictureServiceTest, EndsWhatWaitsAndFinishesWhatRuns) {
  std::promise<void> go;
  shared_.may_go = go.get_future();
  auto running = ask("dogs");
  shared_.begun.get_future().wait();
  auto waiting = ask("dogs");
  service_->close();
  const auto cancelled = waiting.get();
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), Code::cancelled);
  EXPECT_EQ(refusal("dogs"), Code::cancelled);
  go.set_value();
  service_.reset();
  EXPECT_TRUE(running.get());
  EXPECT_EQ(shared_.alive, 0);
}

TEST_F(PictureServiceTest, AnswersEverybodyOnce) {
  start({.kept_models = 1, .most_jobs = 1000});
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([this, caller, &answered] {
        for (int count = 0; count < 25; ++count) {
          const auto answer = ask((caller + count) % 2 == 0 ? "dogs" : "cats").get();
          answered += answer || answer.error().code() == Code::exhausted ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(answered, 100);
  EXPECT_THAT(metrics_.expose(), HasSubstr("ocelli_infer_jobs 0\n"));
}

TEST_F(PictureServiceTest, CountsEveryOutcome) {
  EXPECT_TRUE(ask("dogs").get());
  EXPECT_EQ(refusal("dogs", "x"), Code::unsupported);
  EXPECT_EQ(refusal("made\nup"), Code::not_found);
  service_.reset();
  const std::string text = metrics_.expose();
  EXPECT_THAT(text, HasSubstr("ocelli_infer_requests_total{model=\"dogs\",outcome=\"ok\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_infer_requests_total{model=\"dogs\",outcome=\"unsupported\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_infer_requests_total{model=\"\",outcome=\"not_found\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ocelli_infer_seconds_count{model=\"dogs\"} 2\n"));
}

}  // namespace
}  // namespace ocelli::app
