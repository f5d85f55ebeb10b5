#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "tests/farm/rtp.h"

namespace ocelli::farm {

/// What one TCP client has still to be sent: answers, and pictures as references into the shared clips. Pictures are
/// bounded; answers are few and always taken. A picture is refused whole or sent whole, as the bytes are one stream.
class SendQueue {
 public:
  enum class Drained { empty, blocked, broken };

  explicit SendQueue(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void push_bytes(std::string bytes);
  /// False, and nothing queued, when that would exceed the bound.
  [[nodiscard]] bool push_picture(PictureRun run, std::uint8_t channel);
  /// Writes what the socket takes without waiting.
  Drained write_to(int socket);
  bool is_empty() const { return items_.empty(); }

 private:
  struct Item {
    std::string bytes;  ///< Empty for a picture.
    PictureRun run;
    std::uint8_t channel = 0;
    std::size_t size_bytes = 0;
  };
  struct Batch;

  void push(Item item);
  static void gather(const Item& item, std::size_t skip_bytes, Batch& batch);
  void consume(std::size_t size_bytes);

  std::size_t limit_bytes_;
  std::deque<Item> items_;
  std::size_t queued_bytes_ = 0;
  std::size_t sent_of_front_bytes_ = 0;
};

}  // namespace ocelli::farm
