#include "infer/safetensors.h"

#include <array>
#include <cstring>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/testing/temporary_folder.h"
#include "infer/testing/tiny_tcn.h"

namespace ocelli::infer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string file_of(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + data;
}

/// Two tensors of two floats, and where the second lies.
std::string file_with(const std::string& second) {
  return file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":)" + second + "}", std::string(16, '\0'));
}

void expect_corrupt(const std::string& bytes, const std::string& why) {
  const auto result = Safetensors::parse(bytes, "x.safetensors");
  ASSERT_FALSE(result) << why;
  EXPECT_EQ(result.error().code(), base::Code::corrupt);
  EXPECT_THAT(result.error().message(), HasSubstr("x.safetensors: "));
  EXPECT_THAT(result.error().message(), HasSubstr(why));
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const auto bytes = testing::write_safetensors({{"seed", "7"}}, {{"a", {{2, 1}, {1.5F, -2}}}, {"b", {{}, {3}}}});
  const auto file = Safetensors::parse(bytes, "x.safetensors");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->tensors().size(), 2U);
  EXPECT_EQ(*file->metadata("seed"), "7");
  EXPECT_EQ(file->metadata("other").error().code(), base::Code::not_found);
  EXPECT_THAT(*file->floats("a", std::array<std::int64_t, 2>{2, 1}), ElementsAre(1.5F, -2));
  EXPECT_THAT(*file->floats("b", {}), ElementsAre(3));
}

TEST(Safetensors, SaysWhichTensorIsNotAsExpected) {
  const auto bytes = file_with(R"({"dtype":"I32","shape":[2],"data_offsets":[8,16]})");
  const auto file = Safetensors::parse(bytes, "x.safetensors");
  ASSERT_TRUE(file) << file.error().message();
  const std::array<std::int64_t, 1> three{3};
  EXPECT_EQ(file->floats("c", three).error().code(), base::Code::not_found);
  EXPECT_EQ(file->floats("b", three).error().code(), base::Code::unsupported);
  EXPECT_EQ(file->floats("a", three).error().message(), "x.safetensors: tensor 'a' is [2], must be [3]");
}

TEST(Safetensors, RefusesValuesThatAreNoNumbers) {
  const auto bytes = testing::write_safetensors({}, {{"a", {{1}, {std::numeric_limits<float>::quiet_NaN()}}}});
  const auto file = Safetensors::parse(bytes, "x.safetensors");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->floats("a", std::array<std::int64_t, 1>{1}).error().code(), base::Code::corrupt);
}

TEST(Safetensors, RefusesBytesThatAreNoHeader) {
  expect_corrupt("1234567", "too short");
  expect_corrupt(std::string(8, '\xff'), "not a safetensors file");
  expect_corrupt(file_of("{}").substr(0, 9), "ends within its header");
  expect_corrupt(file_of("[]"), "not a JSON object");
  expect_corrupt(file_of("{\"a\":"), "not a JSON object");
  expect_corrupt(file_of(R"({"__metadata__":{"a":1}})"), "'a' is not text");
  expect_corrupt(file_of(R"({"__metadata__":[]})"), "not a JSON object");
  expect_corrupt(file_of(R"({"__metadata__":{"a":"1","a":"2"}})"), "says 'a' twice");
}

TEST(Safetensors, RefusesTensorsThatTheBytesDoNotHold) {
  expect_corrupt(file_with("7"), "tensor 'b' must have dtype");
  expect_corrupt(file_with(R"({"dtype":"F31","shape":[2],"data_offsets":[8,16]})"), "'b' has a dtype");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[-2],"data_offsets":[8,16]})"), "'b' has a size");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[9999999999],"data_offsets":[8,16]})"), "'b' has a size");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[100000,100000],"data_offsets":[8,16]})"), "'b' is larger");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":2,"data_offsets":[8,16]})"), "'b' has a shape");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[2],"data_offsets":[16,8]})"), "'b' has data_offsets");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[2],"data_offsets":[8]})"), "'b' has data_offsets");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[1],"data_offsets":[8,16]})"), "'b' has 8 bytes");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})"), "overlap or leave gaps");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[3],"data_offsets":[8,20]})"), "ends within its tensors");
  expect_corrupt(file_with(R"({"dtype":"F32","shape":[1],"data_offsets":[8,12]})"), "bytes behind its last tensor");
}

TEST(Safetensors, KeepsErrorsOnOneLine) {
  const std::string name = "a\\n" + std::string(500, 'b');
  const auto result = Safetensors::parse(file_of("{\"" + name + "\":1}"), "x.safetensors");
  ASSERT_FALSE(result);
  EXPECT_LT(result.error().message().size(), 200U);
  EXPECT_EQ(result.error().message().find('\n'), std::string::npos);
}

TEST(Safetensors, ReadsFilesAndSaysWhichIsMissing) {
  const TemporaryFolder folder;
  const auto path = folder.write("w.safetensors", file_of("{}"));
  EXPECT_TRUE(Safetensors::read(path));
  EXPECT_EQ(Safetensors::read(path + "x").error().code(), base::Code::not_found);
}

}  // namespace
}  // namespace ocelli::infer
