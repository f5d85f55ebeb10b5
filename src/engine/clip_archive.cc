#include "engine/clip_archive.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <pthread.h>
#include <regex>
#include <set>
#include <system_error>
#include <utility>

#include "media/gop_ring.h"

namespace ocelli::engine {
namespace {

using base::Code;
using base::Error;
namespace fs = std::filesystem;

constexpr std::size_t kQueue = 8'192;
// Above this, packets are refused. The room above is for the ends of clips under way, and for threads that looked at
// the depth at the same time: far more than there are cameras.
constexpr std::size_t kMostWaitingCommands = 4'096;
constexpr std::uint64_t kMostBetweenLooksAtTheFolder = 1U << 20U;
constexpr const char* kPartSuffix = ".part";

struct StoredClip {
  std::string time;  // sorts as the clips do
  fs::path path;
  std::uint64_t bytes = 0;
};

/// Our own files only: the pattern is that of clip_name().
std::vector<StoredClip> clips_in(const std::string& folder) {
  static const std::regex kName(R"([A-Za-z0-9_-]{1,64}-(\d{8}T\d{9}Z)-\d{1,20}\.(mp4|mkv)(\.part)?)");
  std::vector<StoredClip> clips;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::smatch match;
    // std::regex recurses per character, so the length is looked at first.
    if (name.size() > 128 || !std::regex_match(name, match, kName)) continue;
    std::error_code gone;
    if (!entry->is_regular_file(gone)) continue;
    const std::uint64_t bytes = entry->file_size(gone);
    if (!gone) clips.push_back({match[1].str(), entry->path(), bytes});
  }
  std::sort(clips.begin(), clips.end(), [](const StoredClip& a, const StoredClip& b) { return a.time < b.time; });
  return clips;
}

/// Removes the oldest until the bound holds; never one of `spared`.
void hold_bound(const std::string& folder, std::uint64_t bound, const std::set<std::string>& spared) {
  const std::vector<StoredClip> clips = clips_in(folder);
  std::uint64_t total = 0;
  for (const auto& clip : clips) total += clip.bytes;
  for (const auto& clip : clips) {
    if (total <= bound) return;
    if (spared.contains(clip.path.string())) continue;
    std::error_code ignored;  // the next look finds it again
    if (fs::remove(clip.path, ignored)) total -= clip.bytes;
  }
}

/// What is being written into one folder. For the writer only.
struct OpenFolder {
  std::set<std::string> parts;         // spared when the bound is held
  std::uint64_t bytes_since_look = 0;  // by all clips together: each alone may grow slowly
};
using OpenFolders = std::map<std::string, OpenFolder>;

}  // namespace

/// Two threads know it: whoever records, and the writer, see the parts below.
class PendingClip {
 public:
  PendingClip(ClipOrder clip_order, const media::ClipFormat& format)
      : order(std::move(clip_order)),
        path((fs::path(order.folder) / (order.name + "." + std::string(format.extension()))).string()),
        part_(path + kPartSuffix),
        writer_(media::ClipWriter::create(part_, format)) {}

  const ClipOrder order;
  const std::string path;
  std::atomic<bool> over{false};      ///< the writer is done with it
  std::atomic<bool> given_up{false};  ///< by whoever records
  bool was_queued = false;            ///< for whoever records only

  // The rest is for the writer only.

  void write(const std::vector<media::Packet>& packets, OpenFolder& folder) {
    for (const auto& packet : packets) {
      if (over || given_up) return;
      base::Status status = begun_ ? base::Status() : begin(folder);
      if (status) status = writer_->write(packet);
      if (status) count_bytes(folder);
      if (status && writer_->bytes_written() < fair_share(folder)) continue;
      if (status || status.error().code() == Code::end_of_stream) {
        finish(folder);
      } else {
        drop(status.error().message(), folder);
      }
    }
  }

  void finish(OpenFolder& folder) {
    if (over) return;
    if (given_up) return remove_part(folder);
    base::Status status = writer_->finish();
    if (!status) return drop(status.error().message(), folder);
    std::error_code error;
    fs::rename(part_, path, error);
    if (error) return drop("cannot rename " + part_ + ": " + error.message(), folder);
    over = true;
    folder.parts.erase(part_);
    folder.parts.insert(path);
    hold_bound(order.folder, order.folder_bytes, folder.parts);
    folder.parts.erase(path);
    order.logger.info("clip written", {{"event", order.event},
                                       {"clip", path},
                                       {"seconds", std::chrono::duration<double>(writer_->duration()).count()},
                                       {"bytes", writer_->bytes_written()}});
    base::Counter(order.written).add();
  }

