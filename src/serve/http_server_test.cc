#include "serve/http_server.h"

#include <chrono>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/testing/fake_inference.h"
#include "serve/testing/http_client.h"
#include "serve/testing/live_fixture.h"

namespace ocelli::serve {
namespace {

using testing::ClientResponse;
using testing::fetch;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::make_frame;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  explicit HttpServerTest(const LiveView::Config& config = {}) : live_(config) {}

  void start(HttpServerConfig config = {}) {
    config.port = 0;
    auto server = HttpServer::start(
        config, {live_.view, live_.metrics, base::Logger::null(), R"({"type":"object"})", &inference_});
    ASSERT_TRUE(server) << server.error().message();
    server_ = std::move(*server);
  }
  void SetUp() override { start(); }

  int port() const { return server_->port(); }

  /// Reads one part of a multipart stream: the JPEG.
  static std::string read_part(HttpClient& client) {
    const std::string head = client.read_until("\r\n\r\n");
    const std::size_t length = head.find("Content-Length: ");
    if (length == std::string::npos) return "";
    return client.read_bytes(static_cast<std::size_t>(std::atoll(head.c_str() + length + 16)));
  }

  testing::LiveFixture live_;
  testing::FakeInference inference_;
  std::unique_ptr<HttpServer> server_;
};

constexpr const char* kInfer = "/api/v1/infer/yolov8n";

TEST_F(HttpServerTest, AnswersEveryRoute) {
  ASSERT_TRUE(live_.feed(make_frame(1)));
  server_->set_ready();
  const std::pair<const char*, const char*> routes[] = {
      {"/", "text/html"},
      {"/style.css", "text/css"},
      {"/app.js", "text/javascript"},
      {"/views.js", "text/javascript"},
      {"/favicon.svg", "image/svg+xml"},
      {"/api/v1/cameras", "application/json"},
      {"/api/v1/cameras/gate/tracks", "application/json"},
      {"/api/v1/cameras/gate/snapshot.jpg", "image/jpeg"},
      {"/api/v1/events", "application/json"},
      {"/api/v1/config/schema.json", "application/schema+json"},
      {"/metrics", "text/plain"},
      {"/health/live", "application/json"},
      {"/health/ready", "application/json"},
      {"/healthz", "application/json"},
      {"/v2/health/live", "application/json"},
      {"/v2/health/ready", "application/json"},
  };
  for (const auto& [path, type] : routes) {
    const ClientResponse response = fetch(port(), path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_THAT(response.fields.at("content-type"), StartsWith(type)) << path;
    EXPECT_EQ(response.fields.at("x-content-type-options"), "nosniff");
    EXPECT_FALSE(response.body.empty()) << path;
    const ClientResponse head = fetch(port(), path, "HEAD");
    EXPECT_EQ(head.status, 200) << path;
    EXPECT_TRUE(head.fields.contains("content-length")) << path;
  }
}

TEST_F(HttpServerTest, ProtectsThePage) {
  const ClientResponse page = fetch(port(), "/");
  EXPECT_THAT(page.fields.at("content-security-policy"), HasSubstr("default-src 'none'"));
  const ClientResponse again = fetch(port(), "/", "GET", "If-None-Match: " + page.fields.at("etag") + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.fields.at("etag"), page.fields.at("etag"));
}

TEST_F(HttpServerTest, ReportsErrorsAsProblems) {
  const ClientResponse missing = fetch(port(), "/api/v1/cameras/nobody/tracks");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.fields.at("content-type"), "application/problem+json");
  const ClientResponse forbidden = fetch(port(), "/api/v1/models", "DELETE");
  EXPECT_EQ(forbidden.status, 405);
  EXPECT_EQ(forbidden.fields.at("allow"), "GET, HEAD");
  EXPECT_EQ(fetch(port(), "/api/v1/cameras/gate/snapshot.jpg").status, 503) << "before the first frame";
  EXPECT_EQ(fetch(port(), "/health/ready").status, 503) << "before set_ready()";
}

TEST_F(HttpServerTest, KeepsAConnectionForPipelinedRequests) {
  HttpClient client(port());
  ASSERT_TRUE(client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(client.read_response("HEAD").status, 200);
  ASSERT_TRUE(client.request("/healthz", "GET", "Connection: close\r\n"));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_TRUE(client.wait_for_close());
}

TEST_F(HttpServerTest, RefusesOversizedRequests) {
  EXPECT_EQ(fetch(port(), "/", "GET", "X-Long: " + std::string(20'000, 'a') + "\r\n").status, 431);
  EXPECT_EQ(fetch(port(), "/" + std::string(20'000, 'a')).status, 431);
}

TEST_F(HttpServerTest, AnswersAPictureWhenItsJobIsDone) {
  std::string picture(3'000'000, '\0');
  for (std::size_t index = 0; index < picture.size(); ++index) picture[index] = static_cast<char>(index * index);
  HttpClient client(port());
  ASSERT_TRUE(client.post(kInfer, picture, "Content-Type: image/jpeg\r\n"));
  ASSERT_TRUE(inference_.wait_for(1));
  EXPECT_EQ(fetch(port(), "/healthz").status, 200) << "the job delays nobody else";
  EXPECT_TRUE(inference_.job(0).picture == picture);
  EXPECT_EQ(inference_.job(0).model, "yolov8n");
  inference_.answer(0, std::string("{}"));
  const ClientResponse response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{}\n");
}

TEST_F(HttpServerTest, AnswersPipelinedPicturesInOrder) {
  HttpClient client(port());
  ASSERT_TRUE(client.post(kInfer, "one"));
  ASSERT_TRUE(client.post(kInfer, "two"));
  ASSERT_TRUE(client.request("/healthz"));
  for (std::size_t index = 0; index < 2; ++index) {
    ASSERT_TRUE(inference_.wait_for(index + 1));
    EXPECT_EQ(inference_.job(index).picture, index == 0 ? "one" : "two");
    inference_.answer(index, std::to_string(index));
    EXPECT_EQ(client.read_response().body, std::to_string(index) + "\n");
  }
  EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(HttpServerTest, TakesAPictureInChunks) {
  HttpClient client(port());
  ASSERT_TRUE(client.request(kInfer, "POST", "Transfer-Encoding: chunked\r\n"));
  ASSERT_TRUE(client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  ASSERT_TRUE(inference_.wait_for(1));
  EXPECT_EQ(inference_.job(0).picture, "abcde");
  inference_.answer(0, base::Error(base::Code::corrupt, "no"));
  EXPECT_EQ(client.read_response().status, 400);
}

TEST_F(HttpServerTest, AsksForTheBodyOfWhoWaitsForThat) {
  HttpClient client(port());
  ASSERT_TRUE(client.request(kInfer, "POST", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  ASSERT_TRUE(client.send("abc"));
  ASSERT_TRUE(inference_.wait_for(1));
  EXPECT_EQ(inference_.job(0).picture, "abc");
}

TEST_F(HttpServerTest, RefusesBodiesThatAreTooLargeOrOfUnknownLength) {
  start({.max_body_bytes = 1000});
  EXPECT_EQ(fetch(port(), kInfer, "POST", "Content-Length: 1001\r\n").status, 413) << "before any of it came";
  EXPECT_EQ(fetch(port(), kInfer, "POST", "Content-Length: 1001\r\nExpect: 100-continue\r\n").status, 413);
  EXPECT_EQ(fetch(port(), kInfer, "POST").status, 411);
  EXPECT_EQ(fetch(port(), kInfer, "POST", "Content-Length: some\r\n").status, 400);
  HttpClient whole(port());
  whole.post(kInfer, std::string(5'000'000, 'a'));
  const ClientResponse refused = whole.read_response();
  EXPECT_EQ(refused.status, 413) << "who sends all of it before reading hears it too";
  EXPECT_EQ(refused.fields.at("connection"), "close");
  HttpClient chunks(port());
  chunks.request(kInfer, "POST", "Transfer-Encoding: chunked\r\n");
  chunks.send("3e9\r\n" + std::string(1001, 'a') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunks.read_response().status, 413);
  EXPECT_EQ(inference_.count(), 0U);
}

TEST_F(HttpServerTest, BoundsTheMemoryOfAllBodies) {
  start({.max_body_bytes = 1000, .max_bodies_bytes = 1500});
  HttpClient first(port());
  first.post(kInfer, std::string(1000, 'a'));
  ASSERT_TRUE(inference_.wait_for(1));
  HttpClient second(port());
  second.post(kInfer, std::string(501, 'b'));
  const ClientResponse refused = second.read_response();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.fields.at("retry-after"), "1");
  HttpClient third(port());
  third.post(kInfer, std::string(500, 'c'));
  ASSERT_TRUE(inference_.wait_for(2));
  inference_.answer(0, std::string("{}"));
  EXPECT_EQ(first.read_response().status, 200);
  first.post(kInfer, std::string(1000, 'd'));
  EXPECT_TRUE(inference_.wait_for(3)) << "what was taken is given back";
}

TEST_F(HttpServerTest, ReadsNoBodyWhereNoneIsTaken) {
  HttpClient client(port());
  ASSERT_TRUE(client.post("/api/v1/models", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  const ClientResponse refused = client.read_response();
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.fields.at("allow"), "GET, HEAD");
  EXPECT_TRUE(client.wait_for_close()) << "a body is no request";
  HttpClient reading(port());
  ASSERT_TRUE(reading.request("/healthz", "GET", "Content-Length: 1000000000\r\n"));
  const ClientResponse answered = reading.read_response();
  EXPECT_EQ(answered.status, 200);
  EXPECT_EQ(answered.fields.at("connection"), "close");
  HttpClient empty(port());
  ASSERT_TRUE(empty.post("/healthz", ""));
  EXPECT_EQ(empty.read_response().status, 405);
  ASSERT_TRUE(empty.request("/healthz"));
  EXPECT_EQ(empty.read_response().status, 200) << "nothing was left unread";
}

TEST_F(HttpServerTest, ClosesConnectionsWhoseBodyComesTooSlowly) {
  start({.request_timeout = std::chrono::milliseconds(100)});
  HttpClient client(port());
  client.request(kInfer, "POST", "Content-Length: 100\r\n");
  client.send("abc");
  EXPECT_TRUE(client.wait_for_close());
  EXPECT_EQ(inference_.count(), 0U);
}

TEST_F(HttpServerTest, OutlivesAClientWhoDoesNotWaitForTheAnswer) {
  {
    HttpClient client(port());
    client.post(kInfer, "abc");
    ASSERT_TRUE(inference_.wait_for(1));
  }
  inference_.answer(0, std::string("{}"));
  EXPECT_EQ(fetch(port(), "/healthz").status, 200);
}

TEST_F(HttpServerTest, StopsWithoutWaitingForJobs) {
  HttpClient client(port());
  client.post(kInfer, "abc");
  ASSERT_TRUE(inference_.wait_for(1));
  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_TRUE(client.wait_for_close());
  server_.reset();
  inference_.answer(0, std::string("{}"));  // nobody is there to hear it
}

TEST_F(HttpServerTest, SurvivesGarbage) {
  std::mt19937 random(7);
  for (int count = 0; count < 50; ++count) {
    std::string bytes(1 + random() % 400, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    HttpClient client(port());
    client.send(bytes + "\r\n\r\n");
    const int status = client.read_response().status;
    EXPECT_TRUE(status == 400 || status == 0) << status;
  }
  HttpClient client(port());
  client.send("NOT HTTP AT ALL\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 400);
  EXPECT_EQ(fetch(port(), "/healthz").status, 200);
}

TEST_F(HttpServerTest, StreamsEveryFrameToAViewerWhoKeepsUp) {
  HttpClient viewer(port());
  ASSERT_TRUE(live_.feed(make_frame(0)));
  viewer.request("/api/v1/cameras/gate/live.mjpeg");
  EXPECT_THAT(viewer.read_head().fields.at("content-type"), StartsWith("multipart/x-mixed-replace"));
  std::string last;
  for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
    const std::string jpeg = read_part(viewer);
    ASSERT_THAT(jpeg, StartsWith("\xff\xd8"));
    EXPECT_NE(jpeg, last);
    last = jpeg;
    ASSERT_TRUE(live_.feed(make_frame(sequence)));
  }
}

TEST_F(HttpServerTest, DoesNotLetASlowViewerDelayAnother) {
  HttpClient slow(port(), 4096);
  slow.request("/api/v1/cameras/gate/live.mjpeg");
  HttpClient quick(port());
  quick.request("/api/v1/cameras/gate/live.mjpeg");
  ASSERT_EQ(quick.read_head().status, 200);
  constexpr std::uint64_t kFrames = 40;  // about 8 MB of JPEG, more than the slow connection can hold
  for (std::uint64_t sequence = 0; sequence < kFrames; ++sequence) {
    ASSERT_TRUE(live_.feed(make_frame(sequence, 640, 360)));
    ASSERT_GT(read_part(quick).size(), 100'000U) << sequence;
  }
  EXPECT_THAT(live_.metrics.expose(), HasSubstr("ocelli_live_pictures_drawn_total 40\n")) << "once for both";
  EXPECT_EQ(fetch(port(), "/healthz").status, 200);
}

TEST_F(HttpServerTest, EndsThePicturesOfARemovedCamera) {
  ASSERT_TRUE(live_.feed(make_frame(1)));
  HttpClient viewer(port());
  viewer.request("/api/v1/cameras/gate/live.mjpeg");
  ASSERT_EQ(viewer.read_head().status, 200);
  ASSERT_FALSE(read_part(viewer).empty());
  live_.view.remove_camera("gate");
  EXPECT_TRUE(viewer.wait_for_close());
}

TEST_F(HttpServerTest, SendsEveryEventToFiftyListeners) {
  constexpr std::uint64_t kEvents = 300;
  std::vector<std::unique_ptr<HttpClient>> listeners;
  for (int count = 0; count < 50; ++count) {
    listeners.push_back(std::make_unique<HttpClient>(port()));
    listeners.back()->request("/api/v1/events/stream");
    ASSERT_EQ(listeners.back()->read_until("retry: 2000\n\n").empty(), false);
  }
  std::jthread camera([this] {
    for (std::uint64_t sequence = 1; sequence <= kEvents; ++sequence) EXPECT_TRUE(live_.happen(sequence));
  });
  for (const auto& listener : listeners) {
    for (std::uint64_t sequence = 1; sequence <= kEvents; ++sequence) {
      const std::string message = listener->read_until("\n\n");
      ASSERT_THAT(message, HasSubstr("\"id\":\"gate/" + std::to_string(sequence) + "\""));
    }
  }
}

TEST_F(HttpServerTest, ResumesTheEventsOfALostConnection) {
  std::string cursor;
  {
    HttpClient client(port());
    client.request("/api/v1/events/stream");
    client.read_until("retry: 2000\n\n");
    ASSERT_TRUE(live_.happen(1));
    client.read_until("id: ");
    cursor = client.read_until("\n");
    cursor.pop_back();
  }
  ASSERT_TRUE(live_.happen(2));
  HttpClient client(port());
  client.request("/api/v1/events/stream", "GET", "Last-Event-ID: " + cursor + "\r\n");
  client.read_until("retry: 2000\n\n");
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("\"id\":\"gate/2\""));
}

TEST_F(HttpServerTest, OpensAnEventStreamForHead) {
  const ClientResponse head = fetch(port(), "/api/v1/events/stream", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.fields.at("content-type"), "text/event-stream");
}

TEST_F(HttpServerTest, KeepsQuietStreamsAlive) {
  start({.heartbeat = std::chrono::milliseconds(1)});
  HttpClient client(port());
  client.request("/api/v1/events/stream");
  client.read_until("retry: 2000\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ":\n\n");
}

TEST_F(HttpServerTest, ClosesConnectionsThatNeverFinishTheirRequest) {
  start({.request_timeout = std::chrono::milliseconds(50)});
  HttpClient client(port());
  client.send("GET / HTTP/1.1\r\nHos");
  EXPECT_TRUE(client.wait_for_close());
}

TEST_F(HttpServerTest, RefusesConnectionsAboveTheLimit) {
  start({.max_connections = 2});
  HttpClient first(port());
  HttpClient second(port());
  first.request("/healthz");
  second.request("/healthz");
  EXPECT_EQ(first.read_response().status, 200);
  EXPECT_EQ(second.read_response().status, 200);
  const ClientResponse refused = fetch(port(), "/healthz");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.fields.at("retry-after"), "5");
  EXPECT_THAT(live_.metrics.expose(), HasSubstr("ocelli_http_connections_refused_total 1\n"));
}

TEST_F(HttpServerTest, StopsPromptlyWithOpenConnections) {
  ASSERT_TRUE(live_.feed(make_frame(1, 640, 360)));
  HttpClient half(port());
  half.send("GET / HT");
  HttpClient idle(port());
  HttpClient pictures(port(), 4096);
  pictures.request("/api/v1/cameras/gate/live.mjpeg");
  HttpClient events(port());
  events.request("/api/v1/events/stream");
  events.read_until("retry: 2000\n\n");
  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_TRUE(events.wait_for_close());
  EXPECT_TRUE(idle.wait_for_close());
  EXPECT_TRUE(live_.feed(make_frame(2))) << "the view outlives its server";
  EXPECT_TRUE(live_.happen(1));
}

TEST_F(HttpServerTest, SaysWhatToDoWhenThePortIsTaken) {
  const auto second = HttpServer::start({.port = port()}, {live_.view, live_.metrics, base::Logger::null(), ""});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), base::Code::unavailable);
  EXPECT_THAT(second.error().message(), HasSubstr("another program uses this port"));
}

TEST_F(HttpServerTest, RefusesAddressesThatCannotBe) {
  const HttpServerServices services{live_.view, live_.metrics, base::Logger::null(), ""};
  EXPECT_EQ(HttpServer::start({.bind = "everywhere", .port = 0}, services).error().code(), base::Code::invalid);
  EXPECT_EQ(HttpServer::start({.port = 70000}, services).error().code(), base::Code::invalid);
  const auto foreign = HttpServer::start({.bind = "192.0.2.1", .port = 0}, services);
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message(), HasSubstr("this machine has no such address"));
  const auto open = HttpServer::start({.bind = "0.0.0.0", .port = 0}, services);
  ASSERT_FALSE(open) << "nobody would have to log in";
  EXPECT_THAT(open.error().message(), HasSubstr("ocelli tokens add"));
}

TEST_F(HttpServerTest, TellsItsAddress) {
  EXPECT_EQ(server_->address(), "http://127.0.0.1:" + std::to_string(port()) + "/");
}

class SmallRingTest : public HttpServerTest {
 protected:
  SmallRingTest() : HttpServerTest(LiveView::Config{.max_events = 4}) {}
};

TEST_F(SmallRingTest, TellsAListenerWhatItMissed) {
  for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) ASSERT_TRUE(live_.happen(sequence));
  HttpClient client(port());
  client.request("/api/v1/events/stream?after=" + live_.view.events().cursor(2));
  client.read_until("retry: 2000\n\n");
  EXPECT_EQ(client.read_until("\n\n"), "event: gap\ndata: {\"missed\":4}\n\n");
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("\"id\":\"gate/7\""));
}

}  // namespace
}  // namespace ocelli::serve
