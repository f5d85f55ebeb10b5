#include "tests/farm/farm.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

namespace ocelli::farm {
namespace {

using base::Result;
using base::Status;
using nlohmann::ordered_json;
using std::chrono::steady_clock;

base::SteadyTime::duration seconds(double count) {
  return std::chrono::duration_cast<base::SteadyTime::duration>(std::chrono::duration<double>(count));
}

std::int64_t wall_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The same camera with three quarters of its edges, for the faults that change the picture's size.
ClipConfig other_size(ClipConfig config) {
  constexpr int kMacroblockPx = 16;
  config.width = std::max(config.width * 3 / 4 / kMacroblockPx * kMacroblockPx, 256);
  config.height = std::max(config.height * 3 / 4 / kMacroblockPx * kMacroblockPx, 144);
  return config;
}

bool needs_other_clip(const std::vector<Fault>& faults) {
  return std::ranges::any_of(
      faults, [](const Fault& fault) { return fault.kind == FaultKind::sdp || fault.kind == FaultKind::resolution; });
}

}  // namespace

Result<std::unique_ptr<Farm>> Farm::create(const Options& options) {
  std::unique_ptr<Farm> farm(new Farm(options));
  OC_TRY(const auto groups, parse_cameras(options));
  OC_TRY(farm->access_, Access::parse(options.auth));
  OC_TRY(farm->address_, parse_address(options.address));
  int camera_count = 0;
  for (const auto& group : groups) camera_count += group.count;
  OC_TRY_STATUS(farm->load_faults(camera_count));
  if (options.prints_faults) return farm;
  OC_TRY(farm->report_, Report::create({options.log_file, seconds(options.late_after_ms / 1000)}));
  OC_TRY_STATUS(farm->load_clips(groups));
  OC_TRY(farm->loop_, EventLoop::create());
  OC_TRY(farm->udp_, UdpSender::create(*farm->loop_, farm->address_));
  OC_TRY_STATUS(farm->watch_signals());
  farm->make_cameras(groups);
  OC_TRY_STATUS(farm->open_doors());
  return farm;
}

Farm::~Farm() {
  for (auto& [number, client] : clients_) client->reset("the program ends");
}

Status Farm::load_faults(int camera_count) {
  if (!options_.fault_file.empty()) {
    OC_TRY(faults_, read_faults(options_.fault_file, camera_count));
  }
  if (!options_.fault_plan.empty()) {
    OC_TRY(const auto plan, parse_fault_plan(options_.fault_plan));
    std::ranges::copy(generate_faults(plan, camera_count), std::back_inserter(faults_));
  }
  for (auto& fault : faults_) {
    fault.begin_s += options_.fault_delay_s;
    fault.end_s += options_.fault_delay_s;
  }
  active_.resize(faults_.size());
  return {};
}

Status Farm::load_clips(const std::vector<CameraGroup>& groups) {
  for (const auto& group : groups) {
    OC_TRY(const auto* const clip, clip_for(group.clip));
    group_clips_.push_back(clip);
    if (!needs_other_clip(faults_)) continue;
    OC_TRY(const auto* const other, clip_for(other_size(group.clip)));
    other_clips_[clip] = other;
  }
  return {};
}

Result<const Clip*> Farm::clip_for(const ClipConfig& config) {
  const auto found = std::ranges::find(clips_, config, &Clip::config);
  if (found != clips_.end()) return &*found;
  OC_TRY(auto clip, load_clip(config, options_.clips));
  return &clips_.emplace_back(std::move(clip));
}

void Farm::make_cameras(const std::vector<CameraGroup>& groups) {
  const auto start = steady_clock::now();
  for (std::size_t group = 0; group < groups.size(); ++group) {
    const Clip* const clip = group_clips_[group];
    for (int index = 0; index < groups[group].count; ++index) {
      const Camera::Config config{.number = static_cast<int>(cameras_.size()),
                                  .clip = clip,
                                  .other_clip = other_clips_[clip],
                                  .start = start,
                                  .seed = options_.seed,
                                  .join = options_.join};
      cameras_.push_back(std::make_unique<Camera>(config, *report_));
    }
  }
}

Status Farm::open_doors() {
  const bool is_shared = options_.ports == Ports::shared;
  doors_.resize(is_shared ? 1 : cameras_.size());
  for (std::size_t index = 0; index < doors_.size(); ++index) {
    Door& door = doors_[index];
    const auto port = options_.port == 0 ? 0 : options_.port + static_cast<int>(index);
    OC_TRY(door.socket, bind_socket(SOCK_STREAM, address_, static_cast<std::uint16_t>(port)));
    door.port = local_port(door.socket);
    door.camera = is_shared ? nullptr : cameras_[index].get();
    open_door(door);
  }
  return {};
}

Status Farm::watch_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  signals_ = Descriptor(signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.is_open()) return system_error(base::Code::exhausted, "signalfd");
  loop_->watch(signals_.get(), EventLoop::kReadable, [this](std::uint32_t) { loop_->stop(); });
  return {};
}

