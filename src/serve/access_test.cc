#include "serve/access.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/routes.h"
#include "serve/testing/fake_editor.h"
#include "serve/testing/fake_inference.h"
#include "serve/testing/live_fixture.h"

namespace ocelli::serve {
namespace {

using ::testing::HasSubstr;

TEST(AccessWords, ReadTokensAndSessionsOfHeaders) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bearer   abc "), "abc");
  for (const char* other : {"", "Bearer", "Bearer ", "Basic abc", "abc"}) EXPECT_EQ(bearer_token(other), "") << other;
  EXPECT_EQ(session_id("ocelli_session=x1"), "x1");
  EXPECT_EQ(session_id("a=b; ocelli_session=x1; c=d"), "x1");
  for (const char* other : {"", ";", "ocelli_session", "xocelli_session=x1", "a=ocelli_session=x"}) {
    EXPECT_EQ(session_id(other), "") << other;
  }
}

TEST(AccessWords, NameRoles) {
  for (const Role role : {Role::view, Role::operate, Role::administer}) EXPECT_EQ(parse_role(role_name(role)), role);
  EXPECT_FALSE(parse_role("root"));
}

TEST(AccessWords, KnowThisMachinesOwnNames) {
  for (const char* host : {"", "localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:80", "[::1]:8080", "127.1.2.3"}) {
    EXPECT_TRUE(is_own_name(host)) << host;
  }
  for (const char* host : {"evil.example", "127.evil.example", "localhost.evil.example:80", "10.0.0.1", "[::2]"}) {
    EXPECT_FALSE(is_own_name(host)) << host;
  }
}

/// Three tokens, called as their roles.
class FakeAccess final : public AccessControl {
 public:
  bool needs_log_in() override { return needed; }
  std::optional<Principal> of_token(std::string_view token) override {
    const auto role = parse_role(token);
    if (!role) return std::nullopt;
    return Principal{"a " + std::string(token), *role};
  }
  std::optional<Principal> of_session(std::string_view id) override {
    const auto found = sessions.find(std::string(id));
    return found == sessions.end() ? std::nullopt : of_token(found->second);
  }
  std::string begin_session(std::string_view token) override {
    if (!of_token(token)) return "";
    const std::string id = "s" + std::to_string(sessions.size());
    sessions[id] = token;
    return id;
  }
  void end_session(std::string_view id) override { sessions.erase(std::string(id)); }

  bool needed = true;
  std::map<std::string, std::string> sessions;
};

class AccessRoutes : public ::testing::Test {
 protected:
  HttpRequest request(HttpMethod method, const std::string& target, const std::string& token = "") const {
    HttpRequest request;
    request.method = method;
    request.target = target;
    if (!token.empty()) request.authorization = "Bearer " + token;
    return request;
  }
  HttpResponse ask(HttpRequest request) {
    HttpReply reply = router_.route(std::move(request));
    if (auto* response = std::get_if<HttpResponse>(&reply)) return std::move(*response);
    HttpResponse answer;  // of what goes on: status 200
    if (auto* job = std::get_if<JobReply>(&reply))
      job->start([&](HttpResponse response) { answer = std::move(response); });
    return answer;
  }
  int status(HttpMethod method, const std::string& target, const std::string& token = "") {
    return ask(request(method, target, token)).status;
  }

