#include "tests/farm/session.h"

#include <array>
#include <cstdio>

#include "tests/farm/sdp.h"

namespace ocelli::farm {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kNotFound = 404;
constexpr int kNotInThisState = 455;
constexpr int kUnsupportedTransport = 461;
constexpr int kNotImplemented = 501;

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

}  // namespace

Session::Session(const Config& config, std::uint64_t number, Camera* camera)
    : config_(config),
      camera_(camera),
      has_own_port_(camera != nullptr),
      id_(hexadecimal(number * 0x9E3779B97F4A7C15)),
      nonce_(hexadecimal(number * 0xD1B54A32D192ED03)) {}

Next Session::handle(const RtspRequest& request, std::string& answer) {
  RtspResponse response;
  const auto named = camera_of(request.url);
  const bool exists = named && *named < static_cast<int>(config_.cameras->size());
  const bool is_here = exists && (!has_own_port_ || camera_->number() == *named);
  if (is_here) camera_ = config_.cameras->at(static_cast<std::size_t>(*named)).get();
  Next next = Next::answer;
  if (camera_ != nullptr && camera_->effects().is_down) return Next::reset;
  if (camera_ != nullptr && camera_->effects().is_half_open) return Next::freeze;
  if (!config_.access->allows(request, nonce_)) {
    response.status = kUnauthorized;
    response.headers.emplace_back("WWW-Authenticate", config_.access->challenge(nonce_));
  } else if (request.method == "OPTIONS" && !is_playing_) {
    response.headers.emplace_back("Public", "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN");
  } else if (!is_here) {
    response.status = kNotFound;
  } else {
    next = answer_known_camera(request, response);
  }
  answer = to_text(response, request.header("cseq"));
  return next;
}

Next Session::answer_known_camera(const RtspRequest& request, RtspResponse& response) {
  if (is_keepalive(request)) {
    if (camera_->effects().ignores_keepalive) return Next::ignore;
    response.headers.emplace_back("Session", id_);
  } else if (request.method == "DESCRIBE") {
    describe_camera(request, response);
  } else if (request.method == "SETUP") {
    set_up(request, response);
  } else if (request.method == "PLAY") {
    return play(response);
  } else if (request.method == "TEARDOWN") {
    response.headers.emplace_back("Session", id_);
    return Next::end;
  } else {
    response.status = kNotImplemented;
  }
  return Next::answer;
}

bool Session::is_keepalive(const RtspRequest& request) const {
  return request.method == "OPTIONS" || request.method == "GET_PARAMETER" || request.method == "SET_PARAMETER";
}

void Session::describe_camera(const RtspRequest& request, RtspResponse& response) const {
  response.headers.emplace_back("Content-Type", "application/sdp");
  response.headers.emplace_back("Content-Base", request.url + (request.url.ends_with('/') ? "" : "/"));
  response.body = describe(camera_->described_clip(), camera_->number());
}

void Session::set_up(const RtspRequest& request, RtspResponse& response) {
  const auto transport = parse_transport(request.header("transport"));
  if (!transport || is_playing_) {
    response.status = transport ? kNotInThisState : kUnsupportedTransport;
    return;
  }
  transport_ = transport;
  const std::string pair = std::to_string(transport->rtp) + "-" + std::to_string(transport->rtcp);
  const std::string text = transport->kind == Transport::Kind::tcp
                               ? "RTP/AVP/TCP;unicast;interleaved=" + pair
                               : "RTP/AVP;unicast;client_port=" + pair +
                                     ";server_port=" + std::to_string(config_.udp_port) + "-" +
                                     std::to_string(config_.udp_port + 1);
  response.headers.emplace_back("Transport", text);
  response.headers.emplace_back("Session", id_ + ";timeout=" + std::to_string(config_.timeout_s));
}

Next Session::play(RtspResponse& response) {
  if (!transport_) {
    response.status = kNotInThisState;
    return Next::answer;
  }
  response.headers.emplace_back("Session", id_);
  response.headers.emplace_back("Range", "npt=now-");
  if (is_playing_) return Next::answer;
  is_playing_ = true;
  return Next::play;
}

}  // namespace ocelli::farm
