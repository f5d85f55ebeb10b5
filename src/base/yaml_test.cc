#include "base/yaml.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

YamlValue parsed(std::string_view text) {
  std::vector<YamlProblem> problems;
  auto value = YamlValue::parse(text, "a.yaml", problems);
  EXPECT_TRUE(value.has_value()) << (problems.empty() ? "" : problems.front().to_string());
  return value ? *value : YamlValue::scalar("", "");
}

std::string refusal(std::string_view text) {
  auto value = YamlValue::parse(text, "a.yaml");
  return value ? "accepted" : value.error().message();
}

std::vector<std::string> lines(const std::vector<YamlProblem>& problems) {
  std::vector<std::string> result;
  for (const auto& problem : problems) result.push_back(problem.to_string());
  return result;
}

TEST(YamlProblem, NamesFileLineAndColumn) {
  EXPECT_EQ((YamlProblem{"site.yaml", 12, 3, "unknown key"}.to_string()), "site.yaml:12:3: unknown key");
  EXPECT_EQ((YamlProblem{"site.yaml", 0, 0, "is too large"}.to_string()), "site.yaml: is too large");
}

TEST(YamlValue, AnEmptyFileIsNull) {
  EXPECT_TRUE(parsed("").is_null());
  EXPECT_TRUE(parsed("# only a comment\n").is_null());
}

TEST(YamlValue, ReadsScalarsListsAndMapsInTheirOrder) {
  std::vector<YamlProblem> problems;
  const auto map = parsed("b: [1, 2.5, true, 'x']\na: ~\n").as_map(problems);
  ASSERT_THAT(map, SizeIs(2));
  EXPECT_EQ(map[0].first, "b");
  EXPECT_TRUE(map[1].second.is_null());
  const auto list = map[0].second.as_list(problems);
  ASSERT_THAT(list, SizeIs(4));
  EXPECT_EQ(list[0].as_integer(problems), 1);
  EXPECT_EQ(list[1].as_number(problems), 2.5);
  EXPECT_EQ(list[2].as_bool(problems), true);
  EXPECT_EQ(list[3].as_string(problems), "x");
  EXPECT_THAT(problems, IsEmpty());
}

TEST(YamlValue, SaysWhatItExpectedAndFoundAndWhere) {
  std::vector<YamlProblem> problems;
  const auto list = parsed("- yes\n- '5'\n- .inf\n- 0x10\n- [1]\n- {a: 1}\n- +-1\n-\n").as_list(problems);
  list[0].as_bool(problems);
  list[1].as_integer(problems);
  list[2].as_number(problems);
  list[3].as_integer(problems);
  list[4].as_string(problems);
  list[5].as_list(problems);
  list[6].as_number(problems);
  list[7].as_map(problems);
  EXPECT_THAT(
      lines(problems),
      ElementsAre(
          "a.yaml:1:3: expected true or false, found 'yes'", "a.yaml:2:3: expected a whole number, found the text '5'",
          "a.yaml:3:3: expected a number, found '.inf'", "a.yaml:4:3: expected a whole number, found '0x10'",
          "a.yaml:5:3: expected a text, found a list", "a.yaml:6:3: expected a list, found a mapping",
          "a.yaml:7:3: expected a number, found '+-1'", HasSubstr("expected a mapping (key: value), found nothing")));
}

TEST(YamlValue, RefusesNumbersThatAreNoNumbers) {
  std::vector<YamlProblem> problems;
  for (const std::string text : {"nan", "inf", "-inf", "1e999", "", "1 2", "0x1p3", "1_000", "e5"}) {
    EXPECT_FALSE(YamlValue::scalar(text, "test").as_number(problems)) << text;
  }
  EXPECT_FALSE(YamlValue::scalar("99999999999999999999", "test").as_integer(problems));
}

TEST(YamlValue, ShowsLongAndStrangeTextsOnOneShortLine) {
  std::vector<YamlProblem> problems;
  parsed("\"a\\nb\\u0007" + std::string(500, 'x') + "\"").as_integer(problems);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].message, HasSubstr("found the text 'a b xxx"));
  EXPECT_LT(problems[0].message.size(), 140U);
  EXPECT_EQ(problems[0].message.find('\n'), std::string::npos);
}

TEST(YamlValue, RefusesWhatIsNotOneYamlDocument) {
  EXPECT_THAT(refusal("a: [1, 2"), HasSubstr("a.yaml:1:"));
  EXPECT_THAT(refusal("a: 1\n b: 2\n"), HasSubstr("a.yaml:2:3: not valid YAML"));
  EXPECT_EQ(refusal("a: 1\n---\nb: 2\n"), "a.yaml:2:1: a second document begins here; only one is read");
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "a.yaml:3:1: key 'a' is here a second time; the first is in line 1");
  EXPECT_EQ(refusal("a: !!python/object x\n"),
            "a.yaml:1:4: tags such as 'tag:yaml.org,2002:python/object' are not read");
  EXPECT_EQ(refusal("[1]: 2\n"), "a.yaml:1:1: expected a name before ':', found a list");
}

