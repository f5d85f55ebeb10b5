#include "media/probe.h"

#include <cmath>
#include <utility>

#include "media/address.h"
#include "media/decoder.h"
#include "media/internal/capture_device.h"
#include "media/internal/endpoint.h"
#include "media/internal/resolve.h"

extern "C" {
#include <libavcodec/packet.h>
}

namespace ocelli::media {
namespace {

using base::Code;
using std::chrono::milliseconds;

constexpr std::size_t kPool = 32;  // a decoder may hold many frames back for reordering
// From here on times are called bad; below, it is a hiccup that nobody needs to hear of.
constexpr double kBadShare = 0.05;

/// What the stamps of a stream look like, packet by packet in decoding order.
class StampStatistics {
 public:
  void add(const AVPacket& packet) {
    ++packets_;
    const std::int64_t stamp = packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
    if (stamp == AV_NOPTS_VALUE) {
      ++missing_;
      return;
    }
    if (packets_ > 1 && stamp == last_) ++repeated_;
    if (packets_ > 1 && stamp < last_) ++backwards_;
    if (packets_ > 1 && stamp > last_ + kLongestStep) ++jumps_;
    last_ = stamp;
  }
  bool good() const { return missing_ + repeated_ + backwards_ <= kBadShare * packets_ && jumps_ == 0; }
  int packets() const { return packets_; }
  std::string text() const {
    std::string text = std::to_string(packets_) + " packets";
    const auto append = [&](int count, const char* what) {
      if (count > 0) text += ", " + std::to_string(count) + " " + what;
    };
    append(missing_, "without time");
    append(repeated_, "with the time of the one before");
    append(backwards_, "going backwards");
    append(jumps_, "jumping ahead by more than 2 s");
    return good() && packets_ > 0 ? text + ", times in order" : text;
  }

 private:
  static constexpr std::int64_t kLongestStep = 2'000'000'000;
  int packets_ = 0;
  int missing_ = 0;
  int repeated_ = 0;
  int backwards_ = 0;
  int jumps_ = 0;
  std::int64_t last_ = 0;
};

struct Finding {
  std::optional<ProbeFailure> failure;
  std::string detail;
};

class Prober {
 public:
  Prober(const ProbeConfig& config, base::Clock& clock, std::stop_token stop)
      : config_(config), clock_(clock), stop_(std::move(stop)), kind_(address_kind(config.source.url)) {}

  ProbeReport run() {
    const bool reached = take(ProbeStep::address, &Prober::address) && reach_server();
    if (reached && take(ProbeStep::dialogue, &Prober::dialogue)) look_at_pictures();
    return std::move(report_);
  }

 private:
  bool take(ProbeStep step, Finding (Prober::*action)()) {
    const auto begin = clock_.now();
    Finding finding = (this->*action)();
    const auto took = std::chrono::duration_cast<milliseconds>(clock_.now() - begin);
    report_.steps.push_back({step, !finding.failure, took, std::move(finding.detail)});
    report_.failure = finding.failure;
    return !finding.failure && !stop_.stop_requested();
  }

  bool reach_server() {
    if (kind_ == AddressKind::path) return true;
    if (kind_ == AddressKind::camera) return take(ProbeStep::device, &Prober::device);
    if (!take(ProbeStep::name, &Prober::name) || !take(ProbeStep::connection, &Prober::connection)) return false;
    return !is_encrypted(config_.source.url) || take(ProbeStep::encryption, &Prober::encryption);
  }

  void look_at_pictures() {
    if (!source_) {  // it opened, but what is missing belongs to the next step
      report_.steps.push_back({ProbeStep::video, false, {}, no_video_});
      report_.failure = ProbeFailure::no_video;
      return;
    }
    report_.info = source_->info();
    if (!take(ProbeStep::video, &Prober::video) || !take(ProbeStep::codec, &Prober::codec)) return;
    if (!take(ProbeStep::key_frame, &Prober::key_frame)) return;
    report_.usable = true;
    take(ProbeStep::timestamps, &Prober::timestamps);
  }

  Finding address();
  Finding name();
  Finding connection();
  Finding encryption();
  Finding device();
  Finding dialogue();
  Finding video();
  Finding codec();
  Finding key_frame();
  Finding timestamps();