  testing::LiveFixture live_;
  Readiness readiness_;
  testing::FakeEditor editor_;
  testing::FakeInference inference_;
  FakeAccess access_;
  Router router_{RouteSources{live_.view, live_.metrics, readiness_, "", &inference_, [] { return nullptr; }, nullptr,
                              &editor_, &access_}};
};

TEST_F(AccessRoutes, WantALogIn) {
  for (const char* path : {"/api/v1/cameras", "/api/v1/events", "/api/v1/events/stream", "/metrics", "/api/v1/config",
                           "/api/v1/cameras/gate/live.mjpeg"}) {
    const auto refused = ask(request(HttpMethod::get, path));
    EXPECT_EQ(refused.status, 401) << path;
    EXPECT_THAT(refused.headers, ::testing::Contains(::testing::Pair("WWW-Authenticate", HasSubstr("Bearer"))));
    EXPECT_EQ(status(HttpMethod::get, path, "wrong"), 401) << path;
    EXPECT_EQ(status(HttpMethod::get, path, "viewer"), 200) << path;
  }
}

TEST_F(AccessRoutes, AskNobodyForHealthAndThePage) {
  readiness_.set_ready();
  for (const char* path :
       {"/", "/app.js", "/health/live", "/health/ready", "/healthz", "/v2/health/ready", "/api/v1/session"}) {
    EXPECT_EQ(status(HttpMethod::get, path), 200) << path;
  }
}

TEST_F(AccessRoutes, LetRolesDoWhatTheyMay) {
  EXPECT_EQ(status(HttpMethod::remove, "/api/v1/cameras/gate"), 401);
  EXPECT_EQ(status(HttpMethod::remove, "/api/v1/cameras/gate", "viewer"), 403);
  EXPECT_EQ(status(HttpMethod::remove, "/api/v1/cameras/gate", "operator"), 403);
  EXPECT_TRUE(editor_.edits.empty());
  EXPECT_EQ(status(HttpMethod::remove, "/api/v1/cameras/gate", "admin"), 200);
  EXPECT_EQ(status(HttpMethod::post, "/api/v1/models/promote", "operator"), 403);
  EXPECT_EQ(status(HttpMethod::post, "/api/v1/infer/x", "viewer"), 403);
  EXPECT_EQ(inference_.count(), 0U);
  EXPECT_EQ(status(HttpMethod::post, "/api/v1/infer/x", "operator"), 200);
  EXPECT_EQ(inference_.count(), 1U);
}

TEST_F(AccessRoutes, ReadNoBodyOfThoseWhoMayNot) {
  EXPECT_EQ(router_.body_rule(request(HttpMethod::post, "/api/v1/infer/x")), BodyRule::ignored);
  EXPECT_EQ(router_.body_rule(request(HttpMethod::post, "/api/v1/infer/x", "viewer")), BodyRule::ignored);
  EXPECT_EQ(router_.body_rule(request(HttpMethod::post, "/api/v1/infer/x", "operator")), BodyRule::required);
}

TEST_F(AccessRoutes, LogInAndOut) {
  HttpRequest log_in = request(HttpMethod::post, "/api/v1/session");
  log_in.body = R"({"token": "wrong"})";
  EXPECT_EQ(ask(log_in).status, 401);
  log_in.body = R"({"tok": "viewer"})";
  EXPECT_EQ(ask(log_in).status, 400);
  log_in.body = R"({"token": "viewer"})";
  const auto begun = ask(log_in);
  EXPECT_EQ(begun.status, 200);
  EXPECT_THAT(begun.body, HasSubstr(R"("role":"viewer")"));
  EXPECT_THAT(begun.headers, ::testing::Contains(::testing::Pair(
                                 "Set-Cookie", ::testing::AllOf(HasSubstr("ocelli_session=s0"), HasSubstr("HttpOnly"),
                                                                HasSubstr("SameSite=Strict")))));
  HttpRequest with_cookie = request(HttpMethod::get, "/api/v1/cameras");
  with_cookie.cookie = "ocelli_session=s0";
  EXPECT_EQ(ask(with_cookie).status, 200);
  HttpRequest log_out = request(HttpMethod::remove, "/api/v1/session");
  log_out.cookie = with_cookie.cookie;
  EXPECT_EQ(ask(log_out).status, 200);
  EXPECT_EQ(ask(with_cookie).status, 401);
}

TEST_F(AccessRoutes, AreOpenToThisMachineWhileThereIsNoToken) {
  access_.needed = false;
  HttpRequest own = request(HttpMethod::remove, "/api/v1/cameras/gate");
  own.host = "127.0.0.1:8080";
  EXPECT_EQ(ask(own).status, 200);
  for (const HttpMethod method : {HttpMethod::get, HttpMethod::remove}) {
    HttpRequest rebound = request(method, "/api/v1/cameras/gate");
    rebound.host = "evil.example";
    EXPECT_EQ(ask(rebound).status, 403);
  }
  EXPECT_THAT(ask(request(HttpMethod::get, "/api/v1/session")).body, HasSubstr(R"("log_in":false)"));
}

}  // namespace
}  // namespace ocelli::serve
