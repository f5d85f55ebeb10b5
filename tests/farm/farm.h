#pragma once

#include <list>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tests/farm/access.h"
#include "tests/farm/client.h"
#include "tests/farm/event_loop.h"
#include "tests/farm/fault.h"
#include "tests/farm/options.h"
#include "tests/farm/report.h"
#include "tests/farm/udp_sender.h"

namespace ocelli::farm {

/// The whole program after its command line: clips, cameras, ports, clients, and the faults that come and go. One
/// thread.
class Farm final : private Client::Owner {
 public:
  /// Loads or encodes the clips and opens the ports. Nothing is sent before run().
  static base::Result<std::unique_ptr<Farm>> create(const Options& options);
  ~Farm() override;
  Farm(const Farm&) = delete;
  Farm& operator=(const Farm&) = delete;

  /// Until SIGINT, SIGTERM or the end of the duration.
  base::Status run();

 private:
  /// A port, and the camera behind it; null where all cameras share it.
  struct Door {
    Descriptor socket;
    std::uint16_t port = 0;
    Camera* camera = nullptr;
    EventLoop::WatchId watch = 0;
    bool is_open = false;
  };

  explicit Farm(const Options& options) : options_(options) {}
  base::Status load_clips(const std::vector<CameraGroup>& groups);
  base::Result<const Clip*> clip_for(const ClipConfig& config);
  void make_cameras(const std::vector<CameraGroup>& groups);
  base::Status load_faults(int camera_count);
  base::Status open_doors();
  base::Status watch_signals();
  void announce() const;

  void open_door(Door& door);
  void close_door(Door& door);
  void accept_all(Door& door);
  void on_play(const Client& client) override;
  void on_close(const Client& client, std::string_view reason) override;

  void schedule_camera(Camera& camera);
  void schedule_faults();
  void schedule_second(base::SteadyTime time);
  void begin_fault(std::size_t index);
  void end_fault(std::size_t index);
  void tell_fault(std::string_view event, std::size_t index) const;
  void apply_faults(Camera& camera);
  void mind_doors();
  template <class Action>
  void for_cameras(int number, Action action);
  void reset_clients(const Camera& camera, std::string_view reason);
  void freeze_clients(const Camera& camera);

  // In the order of destruction's reverse: clients use all that stands above them.
  Options options_;
  std::unique_ptr<Report> report_;
  std::list<Clip> clips_;  ///< Cameras point into it.
  std::map<const Clip*, const Clip*> other_clips_;
  std::vector<const Clip*> group_clips_;
  Access access_;
  Cameras cameras_;
  std::vector<Fault> faults_;
  std::vector<bool> active_;
  Descriptor signals_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<UdpSender> udp_;
  std::vector<Door> doors_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::uint64_t last_client_ = 0;
  in_addr address_{};
};

}  // namespace ocelli::farm
