#include "serve/routes.h"

#include <cctype>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "serve/testing/fake_history.h"
#include "serve/testing/fake_inference.h"
#include "serve/testing/live_fixture.h"

namespace ocelli::serve {
namespace {

using ::testing::HasSubstr;
using testing::make_frame;

class Routes : public ::testing::Test {
 protected:
  HttpReply reply(const std::string& target, HttpMethod method = HttpMethod::get) const {
    HttpRequest request;
    request.method = method;
    request.target = target;
    return router_.route(request);
  }
  HttpResponse get(const std::string& target) const { return std::get<HttpResponse>(reply(target)); }
  nlohmann::json get_json(const std::string& target) const { return nlohmann::json::parse(get(target).body); }

  testing::LiveFixture live_;
  Readiness readiness_;
  /// The answer to a picture whose job ends with `outcome`.
  HttpResponse infer(const base::Result<std::string>& outcome) {
    HttpRequest request;
    request.method = HttpMethod::post;
    request.target = "/api/v1/infer/yolov8n";
    HttpResponse answer;
    std::get<JobReply>(router_.route(request)).start([&](HttpResponse response) { answer = std::move(response); });
    inference_.answer(inference_.count() - 1, outcome);
    return answer;
  }

  testing::FakeInference inference_;
  Router router_{RouteSources{live_.view, live_.metrics, readiness_, R"({"type":"object"})", &inference_}};
};

TEST_F(Routes, DescribeTheCameras) {
  ASSERT_TRUE(live_.feed(make_frame(1)));
  const auto camera = get_json("/api/v1/cameras")["cameras"][0];
  EXPECT_EQ(camera["name"], "gate");
  EXPECT_EQ(camera["state"], "live");
  EXPECT_EQ(camera["reason"], "it likes to");
  EXPECT_EQ(camera["tracks"], 1);
  EXPECT_EQ(camera["staleness_s"], 0.0);
  EXPECT_TRUE(camera["width"].is_null()) << "the stream has not been opened";
}

TEST_F(Routes, ListTheTracksOfACamera) {
  EXPECT_EQ(get_json("/api/v1/cameras/gate/tracks")["tracks"].size(), 0U);
  ASSERT_TRUE(live_.feed(make_frame(12)));
  const auto answer = get_json("/api/v1/cameras/gate/tracks");
  EXPECT_EQ(answer["time_s"], 1.2);
  EXPECT_EQ(answer["width"], 64);
  const auto track = answer["tracks"][0];
  EXPECT_EQ(track["id"], 7);
  EXPECT_EQ(track["label"], "person");
  EXPECT_EQ(track["state"], "confirmed");
  EXPECT_EQ(track["speed_px_s"], 5.0);
  EXPECT_EQ(track["age_s"], 1.2);
  EXPECT_THAT(track["color"].get<std::string>(), ::testing::MatchesRegex("#[0-9a-f]{6}"));
}

TEST_F(Routes, GiveEventsNewestFirstWithAPlaceToContinue) {
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) ASSERT_TRUE(live_.happen(sequence));
  const auto answer = get_json("/api/v1/events?limit=2");
  ASSERT_EQ(answer["events"].size(), 2U);
  EXPECT_EQ(answer["events"][0]["id"], "gate/5");
  EXPECT_EQ(answer["events"][1]["id"], "gate/4");
  ASSERT_TRUE(live_.happen(6));
  const auto more = get_json("/api/v1/events?after=" + answer["cursor"].get<std::string>());
  ASSERT_EQ(more["events"].size(), 1U);
  EXPECT_EQ(more["events"][0]["id"], "gate/6");
}

TEST_F(Routes, GiveTheEventsOfOneCamera) {
  live_.add("loading dock");
  ASSERT_TRUE(live_.happen(1));
  ASSERT_TRUE(live_.happen(1, "loading dock"));
  const auto answer = get_json("/api/v1/events?camera=loading%20dock");
  ASSERT_EQ(answer["events"].size(), 1U);
  EXPECT_EQ(answer["events"][0]["data"]["camera"], "loading dock");
}

TEST_F(Routes, RefuseParametersThatMakeNoSense) {
  for (const char* query : {"limit=0", "limit=1001", "limit=-1", "limit=x", "limit=1x", "after=yesterday"}) {
    const HttpResponse response = get(std::string("/api/v1/events?") + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(response.content_type, "application/problem+json");
  }
  EXPECT_EQ(get("/api/v1/events/stream?after=yesterday").status, 400);
}

TEST_F(Routes, KnowTheLiveAnswersOfACamera) {
  EXPECT_EQ(std::get<PictureReply>(reply("/api/v1/cameras/gate/snapshot.jpg")).camera, "gate");
  EXPECT_EQ(std::get<PictureStreamReply>(reply("/api/v1/cameras/g%61te/live.mjpeg?t=1")).camera, "gate");
  EXPECT_EQ(std::get<EventStreamReply>(reply("/api/v1/events/stream?camera=gate")).camera, "gate");
}

TEST_F(Routes, SayThatACameraIsUnknown) {
  for (const char* rest : {"tracks", "snapshot.jpg", "live.mjpeg"}) {
    const HttpResponse response = get(std::string("/api/v1/cameras/gatee/") + rest);
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, HasSubstr("did you mean 'gate'?"));
  }
}

TEST_F(Routes, AreReadyOnlyOnceTold) {
  for (const char* path : {"/health/ready", "/v2/health/ready"}) {
    readiness_.set_not_ready("loading the model");
    EXPECT_EQ(get(path).status, 503);
    EXPECT_EQ(get_json(path)["reason"], "loading the model");
    readiness_.set_ready();
    EXPECT_EQ(get(path).status, 200);
    EXPECT_EQ(get_json(path)["status"], "ready");
  }
  for (const char* path : {"/health/live", "/healthz", "/v2/health/live"}) EXPECT_EQ(get(path).status, 200);
}

TEST_F(Routes, ExposeMetricsWithStaleness) {
  EXPECT_THAT(get("/metrics").body, HasSubstr("ocelli_camera_staleness_seconds{camera=\"gate\"} +Inf"));
  ASSERT_TRUE(live_.feed(make_frame(1)));
  live_.clock.advance(std::chrono::seconds(3));
  EXPECT_THAT(get("/metrics").body, HasSubstr("ocelli_camera_staleness_seconds{camera=\"gate\"} 3\n"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("ocelli_camera_live{camera=\"gate\"} 1\n"));
}

TEST_F(Routes, ServeThePageAndRevalidateIt) {
  for (const char* path : {"/", "/index.html", "/app.js", "/views.js", "/style.css", "/favicon.svg"}) {
    const HttpResponse response = get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_GT(response.body.size(), 100U) << path;
    HttpRequest again;
    again.target = path;
    again.if_none_match = "W/\"other\", " + response.headers.at(0).second;
    const HttpResponse unchanged = std::get<HttpResponse>(router_.route(again));
    EXPECT_EQ(unchanged.status, 304) << path;
    EXPECT_TRUE(unchanged.body.empty());
  }
}

TEST_F(Routes, FetchNothingFromElsewhere) {
  for (const char* path : {"/", "/app.js", "/views.js", "/style.css"}) {
    EXPECT_THAT(get(path).body, ::testing::Not(HasSubstr("https://"))) << path;
  }
}

TEST_F(Routes, OnlyRead) {
  for (const char* path : {"/", "/api/v1/models", "/metrics", "/api/v1/events/stream"}) {
    const auto response = std::get<HttpResponse>(reply(path, HttpMethod::other));
    EXPECT_EQ(response.status, 405) << path;
    EXPECT_EQ(response.headers.at(0), std::make_pair(std::string("Allow"), std::string("GET, HEAD")));
    EXPECT_EQ(std::get<HttpResponse>(reply(path, HttpMethod::post)).status, 405) << path;
  }
  for (const HttpMethod method : {HttpMethod::get, HttpMethod::head, HttpMethod::other}) {
    const auto response = std::get<HttpResponse>(reply("/api/v1/infer/yolov8n", method));
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.headers.at(0), std::make_pair(std::string("Allow"), std::string("POST")));
  }
}

TEST_F(Routes, WantABodyOnlyWhereOneIsTaken) {
  const auto rule = [&](const std::string& target, HttpMethod method) {
    HttpRequest head;
    head.method = method;
    head.target = target;
    return router_.body_rule(head);
  };
  EXPECT_EQ(rule("/api/v1/infer/yolov8n", HttpMethod::post), BodyRule::required);
  EXPECT_EQ(rule("/api/v1/infer/yolov8n", HttpMethod::get), BodyRule::ignored);
  EXPECT_EQ(rule("/api/v1/infer/yolov8n", HttpMethod::other), BodyRule::ignored);
  EXPECT_EQ(rule("/api/v1/infer", HttpMethod::post), BodyRule::ignored);
  EXPECT_EQ(rule("/api/v1/cameras", HttpMethod::post), BodyRule::required);
  EXPECT_EQ(rule("/api/v1/cameras/gate", HttpMethod::put), BodyRule::required);
  EXPECT_EQ(rule("/api/v1/cameras/gate", HttpMethod::post), BodyRule::ignored);
  EXPECT_EQ(rule("/api/v1/cameras/gate", HttpMethod::remove), BodyRule::ignored);
  EXPECT_EQ(rule("/api/v1/models", HttpMethod::put), BodyRule::ignored);
  EXPECT_EQ(rule("/", HttpMethod::post), BodyRule::ignored);
  EXPECT_EQ(rule("/%zz", HttpMethod::post), BodyRule::ignored);
}

TEST_F(Routes, HandOnAPictureWithTheNameOfItsModel) {
  HttpRequest request;
  request.method = HttpMethod::post;
  request.target = "/api/v1/infer/yolov8n";
  request.body = "bytes";
  std::get<JobReply>(router_.route(request)).start([](const HttpResponse&) {});
  EXPECT_EQ(inference_.job(0).model, "yolov8n");
  EXPECT_EQ(inference_.job(0).picture, "bytes");
  EXPECT_EQ(inference_.job(0).classes, "");
}

TEST_F(Routes, HandOnWhichClassesOfObjectsMatter) {
  HttpRequest request;
  request.method = HttpMethod::post;
  request.target = "/api/v1/infer/inspect?classes=bus,traffic%20light";
  EXPECT_EQ(router_.body_rule(request), BodyRule::required);
  std::get<JobReply>(router_.route(request)).start([](const HttpResponse&) {});
  EXPECT_EQ(inference_.job(0).model, "inspect");
  EXPECT_EQ(inference_.job(0).classes, "bus,traffic light");
}

TEST_F(Routes, GiveEachOutcomeOfAPictureItsStatus) {
  const HttpResponse good = infer(std::string(R"({"model":"yolov8n"})"));
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.content_type, "application/json");
  EXPECT_EQ(good.body, "{\"model\":\"yolov8n\"}\n");
  using base::Code;
  EXPECT_EQ(infer(base::Error(Code::not_found, "")).status, 404);
  EXPECT_EQ(infer(base::Error(Code::invalid, "")).status, 400);
  EXPECT_EQ(infer(base::Error(Code::unavailable, "")).status, 503);
  EXPECT_EQ(infer(base::Error(Code::exhausted, "")).headers.back().first, "Retry-After");
  EXPECT_EQ(infer(base::Error(Code::unsupported, "")).status, 415);
  EXPECT_EQ(infer(base::Error(Code::corrupt, "")).status, 400);
  EXPECT_EQ(infer(base::Error(Code::cancelled, "")).status, 503);
  EXPECT_EQ(infer(base::Error(Code::internal, "")).status, 500);
}

