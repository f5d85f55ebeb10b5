// The part of Farm that lets faults come and go.
#include <chrono>

#include <nlohmann/json.hpp>

#include "tests/farm/farm.h"

namespace ocelli::farm {

using std::chrono::steady_clock;

template <class Action>
void Farm::for_cameras(int number, Action action) {
  for (const auto& camera : cameras_) {
    if (number == kAllCameras || number == camera->number()) action(*camera);
  }
}

void Farm::schedule_faults() {
  const auto start = steady_clock::now();
  const auto at = [&](double begin_s, EventLoop::Task task) {
    const std::chrono::duration<double> after(begin_s);
    loop_->at(start + std::chrono::duration_cast<base::SteadyTime::duration>(after), std::move(task));
  };
  for (std::size_t index = 0; index < faults_.size(); ++index) {
    at(faults_[index].begin_s, [this, index] { begin_fault(index); });
    at(faults_[index].end_s, [this, index] { end_fault(index); });
  }
}

void Farm::begin_fault(std::size_t index) {
  const Fault& fault = faults_[index];
  active_[index] = true;
  for_cameras(fault.camera, [&](Camera& camera) {
    apply_faults(camera);
    switch (fault.kind) {
      case FaultKind::reboot:
        camera.reset_clock();
        [[fallthrough]];
      case FaultKind::restart:
      case FaultKind::sdp:
        reset_clients(camera, fault_name(fault.kind));
        break;
      case FaultKind::half_open:
        freeze_clients(camera);
        break;
      default:
        break;
    }
  });
  mind_doors();
  tell_fault("fault_begin", index);
}

void Farm::end_fault(std::size_t index) {
  const Fault& fault = faults_[index];
  active_[index] = false;
  for_cameras(fault.camera, [&](Camera& camera) {
    apply_faults(camera);
    if (fault.kind == FaultKind::sdp) reset_clients(camera, fault_name(fault.kind));
  });
  mind_doors();
  tell_fault("fault_end", index);
}

void Farm::tell_fault(std::string_view event, std::size_t index) const {
  const Fault& fault = faults_[index];
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const nlohmann::ordered_json json = {
      {"event", event},           {"at_s", report_->elapsed_s()}, {"wall_ns", std::chrono::nanoseconds(wall).count()},
      {"fault", index},           {"camera", fault.camera},       {"kind", fault_name(fault.kind)},
      {"percent", fault.percent}, {"begin_s", fault.begin_s},     {"end_s", fault.end_s}};
  report_->line(json.dump());
}

void Farm::apply_faults(Camera& camera) {
  Effects effects;
  for (std::size_t index = 0; index < faults_.size(); ++index) {
    const bool is_meant = faults_[index].camera == kAllCameras || faults_[index].camera == camera.number();
    if (active_[index] && is_meant) add_effect(effects, faults_[index]);
  }
  camera.set_effects(effects);
}

/// A port refuses connections while all cameras behind it are down.
void Farm::mind_doors() {
  for (Door& door : doors_) {
    bool is_down = true;
    for_cameras(door.camera == nullptr ? kAllCameras : door.camera->number(),
                [&](const Camera& camera) { is_down &= camera.effects().is_down; });
    if (is_down && door.is_open) close_door(door);
    if (!is_down && !door.is_open) open_door(door);
  }
}

void Farm::reset_clients(const Camera& camera, std::string_view reason) {
  for (const auto& [number, client] : clients_) {
    if (client->session().camera() == &camera) client->reset(reason);
  }
}

void Farm::freeze_clients(const Camera& camera) {
  for (const auto& [number, client] : clients_) {
    if (client->session().camera() == &camera) client->freeze();
  }
}

}  // namespace ocelli::farm