 private:
  base::Status begin(OpenFolder& folder) {
    begun_ = true;
    folder.parts.insert(part_);
    std::error_code error;
    fs::create_directories(order.folder, error);
    if (error) {
      return Error(Code::unavailable, "cannot make the folder " + order.folder + ": " + error.message() +
                                          "; name another one as record: folder");
    }
    hold_bound(order.folder, order.folder_bytes, folder.parts);
    return {};
  }

  /// Half of the bound, by as many clips as grow at the same time: so they all fit, and an old one beside them.
  std::uint64_t fair_share(const OpenFolder& folder) const {
    return order.folder_bytes / 2 / std::max<std::size_t>(folder.parts.size(), 1);
  }

  void count_bytes(OpenFolder& folder) {
    const std::uint64_t written = writer_->bytes_written();
    folder.bytes_since_look += written - counted_;
    counted_ = written;
    if (folder.bytes_since_look < std::min(kMostBetweenLooksAtTheFolder, order.folder_bytes / 8)) return;
    folder.bytes_since_look = 0;
    hold_bound(order.folder, order.folder_bytes, folder.parts);
  }

  void drop(const std::string& reason, OpenFolder& folder) {
    remove_part(folder);
    order.logger.error("clip dropped", {{"event", order.event}, {"clip", path}, {"reason", reason}});
    base::Counter(order.dropped).add();
  }

  void remove_part(OpenFolder& folder) {
    over = true;
    writer_.reset();          // closes the file
    std::error_code ignored;  // it may not be there: then it could not be made
    if (begun_) fs::remove(part_, ignored);
    folder.parts.erase(part_);
  }

  const std::string part_;
  std::unique_ptr<media::ClipWriter> writer_;
  bool begun_ = false;
  std::uint64_t counted_ = 0;  // bytes that its folder knows of
};

const std::string& clip_path(const PendingClip& clip) {
  return clip.path;
}

std::string clip_name(const std::string& camera, base::WallTime time, std::uint64_t sequence) {
  std::string name = camera.substr(0, 64);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) { return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-'; }, '_');
  std::string stamp = base::format_wall_time(time);  // 2026-11-22T10:11:12.345Z
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == '.'; });
  return name + "-" + stamp + "-" + std::to_string(sequence);
}

ClipArchive::ClipArchive() : queue_(kQueue, base::OverflowPolicy::block), thread_([this] { run(); }) {}

ClipArchive::~ClipArchive() {
  close();
}

void ClipArchive::close() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<PendingClip> ClipArchive::begin(const ClipOrder& order, const media::ClipFormat& format) {
  return std::make_shared<PendingClip>(order, format);
}

ClipArchive::Outcome ClipArchive::append(const std::shared_ptr<PendingClip>& clip, std::vector<media::Packet> packets) {
  if (clip->over) return Outcome::ended;
  Command command{clip, std::move(packets)};
  for (const auto& packet : command.packets) command.bytes += media::packet_cost(packet);
  const std::size_t bytes = command.bytes;
  std::atomic<std::size_t>& waiting = *clip->order.waiting_bytes;
  if (queue_.depth() >= kMostWaitingCommands || waiting.load() + bytes > clip->order.most_waiting_bytes) {
    clip->given_up = true;
    end(clip);
    return Outcome::too_slow;
  }
  clip->was_queued = true;
  waiting += bytes;
  if (queue_.push(std::move(command))) return Outcome::taken;
  waiting -= bytes;
  return Outcome::ended;
}

void ClipArchive::end(const std::shared_ptr<PendingClip>& clip) {
  // So there are never more ends in the queue than there were packets, and pushing one never waits.
  if (clip->was_queued) queue_.push({clip, {}, 0, true});
}

void ClipArchive::run() {
  pthread_setname_np(pthread_self(), "clips");
  OpenFolders folders;
  while (auto command = queue_.pop()) {
    PendingClip& clip = *command->clip;
    OpenFolder& folder = folders[clip.order.folder];
    clip.write(command->packets, folder);
    command->packets.clear();
    *clip.order.waiting_bytes -= command->bytes;
    if (command->is_last) clip.finish(folder);
  }
}

}  // namespace ocelli::engine