TEST_F(Routes, RefuseWhatIsNoPictureByItsType) {
  HttpRequest request;
  request.method = HttpMethod::post;
  request.target = "/api/v1/infer/yolov8n";
  for (const char* type : {"multipart/form-data; boundary=x", "text/plain", "application/json", "video/mp4"}) {
    request.content_type = type;
    EXPECT_EQ(std::get<HttpResponse>(router_.route(request)).status, 415) << type;
  }
  for (const char* type : {"", "image/jpeg", "application/octet-stream", "application/x-www-form-urlencoded"}) {
    request.content_type = type;
    EXPECT_TRUE(std::holds_alternative<JobReply>(router_.route(request))) << type;
  }
}

TEST_F(Routes, LetNoOtherSitePost) {
  HttpRequest request;
  request.method = HttpMethod::post;
  request.target = "/api/v1/infer/yolov8n";
  for (const char* site : {"cross-site", "same-site"}) {
    request.fetch_site = site;
    EXPECT_EQ(std::get<HttpResponse>(router_.route(request)).status, 403) << site;
    EXPECT_EQ(router_.body_rule(request), BodyRule::ignored) << site;
  }
  for (const char* site : {"", "same-origin", "none"}) {
    request.fetch_site = site;
    EXPECT_TRUE(std::holds_alternative<JobReply>(router_.route(request))) << site;
  }
  HttpRequest link;
  link.target = "/api/v1/cameras";
  link.fetch_site = "cross-site";
  EXPECT_EQ(std::get<HttpResponse>(router_.route(link)).status, 200) << "reading changes nothing";
}

