#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "infer/backend.h"
#include "infer/testing/tiny_model.h"

namespace ocelli::infer {
namespace {

using base::Code;
using ::testing::HasSubstr;

class OnnxBackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto backend = make_onnx_backend();
    if (!backend) GTEST_SKIP() << backend.error().message();
    backend_ = *backend;
    path_ = (std::filesystem::temp_directory_path() / ("ocelli-model-" + std::to_string(getpid()) + ".onnx")).string();
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  std::shared_ptr<Backend> backend_;
  std::string path_;
};

TEST_F(OnnxBackendTest, NamesItself) {
  EXPECT_THAT(backend_->description(), HasSubstr("ONNX Runtime 1."));
}

TEST_F(OnnxBackendTest, DescribesInputsAndOutputs) {
  write(testing::tiny_model(8, 6, 2, std::vector<float>(12, 1)));
  auto session = backend_->load(path_, {});
  ASSERT_TRUE(session) << session.error().message();
  ASSERT_EQ((*session)->inputs().size(), 1U);
  EXPECT_EQ((*session)->inputs()[0].to_string(), "images float32[1,3,8,8]");
  EXPECT_EQ((*session)->outputs()[0].to_string(), "output0 float32[1,6,2]");
}

TEST_F(OnnxBackendTest, ReadsAndWritesTheBoundMemoryInPlace) {
  write(testing::tiny_model(2, 2, 2, {1, 2, 3, 4}));
  auto session = backend_->load(path_, {.intra_op_threads = 1});
  ASSERT_TRUE(session) << session.error().message();
  auto binding = (*session)->make_binding();
  ASSERT_TRUE(binding);
  auto* input = static_cast<float*>((*binding)->input(0).data());
  const auto* output = static_cast<const float*>((*binding)->output(0).data());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(input) % 64, 0U);
  for (const float level : {0.5F, 2.0F}) {
    std::fill_n(input, 12, level);
    ASSERT_TRUE((*session)->run(**binding));
    EXPECT_THAT(std::vector<float>(output, output + 4), ::testing::ElementsAre(level, 2 * level, 3 * level, 4 * level));
  }
}

TEST_F(OnnxBackendTest, RunsSeveralBindingsOfOneSessionAtOnce) {
  write(testing::tiny_model(2, 1, 1, {10}));
  auto session = backend_->load(path_, {.intra_op_threads = 1});
  ASSERT_TRUE(session);
  std::vector<std::jthread> threads;
  for (int i = 1; i <= 4; ++i) {
    threads.emplace_back([&, i] {
      auto binding = (*session)->make_binding();
      std::fill_n(static_cast<float*>((*binding)->input(0).data()), 12, static_cast<float>(i));
      for (int run = 0; run < 100; ++run) {
        ASSERT_TRUE((*session)->run(**binding));
        ASSERT_EQ(*static_cast<const float*>((*binding)->output(0).data()), 10.F * static_cast<float>(i));
      }
    });
  }
}

TEST_F(OnnxBackendTest, OutlivesTheBackendThatLoadedIt) {
  write(testing::tiny_model(2, 1, 1, {10}));
  auto session = backend_->load(path_, {});
  ASSERT_TRUE(session);
  backend_.reset();
  auto binding = (*session)->make_binding();
  EXPECT_TRUE((*session)->run(**binding));
}

TEST_F(OnnxBackendTest, RefusesAFileThatIsNoModel) {
  write("this is no model");
  const auto session = backend_->load(path_, {});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code(), Code::corrupt);
  EXPECT_THAT(session.error().message(), HasSubstr("not a model"));
}

TEST_F(OnnxBackendTest, SaysThatTheFileIsMissing) {
  EXPECT_EQ(backend_->load("/nowhere/model.onnx", {}).error().code(), Code::not_found);
}

TEST(MakeOnnxBackend, NamesTheLibraryThatItCouldNotLoad) {
  const auto backend = make_onnx_backend("/nowhere/libonnxruntime.so");
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().code(), Code::unavailable);
  EXPECT_THAT(backend.error().message(), HasSubstr("/nowhere/libonnxruntime.so"));
}

}  // namespace
}  // namespace ocelli::infer