  const ProbeConfig& config_;
  base::Clock& clock_;
  const std::stop_token stop_;
  const AddressKind kind_;
  std::optional<internal::Endpoint> endpoint_;
  std::string no_video_;
  FramePool pool_{kPool};
  std::unique_ptr<Source> source_;
  std::unique_ptr<Decoder> decoder_;
  StampStatistics stamps_;
  ProbeReport report_;
};

Finding Prober::address() {
  if (kind_ == AddressKind::path) return {{}, "a path on this machine"};
  if (kind_ == AddressKind::camera) return {{}, "a camera of this machine"};
  if (kind_ != AddressKind::unknown) endpoint_ = internal::endpoint_of(config_.source.url);
  if (!endpoint_) {
    return {ProbeFailure::bad_address,
            redact_url(config_.source.url) + " is no address: it should look like rtsp://user:password@host:554/path"};
  }
  return {{}, "host " + endpoint_->host + ", port " + std::to_string(endpoint_->port)};
}

Finding Prober::name() {
  const auto status = internal::look_up(endpoint_->host, config_.source.timeout, stop_);
  if (status) return {{}, endpoint_->host + " has an address"};
  const bool late = status.error().code() == Code::timeout;
  return {late ? ProbeFailure::timeout : ProbeFailure::unknown_host, status.error().message()};
}

Finding Prober::connection() {
  const auto status = internal::try_connection(*endpoint_, config_.source.timeout, stop_);
  if (status) return {{}, "port " + std::to_string(endpoint_->port) + " takes connections"};
  const bool late = status.error().code() == Code::timeout;
  return {late ? ProbeFailure::timeout : ProbeFailure::refused, status.error().message()};
}

Finding Prober::encryption() {
  internal::TlsCheck check{config_.source.tls_verify, config_.source.tls_ca_file};
  const auto status = internal::try_encryption(*endpoint_, check, config_.source.timeout, stop_);
  if (status)
    return {{}, config_.source.tls_verify ? "the server proves its name" : "encrypted; the name is not checked"};
  return {status.error().code() == Code::timeout ? ProbeFailure::timeout : ProbeFailure::tls, status.error().message()};
}

ProbeFailure failure_of(internal::CaptureFault fault) {
  switch (fault) {
    case internal::CaptureFault::absent:
      return ProbeFailure::no_device;
    case internal::CaptureFault::not_permitted:
      return ProbeFailure::no_permission;
    case internal::CaptureFault::no_camera:
      return ProbeFailure::no_camera;
    case internal::CaptureFault::busy:
      return ProbeFailure::busy;
    default:
      return ProbeFailure::other;
  }
}

Finding Prober::device() {
  const internal::CaptureDevice device = internal::look_at_camera(config_.source.url);
  if (device.fault != internal::CaptureFault::none) return {failure_of(device.fault), device.reason};
  if (const auto loaded = internal::load_capture_library(); !loaded) {
    return {ProbeFailure::other, loaded.error().message()};
  }
  return {{}, device.name + (device.gives_jpeg ? ", motion JPEG" : ", raw pictures")};
}

Finding Prober::dialogue() {
  auto source = Source::open(config_.source, clock_, stop_);
  if (source) {
    source_ = std::move(*source);
    const StreamInfo& info = source_->info();
    return {{}, "opened as " + info.container + (info.live ? ", live" : "")};
  }
  const std::string& message = source.error().message();
  switch (source.error().code()) {
    case Code::unsupported:
      no_video_ = message;
      return {{}, "opened"};
    case Code::invalid:
      return {ProbeFailure::unauthorised, message};
    case Code::not_found:
      return {ProbeFailure::not_found, message};
    case Code::timeout:
      // What is said of networks does not help with a cable.
      return {kind_ == AddressKind::camera ? ProbeFailure::other : ProbeFailure::timeout, message};
    case Code::corrupt:
      return {ProbeFailure::not_media, message};
    default:
      return {ProbeFailure::other, message};
  }
}

Finding Prober::video() {
  const StreamInfo& info = source_->info();
  std::string detail = info.codec;
  if (info.width > 0) detail += ", " + std::to_string(info.width) + "x" + std::to_string(info.height);
  if (info.frames_per_second > 0) {
    detail += ", " + std::to_string(std::lround(info.frames_per_second)) + " pictures a second";
  }
  return {{}, detail};
}

Finding Prober::codec() {
  auto decoder = Decoder::create(*source_, {}, pool_, clock_, {});
  if (!decoder) return {ProbeFailure::unsupported_codec, decoder.error().message()};
  decoder_ = std::move(*decoder);
  return {{}, "can be decoded"};
}

Finding Prober::key_frame() {
  const auto end = clock_.now() + config_.key_frame_within;
  int damaged = 0;
  std::string reason = "the stream goes on without one";
  while (clock_.now() < end && !stop_.stop_requested()) {
    auto packet = source_->read();
    if (packet) {
      stamps_.add(*packet->native());
      [[maybe_unused]] const auto sent = decoder_->send(*packet);  // a damaged one: the next may do
    } else {
      reason = packet.error().code() == Code::end_of_stream ? "the stream ends before" : packet.error().message();
      if (!decoder_->drain()) break;
    }
    while (auto frame = decoder_->receive()) {
      if ((*frame)->info().quality == FrameQuality::good) {
        return {{},
                "a whole picture of " + std::to_string((*frame)->width()) + "x" + std::to_string((*frame)->height()) +
                    " after " + std::to_string(stamps_.packets()) + " packets"};
      }
      ++damaged;
    }
    if (!packet) break;
  }
  if (damaged > 0) reason += "; " + std::to_string(damaged) + " damaged pictures came";
  return {ProbeFailure::no_key_frame,
          "no whole picture within " + std::to_string(config_.key_frame_within.count() / 1000) + " s: " + reason};
}

Finding Prober::timestamps() {
  const auto end = clock_.now() + config_.watch_times_for;
  const MediaTime media_end{config_.watch_times_for};
  while (clock_.now() < end && !stop_.stop_requested()) {
    auto packet = source_->read();
    if (!packet) break;
    stamps_.add(*packet->native());
    if (!source_->info().live && packet->time() > media_end) break;
  }
  if (stamps_.good()) return {{}, stamps_.text()};
  return {ProbeFailure::bad_timestamps, stamps_.text()};
}

}  // namespace

std::string_view probe_step_name(ProbeStep step) {
  switch (step) {
    case ProbeStep::address:
      return "address";
    case ProbeStep::name:
      return "name";
    case ProbeStep::connection:
      return "connection";
    case ProbeStep::encryption:
      return "encryption";
    case ProbeStep::device:
      return "device";
    case ProbeStep::dialogue:
      return "dialogue";
    case ProbeStep::video:
      return "video";
    case ProbeStep::codec:
      return "codec";
    case ProbeStep::key_frame:
      return "key_frame";
    case ProbeStep::timestamps:
      return "timestamps";
  }
  return "";
}

std::string_view probe_failure_name(ProbeFailure failure) {
  switch (failure) {
    case ProbeFailure::bad_address:
      return "bad_address";
    case ProbeFailure::unknown_host:
      return "unknown_host";
    case ProbeFailure::refused:
      return "refused";
    case ProbeFailure::timeout:
      return "timeout";
    case ProbeFailure::tls:
      return "tls";
    case ProbeFailure::unauthorised:
      return "unauthorised";
    case ProbeFailure::not_found:
      return "not_found";
    case ProbeFailure::not_media:
      return "not_media";
    case ProbeFailure::no_video:
      return "no_video";
    case ProbeFailure::unsupported_codec:
      return "unsupported_codec";
    case ProbeFailure::no_key_frame:
      return "no_key_frame";
    case ProbeFailure::bad_timestamps:
      return "bad_timestamps";
    case ProbeFailure::no_device:
      return "no_device";
    case ProbeFailure::no_permission:
      return "no_permission";
    case ProbeFailure::no_camera:
      return "no_camera";
    case ProbeFailure::busy:
      return "busy";
    case ProbeFailure::other:
      return "other";
  }
  return "other";
}

std::string_view probe_remedy(ProbeFailure failure) {
  switch (failure) {
    case ProbeFailure::bad_address:
      return "write it as rtsp://user:password@host:554/path; characters such as @ or / in a password as %40, %2F";
    case ProbeFailure::unknown_host:
      return "check the spelling, or use the camera's number (such as 192.168.1.20); does this machine have a name "
             "server?";
    case ProbeFailure::refused:
      return "nothing listens on that port: is RTSP switched on in the camera, and is 554 its port?";
    case ProbeFailure::timeout:
      return "no answer: is the camera on, in this network, and does a firewall let this machine through?";
    case ProbeFailure::tls:
      return "give the camera's authority as `tls_ca_file`, correct this machine's clock, or switch `tls_verify` off "
             "for "
             "a camera that signs for itself";
    case ProbeFailure::unauthorised:
      return "correct user and password; some cameras keep RTSP users apart from those of their page, and lock out for "
             "minutes after wrong ones";
    case ProbeFailure::not_found:
      return "the server has no stream of that path: look it up in the camera's manual, or ask it by ONVIF";
    case ProbeFailure::not_media:
      return "what came is no video: does the address lead to a page or a log-in? Was a file cut off while it was "
             "copied?";
    case ProbeFailure::no_video:
      return "it only holds sound or data: choose the camera's video profile";
    case ProbeFailure::unsupported_codec:
      return "set the camera to H.264 or H.265";
    case ProbeFailure::no_key_frame:
      return "set the camera's key frame (I-frame, GOP) interval to 1-4 s, and look for packet loss on the way";
    case ProbeFailure::bad_timestamps:
      return "the stream can be used, its times are repaired; a firmware update or another profile of the camera may "
             "help";
    case ProbeFailure::no_device:
      return "plug the camera in; `ls /dev/v4l/by-id` names those that are, by names that stay";
    case ProbeFailure::no_permission:
      return "add the user that runs ocelli to the group video (`sudo usermod -aG video USER`) and log in again";
    case ProbeFailure::no_camera:
      return "name the node that gives the pictures: USB cameras have a second one, often one number up, for other "
             "data";
    case ProbeFailure::busy:
      return "end the program that has the camera (`fuser -v` with its path tells which), or let it be the one that "
             "watches it";
    case ProbeFailure::other:
      return "see the message; `ocelli doctor` tells what this machine can do";
  }
  return "";
}

ProbeReport probe(const ProbeConfig& config, base::Clock& clock, std::stop_token stop) {
  return Prober(config, clock, std::move(stop)).run();
}

}  // namespace ocelli::media