TEST_F(Routes, SayWhenThisServerRunsNoModels) {
  const Router plain(RouteSources{live_.view, live_.metrics, readiness_, ""});
  HttpRequest request;
  request.method = HttpMethod::post;
  request.target = "/api/v1/infer/yolov8n";
  EXPECT_EQ(std::get<HttpResponse>(plain.route(request)).status, 404);
}

TEST_F(Routes, ReplaceTheModel) {
  auto backend = infer::make_onnx_backend();
  if (!backend) GTEST_SKIP() << backend.error().message();
  auto model = std::make_shared<infer::LoadedModel>();
  model->card.name = "first";
  model->backend = std::move(*backend);
  infer::ServedModel served(model);
  const auto load = [](const auto&...) -> base::Result<infer::LoadedModelPtr> {
    return base::Error(base::Code::not_found, "never asked for, since no camera gives a picture");
  };
  base::SystemClock clock;
  engine::ModelUpdater updater({}, served, load, clock, base::Logger::null(), live_.metrics);
  engine::ModelUpdater* known = nullptr;
  const Router router(RouteSources{live_.view, live_.metrics, readiness_, "", nullptr, [&] { return known; }});
  const auto ask = [&](HttpMethod method, const std::string& target) {
    HttpRequest request;
    request.method = method;
    request.target = target;
    return std::get<HttpResponse>(router.route(request));
  };
  EXPECT_EQ(ask(HttpMethod::get, "/api/v1/models").body, "{\"models\":[]}\n");
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/models/publish?model=second").status, 503);
  known = &updater;
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/models/publish").status, 400);
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/models/promote").status, 409);
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/models/publish?model=second").status, 202);
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/models/publish?model=third").status, 409);
  const auto json = nlohmann::json::parse(ask(HttpMethod::get, "/api/v1/models").body)["models"][0];
  EXPECT_EQ(json["name"], "first");
  EXPECT_EQ(json["update"]["card"], "second");
  EXPECT_EQ(json["update"]["state"], "loading");
  EXPECT_EQ(ask(HttpMethod::post, "/api/v1/models/withdraw").status, 202);
  EXPECT_EQ(ask(HttpMethod::get, "/api/v1/models/publish").status, 405);
}

