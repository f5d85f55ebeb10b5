#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "tests/farm/camera.h"
#include "tests/farm/event_loop.h"
#include "tests/farm/send_queue.h"
#include "tests/farm/session.h"
#include "tests/farm/socket.h"
#include "tests/farm/udp_sender.h"

namespace ocelli::farm {

/// One connection: reads requests, answers, and gets the pictures of its camera over it or over UDP. Writes never wait;
/// what does not fit into its bounded queue is refused. Ends itself by telling the owner, who then destroys it, later.
class Client final : public Viewer {
 public:
  /// The owner.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_play(const Client& client) = 0;
    virtual void on_close(const Client& client, std::string_view reason) = 0;
  };
  struct Config {
    EventLoop* loop = nullptr;
    UdpSender* udp = nullptr;
    Owner* owner = nullptr;
    Session::Config session;
    std::size_t queue_bytes = 0;
  };

  Client(const Config& config, std::uint64_t number, Descriptor socket, Camera* camera);
  ~Client() override;

  std::uint64_t number() const override { return number_; }
  bool send_picture(const PictureRun& run) override;
  void send_report(const std::string& rtcp) override;
  void send_garbage(const std::string& bytes) override;

  const Session& session() const { return session_; }
  bool is_open() const { return socket_.is_open(); }

  /// Ends the connection with a reset, as a camera that loses power and comes back does.
  void reset(std::string_view reason);
  /// From now on neither reads nor writes; notices only that the other side has gone.
  void freeze();
  /// Ends the session when the client has not been heard of for its time-out.
  void end_if_silent(base::SteadyTime now);

 private:
  void on_events(std::uint32_t events);
  void read();
  void handle_input();
  /// False when the rest of the request has still to come.
  bool handle_one();
  void handle_request(std::string_view head);
  void send_bytes(std::string bytes);
  void send_packet(const std::string& packet, std::uint16_t channel);
  void flush();
  void close(std::string_view reason);
  sockaddr_in receiver(std::uint16_t port) const;

  Config config_;
  std::uint64_t number_;
  Descriptor socket_;
  sockaddr_in peer_;
  Session session_;
  SendQueue queue_;
  EventLoop::WatchId watch_;
  std::string input_;
  base::SteadyTime heard_of_;
  bool is_frozen_ = false;
  bool is_blocked_ = false;
};

}  // namespace ocelli::farm
