#pragma once

#include <string>

namespace ocelli::media::testing {

/// A free port of this machine that takes connections, and by itself never says a word on them. Programs that are
/// started meanwhile do not keep it open.
class LoopbackListener {
 public:
  LoopbackListener();
  ~LoopbackListener();
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;

  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  /// The next connection, for the caller to close; negative once shut_down() was called, by any thread.
  int accept() const;
  void shut_down() const;

 private:
  int socket_ = -1;
  int port_ = 0;
};

}  // namespace ocelli::media::testing
