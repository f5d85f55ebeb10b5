#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/routes.h"
#include "serve/site_editor.h"
#include "serve/testing/fake_editor.h"
#include "serve/testing/live_fixture.h"

namespace ocelli::serve {
namespace {

using ::testing::HasSubstr;
using Outcome = EditAnswer::Outcome;

class EditRoutes : public ::testing::Test {
 protected:
  HttpResponse ask(HttpMethod method, const std::string& target, const std::string& body = "",
                   const std::string& if_match = "") {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.if_match = if_match;
    HttpReply reply = router_.route(std::move(request));
    if (auto* response = std::get_if<HttpResponse>(&reply)) return std::move(*response);
    HttpResponse answer;
    std::get<JobReply>(reply).start([&](HttpResponse response) { answer = std::move(response); });
    return answer;
  }
  template <class What>
  const What& newest() const {
    return std::get<What>(editor_.edits.back().what);
  }

  testing::LiveFixture live_;
  Readiness readiness_;
  testing::FakeEditor editor_;
  Router router_{
      RouteSources{live_.view, live_.metrics, readiness_, "", nullptr, [] { return nullptr; }, nullptr, &editor_}};
};

TEST_F(EditRoutes, AddSetAndRemoveCameras) {
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/cameras", R"({"name": "gate", "url": "a.mp4", "fps": 5})").status, 201);
  EXPECT_EQ(newest<SiteEdit::SetCamera>().name, "gate");
  EXPECT_EQ(newest<SiteEdit::SetCamera>().json, R"({"url":"a.mp4","fps":5})");
  EXPECT_EQ(newest<SiteEdit::SetCamera>().when, SiteEdit::SetCamera::When::is_absent);

  EXPECT_EQ(ask(HttpMethod::put, "/api/v1/cameras/gate", R"({"url": "b.mp4"})").status, 200);
  EXPECT_EQ(newest<SiteEdit::SetCamera>().json, R"({"url": "b.mp4"})");
  EXPECT_EQ(newest<SiteEdit::SetCamera>().when, SiteEdit::SetCamera::When::always);

  EXPECT_EQ(ask(HttpMethod::remove, "/api/v1/cameras/gate").status, 200);
  EXPECT_EQ(newest<SiteEdit::RemoveCamera>().name, "gate");
}

TEST_F(EditRoutes, LookAtAndReplaceTheConfiguration) {
  EXPECT_EQ(ask(HttpMethod::get, "/api/v1/config").status, 200);
  newest<SiteEdit::Look>();
  EXPECT_EQ(ask(HttpMethod::put, "/api/v1/config?dry_run=true", "cameras:\n", "\"abc\"").status, 200);
  EXPECT_EQ(newest<SiteEdit::Replace>().yaml, "cameras:\n");
  EXPECT_TRUE(editor_.edits.back().is_trial);
  EXPECT_EQ(editor_.edits.back().etag, "abc");
  const auto reloaded = ask(HttpMethod::post, "/api/v1/config/reload");
  newest<SiteEdit::Reload>();
  EXPECT_FALSE(editor_.edits.back().is_trial);
  EXPECT_THAT(reloaded.headers, ::testing::Contains(std::pair<std::string, std::string>("ETag", "\"abc\"")));
}

TEST_F(EditRoutes, SpeakDeepStreamsWords) {
  const std::string body = R"({"key": "sensor", "value": {"camera_id": "front door/1", "camera_name": "front",
      "camera_url": "rtsp://c/1", "change": "camera_add", "metadata": {"codec": "h264"}}, "headers": {}})";
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/stream/add", body).status, 201);
  EXPECT_EQ(newest<SiteEdit::SetCamera>().name, "front_door_1");
  EXPECT_EQ(newest<SiteEdit::SetCamera>().json, R"({"url":"rtsp://c/1"})");
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/stream/remove", body).status, 200);
  EXPECT_EQ(newest<SiteEdit::RemoveCamera>().name, "front_door_1");
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/stream/remove", R"({"value": {"camera_id": "-"}})").status, 200);
  EXPECT_EQ(newest<SiteEdit::RemoveCamera>().name, "c-");
}

TEST_F(EditRoutes, RefuseBodiesThatSayNothing) {
  for (const std::string& body :
       {std::string(""), std::string("[]"), std::string("{"), std::string("{}"), std::string(R"({"name": 5})"),
        std::string(R"({"name": ""})"), "{\"name\": \"a\", \"x\": " + std::string(100'000, '[')}) {
    EXPECT_EQ(ask(HttpMethod::post, "/api/v1/cameras", body).status, 400) << body.substr(0, 20);
    EXPECT_EQ(ask(HttpMethod::post, "/api/v1/stream/add", body).status, 400) << body.substr(0, 20);
    EXPECT_EQ(ask(HttpMethod::post, "/api/v1/stream/remove", body).status, 400) << body.substr(0, 20);
  }
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/stream/add", R"({"value": {"camera_id": "a"}})").status, 400);
  EXPECT_EQ(ask(HttpMethod::get, "/api/v1/config?dry_run=perhaps").status, 400);
  EXPECT_EQ(ask(HttpMethod::put, "/api/v1/config", "x", "abc").status, 400) << "an ETag has quotes";
  EXPECT_TRUE(editor_.edits.empty());
}

TEST_F(EditRoutes, SayHowAnEditEnded) {
  for (const auto& [outcome, status] : {std::pair(Outcome::invalid, 400),
                                        {Outcome::not_found, 404},
                                        {Outcome::conflict, 409},
                                        {Outcome::stale, 412},
                                        {Outcome::busy, 503},
                                        {Outcome::failed, 500}}) {
    editor_.answer = {outcome, "because of this"};
    const auto answer = ask(HttpMethod::remove, "/api/v1/cameras/gate");
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.content_type, "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr("because of this"));
  }
}

TEST_F(EditRoutes, ChangeNothingForPagesOfOthers) {
  for (const HttpMethod method : {HttpMethod::post, HttpMethod::put, HttpMethod::remove}) {
    HttpRequest request;
    request.method = method;
    request.target = "/api/v1/cameras/gate";
    request.fetch_site = "cross-site";
    EXPECT_EQ(std::get<HttpResponse>(router_.route(request)).status, 403);
    EXPECT_EQ(router_.body_rule(request), BodyRule::ignored);
  }
  EXPECT_TRUE(editor_.edits.empty());
}

TEST_F(EditRoutes, SayThatTheSiteCannotBeChangedFromHere) {
  const Router plain(RouteSources{live_.view, live_.metrics, readiness_, ""});
  HttpRequest request;
  request.method = HttpMethod::remove;
  request.target = "/api/v1/cameras/gate";
  const auto response = std::get<HttpResponse>(plain.route(request));
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("change its file"));
}

TEST_F(EditRoutes, TellOfOneCamera) {
  EXPECT_THAT(ask(HttpMethod::get, "/api/v1/cameras/gate").body, HasSubstr("\"name\":\"gate\""));
  const auto unknown = ask(HttpMethod::get, "/api/v1/cameras/gat");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("did you mean 'gate'?"));
}

}  // namespace
}  // namespace ocelli::serve
