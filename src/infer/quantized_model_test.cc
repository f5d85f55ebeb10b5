#include "infer/quantized_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::infer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kOne(64, '1');
const std::string kTwo(64, '2');

TEST(QuantizedModel, ReadsWhatItWrote) {
  const QuantizedModel model{"toy", "1.0", kOne, kTwo, {{"day \"one\"\\x.mp4", kOne, {3, 9}}}, {"numpy==2.2.6"}};
  const auto read = parse_quantized_model(to_yaml(model), "record.yaml");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, model);
}

RC_GTEST_PROP(QuantizedModelProperty, KeepsAnyAsciiNameOfAClip, ()) {
  auto name = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  const QuantizedModel model{"toy", "1.0", kOne, kTwo, {{name, kOne, {}}}, {"numpy==2.2.6"}};
  const auto read = parse_quantized_model(to_yaml(model), "record.yaml");
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == model);
}

TEST(QuantizedModel, NamesThePlaceOfAMistake) {
  QuantizedModel model{"toy", "1.0", kOne, "../../etc/passwd", {}, {}};
  const auto read = parse_quantized_model(to_yaml(model), "record.yaml");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), AllOf(HasSubstr("record.yaml:5:"), HasSubstr("64 lower-case")));
}

TEST(QuantizedModel, RefusesUnknownAndMissingKeys) {
  const auto read = parse_quantized_model("model: toy\ncolour: red\n", "record.yaml");
  ASSERT_FALSE(read);
}

}  // namespace
}  // namespace ocelli::infer
