#include "infer/ctc_decoder.h"

#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>

namespace ocelli::infer {
namespace {

constexpr std::size_t kCharacters = 5;  // blank, a, ü, 文, space

CtcDecoder decoder() {
  return CtcDecoder("a\nü\n文");
}

/// One step for each index, with that probability.
std::vector<float> steps(const std::vector<std::size_t>& characters, float probability = 0.75F) {
  std::vector<float> values;
  for (const std::size_t character : characters) {
    for (std::size_t i = 0; i < kCharacters; ++i) values.push_back(i == character ? probability : 0.01F);
  }
  return values;
}

std::string text_of(const std::vector<std::size_t>& characters) {
  const auto result = decoder().decode(steps(characters));
  EXPECT_TRUE(result);
  return result ? result->text : "";
}

TEST(CtcDecoder, KnowsTheDictionaryBetweenBlankAndSpace) {
  EXPECT_EQ(decoder().character_count(), kCharacters);
  EXPECT_EQ(text_of({1, 2, 3, 4}), "aü文 ");
}

TEST(CtcDecoder, TakesALineBreakAtTheEndOfTheDictionaryAsItsEnd) {
  EXPECT_EQ(CtcDecoder("a\nb\n").character_count(), 4U);
}

TEST(CtcDecoder, JoinsEqualNeighboursAndLeavesBlanksOut) {
  EXPECT_EQ(text_of({0, 1, 1, 1, 0, 2, 2, 0, 0}), "aü");
}

TEST(CtcDecoder, ReadsADoubleLetterWhereABlankPartsIt) {
  EXPECT_EQ(text_of({1, 1, 0, 1}), "aa");
}

TEST(CtcDecoder, SaysTheSameWhenEveryStepIsThereTwice) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<std::size_t> once;
    std::vector<std::size_t> twice;
    for (int i = 0; i < 30; ++i) {
      once.push_back(random() % kCharacters);
      twice.insert(twice.end(), 2, once.back());
    }
    EXPECT_EQ(text_of(once), text_of(twice));
  }
}

TEST(CtcDecoder, ScoresTheMeanOfTheCharactersItTook) {
  auto values = steps({1, 0, 2});
  values[1] = 0.9F;
  values[kCharacters] = 1;  // the blank does not count
  const auto result = decoder().decode(values);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->score, (0.9F + 0.75F) / 2, 1e-6);
}

TEST(CtcDecoder, ReadsNothingWithScoreNoughtFromBlanks) {
  const auto result = decoder().decode(steps({0, 0, 0}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "");
  EXPECT_EQ(result->score, 0);
}

TEST(CtcDecoder, FindsTheGreatestWhereverItStandsInAStep) {
  std::string characters;
  for (int i = 0; i < 100; ++i) characters += std::to_string(i) + "\n";
  const CtcDecoder many(characters);
  for (std::size_t at = 1; at <= 100; ++at) {
    std::vector<float> values(many.character_count(), -1);
    values[at] = 0.5F;
    const auto result = many.decode(values);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->text, std::to_string(at - 1));
  }
}

TEST(CtcDecoder, RefusesHalfAStep) {
  const auto result = decoder().decode(std::vector<float>(kCharacters + 1, 0));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), base::Code::corrupt);
}

TEST(CtcDecoder, SurvivesAnyValues) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> odd{std::nanf(""), kInfinity, -kInfinity, 3e38F, -3e38F, 0, 1, 1e-45F};
  std::mt19937 random(11);
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<float> values(kCharacters * (random() % 9));
    for (float& value : values) value = odd[random() % odd.size()];
    const auto result = decoder().decode(values);
    ASSERT_TRUE(result);
    EXPECT_GE(result->score, 0);
    EXPECT_LE(result->score, 1);
  }
}

}  // namespace
}  // namespace ocelli::infer