class HistoryRoutes : public Routes {
 protected:
  HttpResponse ask(const std::string& target) {
    HttpReply reply = route(target);
    if (auto* response = std::get_if<HttpResponse>(&reply)) return std::move(*response);
    HttpResponse answer;
    std::get<JobReply>(reply).start([&](HttpResponse response) { answer = std::move(response); });
    return answer;
  }
  HttpReply route(const std::string& target) const {
    HttpRequest request;
    request.target = target;
    return with_history_.route(request);
  }

  testing::FakeHistory history_;

 private:
  Router with_history_{
      RouteSources{live_.view, live_.metrics, readiness_, "", nullptr, [] { return nullptr; }, &history_}};
};

TEST_F(HistoryRoutes, AskTheStoreForThePast) {
  history_.outcome = std::string(R"({"events":[],"next":null})");
  const auto answer = ask(
      "/api/v1/events?from=2026-11-23T10:00:00Z&to=90&camera=gate&type=zone_entered&rule=yard&track=7&limit=5&before="
      "1000-2");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"events\":[],\"next\":null}\n");
  ASSERT_EQ(history_.queries.size(), 1U);
  const auto& query = history_.queries[0];
  EXPECT_EQ(query.from, base::WallTime(std::chrono::seconds(1'795'428'000)));
  EXPECT_EQ(query.to, base::WallTime(std::chrono::seconds(90)));
  EXPECT_EQ(query.camera, "gate");
  EXPECT_EQ(query.type, "zone_entered");
  EXPECT_EQ(query.rule, "yard");
  EXPECT_EQ(query.track, 7U);
  EXPECT_EQ(query.limit, 5U);
  ASSERT_TRUE(query.after);
  EXPECT_EQ(query.after->time_us, 1000);
  EXPECT_EQ(query.after->id, 2);
}

TEST_F(HistoryRoutes, TakeTheNewestEventsFromMemory) {
  EXPECT_TRUE(std::holds_alternative<HttpResponse>(route("/api/v1/events?limit=5&camera=gate")));
  EXPECT_TRUE(history_.queries.empty());
}

TEST_F(HistoryRoutes, RefuseQuestionsThatMakeNoSense) {
  for (const char* query : {"events?from=yesterday", "events?to=x", "events?track=x", "events?track=-1",
                            "events?before=x", "events?rule=a&after=1-1", "events?type=x&limit=0", "why?at=noon"}) {
    EXPECT_EQ(ask(std::string("/api/v1/") + query).status, 400) << query;
  }
  EXPECT_TRUE(history_.queries.empty());
  EXPECT_TRUE(history_.questions.empty());
}

TEST_F(HistoryRoutes, AskWhy) {
  history_.outcome = std::string(R"({"verdict":"fired"})");
  EXPECT_EQ(ask("/api/v1/why?event=gate/12").body, "{\"verdict\":\"fired\"}\n");
  EXPECT_EQ(ask("/api/v1/why?camera=gate&rule=yard&at=2026-11-23").status, 200);
  ASSERT_EQ(history_.questions.size(), 2U);
  EXPECT_EQ(history_.questions[0].event, "gate/12");
  EXPECT_FALSE(history_.questions[0].at);
  EXPECT_EQ(history_.questions[1].camera, "gate");
  EXPECT_EQ(history_.questions[1].rule, "yard");
  EXPECT_TRUE(history_.questions[1].at);
}

TEST_F(HistoryRoutes, SayWhatIsWrongWithAQuestionOrWithTheDisk) {
  using base::Code;
  for (const auto& [code, status] : {std::pair(Code::not_found, 404),
                                     {Code::invalid, 400},
                                     {Code::unavailable, 503},
                                     {Code::exhausted, 503},
                                     {Code::cancelled, 503}}) {
    history_.outcome = base::Error(code, "what it is");
    const auto answer = ask("/api/v1/why?event=gate/12");
    EXPECT_EQ(answer.status, status);
    EXPECT_THAT(answer.body, HasSubstr("what it is"));
  }
}

TEST_F(Routes, SayThatNothingIsStored) {
  EXPECT_EQ(get("/api/v1/events?rule=yard").status, 404);
  EXPECT_THAT(get("/api/v1/why?event=gate/12").body, HasSubstr("store.enabled"));
}

TEST_F(Routes, TellWhatFailsThoughTheRestWorks) {
  readiness_.set_ready();
  readiness_.set_degraded("store", "events are not stored: the disk is full");
  readiness_.set_degraded("config", "the file is broken");
  EXPECT_EQ(get("/health/ready").status, 200);
  EXPECT_EQ(get_json("/health/ready")["status"], "degraded");
  EXPECT_THAT(get("/health/ready").body, HasSubstr("the disk is full"));
  readiness_.set_not_ready("stopping");
  EXPECT_EQ(get("/health/ready").status, 503);
  readiness_.set_ready();
  readiness_.set_degraded("store", {});
  EXPECT_EQ(get_json("/health/ready")["reason"], "the file is broken");
  readiness_.set_degraded("config", {});
  EXPECT_EQ(get_json("/health/ready")["status"], "ready");
}

TEST_F(Routes, AreAllInTheOpenApiDocument) {
  const auto document = nlohmann::json::parse(get("/openapi.json").body);
  std::vector<std::string> documented;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      std::string name;
      for (const char letter : method) name += static_cast<char>(std::toupper(letter));
      documented.push_back(name + " " + std::regex_replace(path, std::regex("\\{[a-z]+\\}"), "{}"));
      EXPECT_FALSE(operation["operationId"].get<std::string>().empty());
      EXPECT_FALSE(operation["responses"].empty());
    }
  }
  EXPECT_THAT(documented, ::testing::UnorderedElementsAreArray(Router::operations()));
}

TEST_F(Routes, KnowNothingElse) {
  for (const char* path : {"/nothing", "/api", "/api/v1/cameras/gat", "/api/v1/cameras//tracks", "/../etc/passwd",
                           "/%2e%2e/app.js", "/web/app.js"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(get("/%zz").status, 400);
}

}  // namespace
}  // namespace ocelli::serve
