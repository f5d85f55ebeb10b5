#include "infer/tcn.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <nlohmann/json.hpp>

#include "infer/tcn_stream.h"
#include "infer/testing/tiny_tcn.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;
using testing::TcnShape;

constexpr double kClose = 1e-5;

/// Shapes that differ in what the code distinguishes: adapters, widths around the lanes, kernels, depth.
const std::vector<TcnShape>& shapes() {
  static const std::vector<TcnShape> kAll{
      {5, 3, 3, {8, 8}, {1, 2}}, {8, 2, 3, {8, 8, 8}, {1, 2, 4}},    {20, 6, 3, {32, 32, 32, 32, 32}, {1, 2, 4, 8, 16}},
      {1, 1, 1, {1}, {1}},       {17, 4, 2, {16, 33, 7}, {3, 1, 5}}, {3, 20, 5, {48, 64}, {2, 4}}};
  return kAll;
}

Safetensors parsed(const std::string& bytes) {
  auto file = Safetensors::parse(bytes, "tcn.safetensors");
  EXPECT_TRUE(file) << file.error().message();
  return std::move(*file);
}

std::shared_ptr<const Tcn> network_of(const Safetensors& file) {
  auto network = Tcn::create(file);
  EXPECT_TRUE(network) << network.error().message();
  return *network;
}

std::vector<float> random_steps(std::size_t count, std::size_t features, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> value;
  std::vector<float> steps(count * features);
  std::generate(steps.begin(), steps.end(), [&] { return value(random); });
  return steps;
}

/// The network as its paper writes it, in double precision: one sum for each output of each step.
class PlainNetwork {
 public:
  PlainNetwork(const Safetensors& file, TcnSpec spec) : file_(&file), spec_(std::move(spec)) {}

  using Rows = std::vector<std::vector<double>>;

  Rows run(const std::vector<float>& steps) const {
    const std::size_t features = spec_.features.size();
    Rows rows(steps.size() / features, std::vector<double>(features));
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::size_t f = i % features;
      rows[i / features][f] = (steps[i] - double{spec_.mean[f]}) / spec_.deviation[f];
    }
    for (std::size_t b = 0; b < spec_.channels.size(); ++b) {
      const std::string name = "blocks." + std::to_string(b) + ".";
      const auto inner = relu(convolve(name + "first", rows, spec_.dilations[b]));
      const auto outer = relu(convolve(name + "second", inner, spec_.dilations[b]));
      if (file_->tensors().contains(name + "adapter.weight")) rows = convolve(name + "adapter", rows, 1);
      rows = relu(sum(outer, rows));
    }
    return convolve("head", rows, 1);
  }

 private:
  Rows convolve(const std::string& name, const Rows& rows, std::int64_t dilation) const {
    const auto& shape = file_->tensors().at(name + ".weight").shape;
    const auto weights = *file_->floats(name + ".weight", shape);
    const auto bias = *file_->floats(name + ".bias", std::span(shape).first(1));
    Rows result(rows.size(), std::vector<double>(bias.begin(), bias.end()));
    for (std::int64_t t = 0; t < std::ssize(rows); ++t) {
      for (std::int64_t o = 0; o < shape[0]; ++o) {
        for (std::int64_t i = 0; i < shape[1]; ++i) {
          for (std::int64_t k = 0; k < shape[2]; ++k) {
            const std::int64_t from = t - (shape[2] - 1 - k) * dilation;
            if (from >= 0) result[t][o] += weights[(o * shape[1] + i) * shape[2] + k] * rows[from][i];
          }
        }
      }
    }
    return result;
  }
  static Rows relu(Rows rows) {
    for (auto& row : rows) {
      for (auto& value : row) value = std::max(value, 0.0);
    }
    return rows;
  }
  static Rows sum(Rows a, const Rows& b) {
    for (std::size_t t = 0; t < a.size(); ++t) {
      for (std::size_t i = 0; i < a[t].size(); ++i) a[t][i] += b[t][i];
    }
    return a;
  }

  const Safetensors* file_;
  TcnSpec spec_;
};