TEST(YamlValue, KeepsTheParsersOwnWordsOnOneLine) {
  // Found by fuzzing: the name of this alias holds a line break.
  const std::string message = refusal("a: &a [*a|]\n");
  EXPECT_THAT(message, HasSubstr("a.yaml:1:"));
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST(YamlValue, ReadsAliases) {
  std::vector<YamlProblem> problems;
  YamlMapReader reader(parsed("a: &people [person, bicycle]\nb: *people\n"), problems);
  std::vector<std::string> labels;
  EXPECT_TRUE(reader.read("b", labels));
  EXPECT_THAT(labels, ElementsAre("person", "bicycle"));
}

TEST(YamlValue, RefusesAliasesThatContainThemselvesOrExplode) {
  EXPECT_THAT(refusal("&a [*a]"), HasSubstr("refers to a value that contains it"));
  EXPECT_THAT(refusal("a: *nowhere"), HasSubstr("anchor is not defined"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(refusal(bomb), HasSubstr("holds more than 250000 values"));
}

TEST(YamlValue, RefusesDeepAndLargeInput) {
  EXPECT_THAT(refusal(std::string(65, '[') + std::string(65, ']')), HasSubstr("nested deeper than 64 levels"));
  EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "accepted");
  EXPECT_THAT(refusal(std::string(2'000'000, '[')), HasSubstr("too many brackets are open"));
  EXPECT_THAT(refusal(std::string(2'000'000, '{')), HasSubstr("too many brackets are open"));
  std::string steps;
  for (int i = 0; i < 500; ++i) steps += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(refusal(steps), HasSubstr("nested deeper than 64 levels"));
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_THAT(refusal(dashes), HasSubstr("nested deeper than 64 levels"));
  EXPECT_EQ(refusal(std::string((4U << 20U) + 1, 'a')), "a.yaml: is larger than 4 MiB");
}

TEST(YamlMapReader, FillsTargetsAndKeepsDefaults) {
  std::vector<YamlProblem> problems;
  YamlMapReader reader(parsed("name: x\nport: 80\nratio: .5\non: true\n"), problems);
  std::string name;
  int port = 0;
  float ratio = 0;
  bool on = false;
  double absent = 7;
  EXPECT_TRUE(reader.read("name", name));
  EXPECT_TRUE(reader.read("port", port, 0, 65535));
  EXPECT_TRUE(reader.read("ratio", ratio, 0, 1));
  EXPECT_TRUE(reader.read("on", on));
  EXPECT_FALSE(reader.read("absent", absent, 0, 10));
  reader.finish();
  EXPECT_EQ(name, "x");
  EXPECT_EQ(port, 80);
  EXPECT_EQ(ratio, .5F);
  EXPECT_TRUE(on);
  EXPECT_EQ(absent, 7);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(YamlMapReader, CollectsEveryProblem) {
  std::vector<YamlProblem> problems;
  YamlMapReader reader(parsed("port: 70000\nratio: 2\nfilter: areo\nzonez: 1\nqq: 2\n"), problems);
  int port = 1;
  double ratio = 1;
  int filter = 0;
  const std::vector<std::pair<std::string, int>> filters = {{"area", 1}, {"bilinear", 2}};
  EXPECT_FALSE(reader.read("port", port, 0, 65535));
  EXPECT_FALSE(reader.read("ratio", ratio, 0, 1));
  EXPECT_FALSE(reader.read_enum("filter", filter, filters));
  EXPECT_FALSE(reader.child("zones"));
  reader.require("url");
  reader.finish();
  EXPECT_EQ(port, 1);
  EXPECT_THAT(lines(problems),
              ElementsAre("a.yaml:1:7: port must be 0 to 65535, not 70000", "a.yaml:2:8: ratio must be 0 to 1, not 2",
                          "a.yaml:3:9: filter must be one of area, bilinear, not 'areo' (did you mean 'area'?)",
                          "a.yaml:1:1: missing key 'url'", "a.yaml:4:1: unknown key 'zonez' (did you mean 'zones'?)",
                          "a.yaml:5:1: unknown key 'qq'; known here: port, ratio, filter, zones, url"));
}

TEST(YamlMapReader, ComplainsOnceAboutAValueThatIsNoMap) {
  std::vector<YamlProblem> problems;
  YamlMapReader reader(parsed("[1]"), problems);
  reader.require("url");
  reader.finish();
  EXPECT_THAT(lines(problems), ElementsAre("a.yaml:1:1: expected a mapping (key: value), found a list"));
}

TEST(YamlError, TellsTheFirstProblemAndCountsTheOthers) {
  const YamlProblem problem{"a.yaml", 1, 2, "bad"};
  EXPECT_EQ(yaml_error({problem}).message(), "a.yaml:1:2: bad");
  EXPECT_EQ(yaml_error({problem, problem}).message(), "a.yaml:1:2: bad (and 1 more problem)");
  EXPECT_EQ(yaml_error({problem, problem, problem}).message(), "a.yaml:1:2: bad (and 2 more problems)");
}

TEST(YamlError, TellsAMisspeltKeyBeforeTheKeyThatIsMissingForIt) {
  const YamlProblem missing{"a.yaml", 1, 1, "missing key 'url'"};
  const YamlProblem misspelt{"a.yaml", 2, 1, "unknown key 'ulr' (did you mean 'url'?)"};
  EXPECT_EQ(yaml_error({missing, misspelt}).message(), misspelt.to_string() + " (and 1 more problem)");
}

RC_GTEST_PROP(YamlValue, SurvivesAnyText, (std::string text)) {
  std::vector<YamlProblem> problems;
  const auto value = YamlValue::parse(text, "a.yaml", problems);
  RC_ASSERT(value.has_value() == problems.empty());
}

RC_GTEST_PROP(YamlValue, ReadsBackEveryInteger, (std::int64_t number)) {
  std::vector<YamlProblem> problems;
  RC_ASSERT(YamlValue::scalar(std::to_string(number), "test").as_integer(problems) == number);
}

}  // namespace
}  // namespace ocelli::base
