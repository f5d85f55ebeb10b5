#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/farm/access.h"
#include "tests/farm/camera.h"
#include "tests/farm/rtsp.h"

namespace ocelli::farm {

using Cameras = std::vector<std::unique_ptr<Camera>>;

/// What a client must do after a request.
enum class Next { answer, play, end, reset, freeze, ignore };

/// The protocol of one connection, without its socket: which camera, which transport, and the answers. A camera's
/// faults show here as well: one that is down or hangs does not answer.
class Session {
 public:
  struct Config {
    const Cameras* cameras = nullptr;
    const Access* access = nullptr;
    std::uint16_t udp_port = 0;
    int timeout_s = 60;
  };

  /// `number` becomes session and nonce; `camera` is known where it has a port of its own.
  Session(const Config& config, std::uint64_t number, Camera* camera);

  /// `answer` is what to send unless the result says otherwise.
  Next handle(const RtspRequest& request, std::string& answer);

  Camera* camera() const { return camera_; }
  bool is_playing() const { return is_playing_; }
  const std::optional<Transport>& transport() const { return transport_; }

 private:
  Next answer_known_camera(const RtspRequest& request, RtspResponse& response);
  bool is_keepalive(const RtspRequest& request) const;
  void describe_camera(const RtspRequest& request, RtspResponse& response) const;
  void set_up(const RtspRequest& request, RtspResponse& response);
  Next play(RtspResponse& response);

  Config config_;
  Camera* camera_;
  bool has_own_port_;
  std::string id_;
  std::string nonce_;
  std::optional<Transport> transport_;
  bool is_playing_ = false;
};

}  // namespace ocelli::farm