TEST(Tcn, GivesWhatTheEquationsSay) {
  unsigned seed = 0;
  for (const auto& shape : shapes()) {
    const auto file = parsed(testing::random_tcn(shape, ++seed));
    const auto network = network_of(file);
    for (const std::size_t count : {1U, 5U, 6U, 71U}) {
      const auto steps = random_steps(count, static_cast<std::size_t>(shape.features), seed);
      auto window = TcnWindow::create(network, count);
      ASSERT_TRUE(window) << window.error().message();
      const auto logits = window->run(steps, TcnOutput::every_step);
      ASSERT_TRUE(logits) << logits.error().message();
      const auto expected = PlainNetwork(file, network->spec()).run(steps);
      const auto classes = static_cast<std::size_t>(shape.classes);
      ASSERT_EQ(logits->size(), count * classes);
      for (std::size_t i = 0; i < logits->size(); ++i) {
        ASSERT_NEAR((*logits)[i], expected[i / classes][i % classes], kClose) << "shape " << seed << ", value " << i;
      }
    }
  }
}

TEST(Tcn, GivesTheLastStepAlone) {
  const auto network = network_of(parsed(testing::random_tcn({}, 3)));
  auto window = TcnWindow::create(network, 40);
  const auto steps = random_steps(40, 5, 3);
  const auto all = window->run(steps, TcnOutput::every_step);
  const std::vector<float> last(all->end() - 3, all->end());
  const auto alone = window->run(steps, TcnOutput::last_step);
  EXPECT_EQ(std::vector<float>(alone->begin(), alone->end()), last);
}

TEST(Tcn, DependsOnNothingBeyondItsReceptiveField) {
  const auto network = network_of(parsed(testing::random_tcn({5, 3, 3, {8, 8}, {1, 2}}, 4)));
  ASSERT_EQ(network->spec().receptive_field(), 13);
  auto window = TcnWindow::create(network, 40);
  auto steps = random_steps(40, 5, 4);
  const auto last = [&] {
    const auto logits = window->run(steps, TcnOutput::last_step);
    return std::vector<float>(logits->begin(), logits->end());
  };
  const auto before = last();
  steps[(40 - 14) * 5] += 100;  // the step just outside
  EXPECT_EQ(last(), before);
  for (std::size_t feature = 0; feature < 5; ++feature) steps[(40 - 13) * 5 + feature] += 100;
  EXPECT_NE(last(), before);
}

TEST(Tcn, RefusesWindowsThatAreNone) {
  const auto network = network_of(parsed(testing::random_tcn({}, 5)));
  auto window = TcnWindow::create(network, 3);
  for (const std::size_t values : {0U, 4U, 6U, 20U}) {
    const auto result = window->run(std::vector<float>(values), TcnOutput::every_step);
    ASSERT_FALSE(result) << values;
    EXPECT_EQ(result.error().code(), base::Code::invalid);
  }
}

TEST(TcnStream, EqualsTheWindowBitForBit) {
  unsigned seed = 100;
  for (const auto& shape : shapes()) {
    const auto network = network_of(parsed(testing::random_tcn(shape, ++seed)));
    const auto features = static_cast<std::size_t>(shape.features);
    constexpr std::size_t kCount = 200;
    const auto steps = random_steps(kCount, features, seed);
    auto window = TcnWindow::create(network, kCount);
    const auto expected = window->run(steps, TcnOutput::every_step);
    ASSERT_TRUE(expected) << expected.error().message();
    auto stream = TcnStream::create(network);
    ASSERT_TRUE(stream) << stream.error().message();
    for (int round = 0; round < 2; ++round) {
      std::vector<float> logits;
      for (std::size_t t = 0; t < kCount; ++t) {
        const auto step = stream->push(std::span(steps).subspan(t * features, features));
        logits.insert(logits.end(), step.begin(), step.end());
      }
      ASSERT_TRUE(std::equal(logits.begin(), logits.end(), expected->begin(), expected->end())) << "shape " << seed;
      stream->reset();  // the second round must not know the first
    }
  }
}

/// Makes the kernels run with one instruction set while it lives.
class ForcedTarget {
 public:
  explicit ForcedTarget(std::int64_t target) { choose(target); }
  ~ForcedTarget() { choose(0); }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;

