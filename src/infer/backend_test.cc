#include "infer/backend.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "infer/testing/tiny_model.h"

namespace ocelli::infer {
namespace {

using base::Code;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

/// Those that this build has.
std::vector<BackendKind> built_backends() {
  std::vector<BackendKind> kinds;
  for (const auto kind : {BackendKind::onnx_runtime, BackendKind::openvino}) {
    const auto backend = make_backend(kind);
    if (backend || backend.error().code() != Code::unsupported) kinds.push_back(kind);
  }
  return kinds;
}

/// What every backend promises.
class BackendTest : public ::testing::TestWithParam<BackendKind> {
 protected:
  void SetUp() override {
    auto backend = make_backend(GetParam());
    if (!backend) GTEST_SKIP() << backend.error().message();
    backend_ = *backend;
    path_ = (std::filesystem::temp_directory_path() / ("ocelli-model-" + std::to_string(getpid()) + ".onnx")).string();
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  std::shared_ptr<Backend> backend_;
  std::string path_;
};

TEST_P(BackendTest, NamesItself) {
  EXPECT_THAT(backend_->description(), MatchesRegex("(ONNX Runtime|OpenVINO) [0-9]+\\.[0-9]+\\.[0-9]+, CPU"));
}

TEST_P(BackendTest, DescribesInputsAndOutputs) {
  write(testing::tiny_model(8, 6, 2, std::vector<float>(12, 1)));
  auto session = backend_->load(path_, {});
  ASSERT_TRUE(session) << session.error().message();
  ASSERT_EQ((*session)->inputs().size(), 1U);
  EXPECT_EQ((*session)->inputs()[0].to_string(), "images float32[1,3,8,8]");
  EXPECT_EQ((*session)->outputs()[0].to_string(), "output0 float32[1,6,2]");
}

TEST_P(BackendTest, TakesAnotherShapeInEachRunInMemoryThatOnlyGrows) {
  write(testing::tiny_model(-1, 1, 2, {1, 2}));
  auto session = backend_->load(path_, {.intra_op_threads = 1});
  ASSERT_TRUE(session) << session.error().message();
  auto binding = (*session)->make_open_binding();
  if (!binding) GTEST_SKIP() << binding.error().message();
  const auto first = (*binding)->shape_input(0, std::vector<std::int64_t>{1, 3, 8, 6});
  ASSERT_TRUE(first);
  const void* largest = *first;
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(largest) % 64, 0U);
  for (const std::int64_t width : {6, 2, 4, 4, 6}) {
    const auto input = (*binding)->shape_input(0, std::vector<std::int64_t>{1, 3, 8, width});
    ASSERT_TRUE(input);
    EXPECT_EQ(*input, largest);
    std::fill_n(static_cast<float*>(*input), 3 * 8 * width, static_cast<float>(width));
    ASSERT_TRUE((*binding)->run());
    const auto& output = (*binding)->output(0);
    EXPECT_THAT(output.shape, ::testing::ElementsAre(1, 1, 2));
    EXPECT_THAT(output.floats(), ::testing::ElementsAre(width, 2 * width));
  }
}

TEST_P(BackendTest, RefusesAnOpenInputWithoutAShape) {
  write(testing::tiny_model(-1, 1, 2, {1, 2}));
  auto session = backend_->load(path_, {.intra_op_threads = 1});
  ASSERT_TRUE(session) << session.error().message();
  auto binding = (*session)->make_open_binding();
  if (!binding) GTEST_SKIP() << binding.error().message();
  EXPECT_FALSE((*binding)->run());
  const auto empty = (*binding)->shape_input(0, std::vector<std::int64_t>{1, 3, 0, 8});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code(), Code::invalid);
  EXPECT_EQ((*session)->metadata("character").error().code(), Code::not_found);
}

TEST_P(BackendTest, ReadsAndWritesTheBoundMemoryInPlace) {
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

TEST_P(BackendTest, RunsSeveralBindingsOfOneSessionAtOnce) {
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

TEST_P(BackendTest, OutlivesTheBackendThatLoadedIt) {
  write(testing::tiny_model(2, 1, 1, {10}));
  auto session = backend_->load(path_, {});
  ASSERT_TRUE(session);
  backend_.reset();
  auto binding = (*session)->make_binding();
  EXPECT_TRUE((*session)->run(**binding));
}

TEST_P(BackendTest, RefusesAFileThatIsNoModel) {
  write("this is no model");
  const auto session = backend_->load(path_, {});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code(), Code::corrupt);
  EXPECT_THAT(session.error().message(), HasSubstr("not a model"));
}

TEST_P(BackendTest, SaysThatTheFileIsMissing) {
  EXPECT_EQ(backend_->load("/nowhere/model.onnx", {}).error().code(), Code::not_found);
}

TEST_P(BackendTest, ComputesWithBf16OrSaysWhyNot) {
  write(testing::tiny_model(2, 1, 1, {10}));
  const auto can = backend_->check_precision(Precision::bf16);
  const auto session = backend_->load(path_, {.intra_op_threads = 1, .precision = Precision::bf16});
  EXPECT_EQ(session.has_value(), can.has_value());
  if (can) {
    auto binding = (*session)->make_binding();
    std::fill_n(static_cast<float*>((*binding)->input(0).data()), 12, 2.F);
    ASSERT_TRUE((*session)->run(**binding));
    EXPECT_EQ(*static_cast<const float*>((*binding)->output(0).data()), 20.F);
  } else {
    EXPECT_EQ(session.error().code(), Code::unsupported);
    EXPECT_THAT(session.error().message(), HasSubstr("bf16"));
  }
}

TEST_P(BackendTest, RunsOnTheProcessorAndSaysWhyWhenAProviderCannotBeHad) {
  write(testing::tiny_model(2, 1, 1, {10}));
  for (const auto provider : {Provider::cuda, Provider::tensorrt, Provider::openvino}) {
    const auto can = backend_->check_provider(provider);
    if (can) continue;  // a machine that has it
    EXPECT_FALSE(can.error().message().empty());
    const auto session = backend_->load(path_, {.intra_op_threads = 1, .provider = provider});
    ASSERT_TRUE(session) << session.error().message();
    EXPECT_EQ((*session)->provider().provider, Provider::cpu);
    if (GetParam() == BackendKind::onnx_runtime) {
      EXPECT_EQ((*session)->provider().reason, can.error().message());
      EXPECT_THAT(can.error().message(), HasSubstr(std::string(provider_name(provider))));
    }
    auto binding = (*session)->make_binding();
    ASSERT_TRUE((*session)->run(**binding));
  }
}

TEST_P(BackendTest, HasTheProcessorAlways) {
  write(testing::tiny_model(2, 1, 1, {10}));
  EXPECT_TRUE(backend_->check_provider(Provider::cpu));
  const auto session = backend_->load(path_, {.intra_op_threads = 1});
  ASSERT_TRUE(session);
  EXPECT_EQ((*session)->provider().reason, "");
}

INSTANTIATE_TEST_SUITE_P(Built, BackendTest, ::testing::ValuesIn(built_backends()),
                         [](const auto& tested) { return std::string(backend_name(tested.param)); });

std::ptrdiff_t threads_of_this_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

TEST_P(BackendTest, LeavesNoThreadBehindForRunsOnOne) {
  write(testing::tiny_model(2, 1, 1, {10}));
  const auto before = threads_of_this_process();
  const auto session = backend_->load(path_, {.intra_op_threads = 1});
  ASSERT_TRUE(session);
  EXPECT_EQ(threads_of_this_process(), before);
}

TEST(MakeOnnxBackend, SharesThreadsAmongSessionsAndBackends) {
  const auto backend = make_onnx_backend();
  if (!backend) GTEST_SKIP() << backend.error().message();
  const auto path = (std::filesystem::temp_directory_path() / ("ocelli-threads-" + std::to_string(getpid()))).string();
  std::ofstream(path, std::ios::binary) << testing::tiny_model(2, 1, 1, {10});
  const auto before = threads_of_this_process();
  std::vector<std::unique_ptr<Session>> sessions;
  for (const int threads : {0, 0, default_intra_op_threads()}) {
    auto session = (*backend)->load(path, {.intra_op_threads = threads});
    ASSERT_TRUE(session) << session.error().message();
    sessions.push_back(std::move(*session));
  }
  const auto another = make_onnx_backend();
  ASSERT_TRUE(another) << another.error().message();
  sessions.push_back(std::move(*(*another)->load(path, {})));
  EXPECT_EQ(threads_of_this_process(), before);
  const int more = default_intra_op_threads() + 2;
  sessions.push_back(std::move(*(*backend)->load(path, {.intra_op_threads = more})));
  EXPECT_EQ(threads_of_this_process(), before + more - 1) << "which the pool has not";
  for (const auto& session : sessions) {
    auto binding = session->make_binding();
    EXPECT_TRUE(session->run(**binding));
  }
  std::filesystem::remove(path);
}

TEST(MakeOnnxBackend, NamesTheLibraryThatItCouldNotLoad) {
  const auto backend = make_onnx_backend("/nowhere/libonnxruntime.so");
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().code(), Code::unavailable);
  EXPECT_THAT(backend.error().message(), HasSubstr("/nowhere/libonnxruntime.so"));
}

}  // namespace
}  // namespace ocelli::infer
