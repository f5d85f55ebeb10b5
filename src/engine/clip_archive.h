#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/log.h"
#include "base/metrics.h"
#include "media/clip_writer.h"
#include "media/packet.h"

namespace ocelli::engine {

/// What a clip is to be. A value.
struct ClipOrder {
  std::string folder;              ///< made when it is not there
  std::string name;                ///< see clip_name(); the extension follows from the format
  std::string event;               ///< "<camera>/<sequence>", for the log
  std::uint64_t folder_bytes = 0;  ///< bound on all clips in the folder
  std::size_t most_waiting_bytes = 0;
  /// Packets on their way to the disk. Co-owned by the camera and all its clips, so that the bound holds for the
  /// camera.
  std::shared_ptr<std::atomic<std::size_t>> waiting_bytes = std::make_shared<std::atomic<std::size_t>>(0);
  base::Logger logger = base::Logger::null();
  base::Counter written;
  base::Counter dropped;
};

/// "<camera>-<wall time>-<sequence>": "gate-20261122T101112345Z-12". By this form the archive knows its own files.
std::string clip_name(const std::string& camera, base::WallTime time, std::uint64_t sequence);

/// One clip on its way to the disk.
class PendingClip;

/// Writes the clips of all cameras, on one thread, `clips`, so that nobody else waits for the disk. A clip has its name
/// once it is complete; until then, and after a kill, it is called NAME.part. When the disk is full or refuses, the
/// clip is dropped: one line in the log, a count, and the part is removed. When the disk is slow, a camera's packets
/// wait up to a bound, then its clip is given up and its part removed. The folder's bound is kept by removing the
/// oldest files that have our kind of name, parts of earlier runs included, before and while clips grow, though not
/// what is being written: a clip ends where it reaches its share of half the bound, which as many have as grow at the
/// same time. So the folder holds at most the bound and what comes in one piece (a fragment of 2 s). One process per
/// folder. Thread-safe.
class ClipArchive {
 public:
  ClipArchive();
  ~ClipArchive();
  ClipArchive(const ClipArchive&) = delete;
  ClipArchive& operator=(const ClipArchive&) = delete;

  /// Touches no disk.
  std::shared_ptr<PendingClip> begin(const ClipOrder& order, const media::ClipFormat& format);

  enum class Outcome {
    taken,
    ended,     ///< complete, or failed as the log says: it takes no more
    too_slow,  ///< the clip is given up; the caller tells and counts
  };
  /// Never waits; one caller at a time per clip, also for end(). The first packet of a clip is a key frame.
  Outcome append(const std::shared_ptr<PendingClip>& clip, std::vector<media::Packet> packets);
  /// Nothing more comes: the clip gets its name. Never waits.
  void end(const std::shared_ptr<PendingClip>& clip);

  /// Writes what was taken, then ends the thread. Idempotent.
  void close();

 private:
  struct Command {
    std::shared_ptr<PendingClip> clip;  // co-owned by whoever records, until both are done with it
    std::vector<media::Packet> packets;
    std::size_t bytes = 0;
    bool is_last = false;
  };

  void run();

  base::BoundedQueue<Command> queue_;
  std::thread thread_;
};

/// The file that `clip` becomes.
const std::string& clip_path(const PendingClip& clip);

}  // namespace ocelli::engine
