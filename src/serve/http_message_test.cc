#include "serve/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

namespace ocelli::serve {
namespace {

using ::testing::ElementsAre;

TEST(ParseTarget, TakesPathAndQueryApart) {
  const auto target = parse_target("/api//v1/events/?limit=5&camera=loading%20dock&flag");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("api", "", "v1", "events"));
  EXPECT_EQ(target->query.at("limit"), "5");
  EXPECT_EQ(target->query.at("camera"), "loading dock");
  EXPECT_EQ(target->query.at("flag"), "");
}

TEST(ParseTarget, KeepsAnEncodedSlashInsideItsSegment) {
  const auto target = parse_target("/cameras/a%2Fb/..%2f");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("cameras", "a/b", "../"));
}

TEST(ParseTarget, RefusesBrokenEscapesAndControlCharacters) {
  for (const char* text : {"", "x", "http://host/", "/%", "/%4", "/%zz", "/%00", "/%0a", "/a?b=%0d%0aX: y", "/\x7f"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

RC_GTEST_PROP(ParseTarget, SurvivesAnyBytes, (const std::string& bytes)) {
  const auto target = parse_target("/" + bytes);
  if (!target) return;
  for (const std::string& segment : target->segments) {
    for (const char character : segment) RC_ASSERT(static_cast<unsigned char>(character) >= 0x20);
  }
}

TEST(Problem, FollowsRfc9457) {
  const HttpResponse response = problem(404, "no \"camera\" \xff here");
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["type"], "about:blank");
  EXPECT_EQ(body["title"], "Not Found");
  EXPECT_EQ(body["status"], 404);
  EXPECT_EQ(body["detail"], "no \"camera\" \xef\xbf\xbd here");
}

TEST(Problem, GivesEachErrorItsStatus) {
  EXPECT_EQ(problem(base::Error(base::Code::not_found, "")).status, 404);
  EXPECT_EQ(problem(base::Error(base::Code::invalid, "")).status, 400);
  EXPECT_EQ(problem(base::Error(base::Code::unavailable, "")).status, 503);
  EXPECT_EQ(problem(base::Error(base::Code::cancelled, "")).status, 503);
  EXPECT_EQ(problem(base::Error(base::Code::internal, "")).status, 500);
  const HttpResponse full = problem(base::Error(base::Code::exhausted, ""));
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.headers, ElementsAre(std::make_pair("Retry-After", "1")));
}

}  // namespace
}  // namespace ocelli::serve