 private:
  static void choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

TEST(Tcn, GivesTheSameBitsWithEveryInstructionSet) {
  for (const auto& shape : shapes()) {
    const auto network = network_of(parsed(testing::random_tcn(shape, 9)));
    const auto steps = random_steps(17, static_cast<std::size_t>(shape.features), 9);
    auto window = TcnWindow::create(network, 17);
    const auto best = *window->run(steps, TcnOutput::every_step);
    const std::vector<float> expected(best.begin(), best.end());
    int targets = 0;
    for (std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS; left != 0; left &= left - 1, ++targets) {
      const ForcedTarget forced(left & -left);
      const auto logits = *window->run(steps, TcnOutput::every_step);
      EXPECT_EQ(std::vector<float>(logits.begin(), logits.end()), expected) << hwy::TargetName(left & -left);
    }
    EXPECT_GE(targets, 2);
  }
}

/// A file whose metadata or tensors were changed.
struct Change {
  std::function<void(nlohmann::json&)> metadata = [](auto&) {};
  std::function<void(std::map<std::string, testing::FloatTensor>&)> tensors = [](auto&) {};
};

void expect_corrupt(const Change& change, const std::string& why) {
  const auto spec = testing::spec_of({});
  auto metadata = nlohmann::json::parse(testing::tcn_metadata(spec));
  auto tensors = testing::random_tensors(spec, 1);
  change.metadata(metadata);
  change.tensors(tensors);
  const auto network = Tcn::create(parsed(testing::write_safetensors({{"tcn", metadata.dump()}}, tensors)));
  ASSERT_FALSE(network) << why;
  EXPECT_EQ(network.error().code(), base::Code::corrupt) << network.error().message();
  EXPECT_THAT(network.error().message(), HasSubstr("tcn.safetensors: "));
  EXPECT_THAT(network.error().message(), HasSubstr(why));
}

TEST(Tcn, SaysWhatIsWrongWithItsMetadata) {
  const auto set = [](const char* key, const nlohmann::json& value) {
    return Change{[key, value](nlohmann::json& metadata) { metadata[key] = value; }};
  };
  expect_corrupt({[](auto& metadata) { metadata.erase("kernel"); }}, "'tcn': kernel is missing");
  expect_corrupt(set("kernel", 0), "kernel must be 1…16");
  expect_corrupt(set("kernel", 2.5), "kernel must be 1…16");
  expect_corrupt(set("kernel", 1e300), "kernel must be 1…16");
  expect_corrupt(set("channels", {8, 2000}), "channels must be 1…1024");
  expect_corrupt(set("channels", nlohmann::json::array()), "channels must be a list of 1…32");
  expect_corrupt(set("dilations", {1}), "dilations must be as many as channels");
  expect_corrupt(set("dilations", {1, 60000}), "dilations reach back more than 65536 steps");
  expect_corrupt(set("classes", {"walk", "run", "walk"}), "classes has a name twice");
  expect_corrupt(set("features", "speed"), "features must be a list of");
  expect_corrupt(set("mean", {1, 2}), "mean must have a number for each feature");
  expect_corrupt(set("mean", {1, 2, 3, 4, 1e200}), "mean has a number that no float can hold");
  expect_corrupt(set("deviation", {1, 1, 0, 1, 1}), "deviation must be above 0");
  expect_corrupt(set("step_ms", "200"), "step_ms must be 1…60000");
}

TEST(Tcn, SaysWhatIsWrongWithItsTensors) {
  const auto without = [](const char* name) {
    return Change{[](auto&) {}, [name](auto& tensors) { tensors.erase(name); }};
  };
  const auto base_code = [&](const Change& change) {
    const auto spec = testing::spec_of({});
    auto tensors = testing::random_tensors(spec, 1);
    change.tensors(tensors);
    return Tcn::create(parsed(testing::write_safetensors({{"tcn", testing::tcn_metadata(spec)}}, tensors))).error();
  };
  EXPECT_EQ(base_code(without("head.bias")).message(), "tcn.safetensors: no tensor 'head.bias'");
  expect_corrupt({[](auto&) {}, [](auto& tensors) { tensors["more"] = {{1}, {0}}; }}, "13 tensors");
  expect_corrupt({[](auto&) {}, [](auto& tensors) { tensors["head.weight"].shape = {8, 3, 1}; }},
                 "tensor 'head.weight' is [8,3,1], must be [3,8,1]");
}

TEST(Tcn, SaysThatOtherWeightsAreNone) {
  const auto network = Tcn::create(parsed(testing::write_safetensors({}, {})));
  ASSERT_FALSE(network);
  EXPECT_THAT(network.error().message(), HasSubstr("not the weights of a TCN"));
}

}  // namespace
}  // namespace ocelli::infer
