#include "base/result.h"

#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return Error(Code::invalid, "odd number");
  return number / 2;
}

Result<std::string> quarter_as_text(int number) {
  OC_TRY(const int half, half_of(number));
  OC_TRY(const int quarter, half_of(half));
  return std::to_string(quarter);
}

Status must_be_even(int number, bool& reached_the_end) {
  OC_TRY_STATUS(half_of(number));
  reached_the_end = true;
  return {};
}

Result<std::unique_ptr<int>> make_unique_number(int number) {
  return std::make_unique<int>(number);
}

Result<int> read_unique_number() {
  OC_TRY(const std::unique_ptr<int> number, make_unique_number(7));
  return *number;
}

TEST(Result, CarriesAValue) {
  const auto result = half_of(8);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 4);
}

TEST(Result, CarriesAnErrorWithItsPlaceInTheSource) {
  const auto result = half_of(3);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::invalid);
  EXPECT_EQ(result.error().message(), "odd number");
  EXPECT_TRUE(std::string(result.error().where().file_name()).ends_with("result_test.cc"));
  EXPECT_GT(result.error().where().line(), 0U);
}

TEST(Result, TryUnwrapsValuesAndReturnsTheFirstError) {
  EXPECT_EQ(quarter_as_text(12).value(), "3");
  EXPECT_EQ(quarter_as_text(6).error().message(), "odd number");
}

TEST(Result, TryMovesWhatCannotBeCopied) {
  EXPECT_EQ(read_unique_number().value(), 7);
}

TEST(Status, TryStatusReturnsEarlyOnlyOnAnError) {
  bool reached = false;
  EXPECT_TRUE(must_be_even(2, reached).has_value());
  EXPECT_TRUE(reached);
  reached = false;
  EXPECT_EQ(must_be_even(1, reached).error().code(), Code::invalid);
  EXPECT_FALSE(reached);
}

TEST(Error, ContextIsPutInFrontAndKeepsCodeAndPlace) {
  const Error inner(Code::timeout, "no answer in 5 s");
  const Error outer = Error(inner).with_context("camera gate");
  EXPECT_EQ(outer.message(), "camera gate: no answer in 5 s");
  EXPECT_EQ(outer.code(), Code::timeout);
  EXPECT_EQ(outer.where().line(), inner.where().line());
}

TEST(Code, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code) names.insert(code_name(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::internal) + 1);
  EXPECT_EQ(code_name(Code::not_found), "not_found");
}

}  // namespace
}  // namespace ocelli::base