Status Farm::run() {
  if (options_.prints_faults) {
    for (const Fault& fault : faults_) std::puts(to_json(fault).c_str());
    return {};
  }
  report_->begin();
  announce();
  const auto now = steady_clock::now();
  for (const auto& camera : cameras_) schedule_camera(*camera);
  schedule_faults();
  schedule_second(now + std::chrono::seconds(1));
  if (options_.duration_s > 0) loop_->at(now + seconds(options_.duration_s), [this] { loop_->stop(); });
  loop_->run();
  for (auto& [number, client] : clients_) client->reset("the program ends");
  report_->end();
  return {};
}

void Farm::announce() const {
  ordered_json cameras = ordered_json::array();
  for (const auto& camera : cameras_) {
    const auto number = static_cast<std::size_t>(camera->number());
    const std::uint16_t port = doors_.size() == 1 ? doors_.front().port : doors_[number].port;
    const ClipConfig& clip = camera->described_clip().config;
    const bool is_faulty = std::ranges::any_of(
        faults_, [&](const Fault& fault) { return fault.camera == kAllCameras || fault.camera == camera->number(); });
    cameras.push_back(
        {{"camera", number},
         {"url", "rtsp://" + options_.address + ":" + std::to_string(port) + "/cam/" + std::to_string(number)},
         {"width", clip.width},
         {"height", clip.height},
         {"fps", clip.frames_per_second},
         {"bits_per_second", clip.bits_per_second},
         {"codec", clip.codec == Codec::h264 ? "h264" : "h265"},
         {"key_interval_s", clip.key_interval_s},
         {"pictures", clip.picture_count()},
         {"faulty", is_faulty}});
  }
  const ordered_json json = {
      {"event", "ready"}, {"wall_ns", wall_ns()}, {"port", doors_.front().port}, {"cameras", std::move(cameras)}};
  report_->line(json.dump());
}

void Farm::schedule_camera(Camera& camera) {
  loop_->at(camera.next_due(), [this, &camera] {
    camera.tick();
    schedule_camera(camera);
  });
}

void Farm::schedule_second(base::SteadyTime time) {
  loop_->at(time, [this, time] {
    int playing = 0;
    for (const auto& [number, client] : clients_) playing += client->session().is_playing() ? 1 : 0;
    report_->second(static_cast<int>(clients_.size()), playing);
    // Closing a client removes it, later, so that this walk is safe.
    for (const auto& [number, client] : clients_) client->end_if_silent(steady_clock::now());
    schedule_second(time + std::chrono::seconds(1));
  });
}

void Farm::open_door(Door& door) {
  const auto listening = listen_on(door.socket);
  if (!listening) {
    report_->line(ordered_json{{"event", "error"}, {"message", listening.error().message()}}.dump());
    return;
  }
  door.watch =
      loop_->watch(door.socket.get(), EventLoop::kReadable, [this, &door](std::uint32_t) { accept_all(door); });
  door.is_open = true;
}

/// A socket that is bound but does not listen refuses connections and keeps the port from others.
void Farm::close_door(Door& door) {
  loop_->forget(door.watch);
  door.is_open = false;
  door.socket.close();
  auto socket = bind_socket(SOCK_STREAM, address_, door.port);
  if (socket) door.socket = std::move(*socket);  // else open_door() tells
}

void Farm::accept_all(Door& door) {
  while (true) {
    Descriptor socket(accept4(door.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) return;
    const std::uint64_t number = ++last_client_;
    const Client::Config config{
        .loop = loop_.get(),
        .udp = udp_.get(),
        .owner = this,
        .session = {&cameras_, &access_, udp_->port(), options_.session_timeout_s},
        .queue_bytes = options_.queue_bytes,
    };
    clients_.emplace(number, std::make_unique<Client>(config, number, std::move(socket), door.camera));
  }
}

void Farm::on_play(const Client& client) {
  const bool is_tcp = client.session().transport()->kind == Transport::Kind::tcp;
  const ordered_json json = {{"event", "play"},
                             {"at_s", report_->elapsed_s()},
                             {"camera", client.session().camera()->number()},
                             {"client", client.number()},
                             {"transport", is_tcp ? "tcp" : "udp"}};
  report_->line(json.dump());
}

void Farm::on_close(const Client& client, std::string_view reason) {
  const Camera* const camera = client.session().camera();
  if (client.session().is_playing()) {
    const ordered_json json = {{"event", "close"},
                               {"at_s", report_->elapsed_s()},
                               {"camera", camera->number()},
                               {"client", client.number()},
                               {"reason", reason}};
    report_->line(json.dump());
  }
  // Later: this is called from within the client, and perhaps from a walk over all of them.
  loop_->at(steady_clock::now(), [this, number = client.number()] { clients_.erase(number); });
}

}  // namespace ocelli::farm
