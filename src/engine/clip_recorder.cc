#include "engine/clip_recorder.h"

#include <algorithm>
#include <utility>

namespace ocelli::engine {
namespace {

using media::MediaTime;
using namespace std::chrono_literals;

// Events lag behind what is read by decoding, detection and the queue between: for live cameras at most some two
// seconds. So much more of the past is kept.
constexpr auto kLagOfEvents = 3s;
// Pictures are reordered by less than this; time that falls back further has begun anew.
constexpr auto kMostReorder = 2s;

std::string event_id(const events::Event& event) {
  return event.camera + "/" + std::to_string(event.sequence);
}

}  // namespace

ClipRecorder::ClipRecorder(const RecordConfig& config, const std::string& camera, ClipArchive& archive,
                           base::Logger logger, base::Metrics& metrics, OnClip on_clip)
    : config_(config),
      camera_(camera),
      archive_(archive),
      logger_(std::move(logger)),
      on_clip_(std::move(on_clip)),
      written_(metrics.counter("ocelli_clips_written_total", "Clips that are complete", {{"camera", camera}})),
      dropped_(metrics.counter("ocelli_clips_dropped_total", "Clips that could not be recorded", {{"camera", camera}})),
      groups_given_up_(metrics.counter("ocelli_recording_groups_given_up_total",
                                       "Groups of pictures larger than the memory for clips", {{"camera", camera}})),
      bytes_kept_(metrics.gauge("ocelli_recording_bytes", "Packets kept for clips, in memory", {{"camera", camera}})),
      ring_({config.before + kLagOfEvents, config.memory_bytes()}) {}

ClipRecorder::~ClipRecorder() {
  close();
}

void ClipRecorder::connected(const media::Source& source, MediaTime origin) {
  auto format = media::ClipFormat::of(source);
  Notes notes;
  if (!format) notes.warning = format.error().message();
  {
    const base::MutexLock lock(mutex_);
    end_clip(notes);
    ring_.clear();
    newest_.reset();
    origin_ = origin;
    connected_ = true;
    format_.reset();
    if (format) format_ = *format;
  }
  tell(notes);
}

void ClipRecorder::disconnected() {
  Notes notes;
  {
    const base::MutexLock lock(mutex_);
    connected_ = false;
    end_clip(notes);
  }
  tell(notes);
}

void ClipRecorder::close() {
  disconnected();
}

void ClipRecorder::add(const media::Packet& packet) {
  Notes notes;
  {
    const base::MutexLock lock(mutex_);
    if (!format_) return;
    if (packet.has_time() && newest_ && packet.time() + kMostReorder < *newest_) {
      end_clip(notes);
      ring_.clear();
      newest_.reset();
    }
    if (packet.has_time()) newest_ = std::max(newest_.value_or(packet.time()), packet.time());
    extend(packet, notes);
    if (auto handle = packet.share()) {
      ring_.push(*std::move(handle));
    } else {
      ring_.clear();  // out of memory: what follows could not be decoded
    }
    bytes_kept_.set(static_cast<double>(ring_.bytes() + waiting_bytes_->load()));
    note_given_up_groups(notes);
  }
  tell(notes);
}

/// The clip under way, if there is one, goes on with this packet or ends before it.
void ClipRecorder::extend(const media::Packet& packet, Notes& notes) {
  if (!clip_) return;
  if (packet.has_time() && packet.time() > clip_->end) return end_clip(notes);
  if (!clip_->has_packets && !packet.is_key()) return;
  auto handle = packet.share();
  if (!handle) return end_clip(notes);
  std::vector<media::Packet> packets;
  packets.push_back(*std::move(handle));
  append(std::move(packets), notes);
}

void ClipRecorder::append(std::vector<media::Packet> packets, Notes& notes) {
  switch (archive_.append(clip_->pending, std::move(packets))) {
    case ClipArchive::Outcome::taken:
      clip_->has_packets = true;
      return;
    case ClipArchive::Outcome::ended:
      clip_.reset();
      return;
    case ClipArchive::Outcome::too_slow:
      drop_clip("the disk is too slow; record fewer cameras to it, or raise record: memory_mib", notes);
  }
}

void ClipRecorder::drop_clip(const char* reason, Notes& notes) {
  dropped_.add();
  notes.dropped.push_back(clip_->event + ": " + reason);
  clip_.reset();
}

void ClipRecorder::end_clip(Notes& notes) {
  if (!clip_) return;
  if (!clip_->has_packets) return drop_clip("no picture of that time was kept", notes);
  archive_.end(clip_->pending);
  clip_.reset();
}

void ClipRecorder::note_given_up_groups(Notes& notes) {
  const std::uint64_t news = ring_.groups_given_up() - groups_told_;
  if (news == 0) return;
  groups_given_up_.add(static_cast<double>(news));
  if (groups_told_ == 0) {
    notes.warning =
        "one group of pictures is larger than record: memory_mib (" + std::to_string(config_.memory_mib) +
        "), so clips will lack what was before the event; raise it, or have the camera send key frames more "
        "often";
  }
  groups_told_ += news;
}

bool ClipRecorder::wants(const events::Event& event) const {
  return config_.events.empty() || std::find(config_.events.begin(), config_.events.end(),
                                             events::event_type_name(event.type)) != config_.events.end();
}

base::Status ClipRecorder::accept(const events::Event& event) {
  if (!wants(event)) return {};
  Notes notes;
  {
    const base::MutexLock lock(mutex_);
    const MediaTime time = event.time - origin_.time_since_epoch();
    if (clip_ && time + config_.after <= clip_->latest) {
      clip_->end = std::max(clip_->end, time + config_.after);
      notes.recorded_as = clip_path(*clip_->pending);
    } else {
      begin(event, time, notes);
    }
  }
  if (!notes.recorded_as.empty()) {
    logger_.info("event is recorded", {{"event", event_id(event)}, {"clip", notes.recorded_as}});
    if (on_clip_) on_clip_({camera_, event.sequence, notes.recorded_as});
  }
  tell(notes);
  return {};
}

/// A clip under way ends here: the new one holds what follows, and some of what was.
void ClipRecorder::begin(const events::Event& event, MediaTime time, Notes& notes) {
  end_clip(notes);
  if (!format_) {
    dropped_.add();
    notes.dropped.push_back(event_id(event) + ": the stream cannot be recorded");
    return;
  }
  const ClipOrder order{.folder = config_.folder,
                        .name = clip_name(camera_, event.wall_time, event.sequence),
                        .event = event_id(event),
                        .folder_bytes = static_cast<std::uint64_t>(config_.folder_mib) << 20U,
                        .most_waiting_bytes = 2 * config_.memory_bytes(),
                        .waiting_bytes = waiting_bytes_,
                        .logger = logger_,
                        .written = written_,
                        .dropped = dropped_};
  clip_ = Clip{.pending = archive_.begin(order, *format_),
               .event = order.event,
               .end = time + config_.after,
               .latest = time - config_.before + config_.longest};
  std::vector<media::Packet> history = ring_.range(time - config_.before, clip_->end);
  if (!history.empty()) append(std::move(history), notes);
  if (!clip_) return;
  notes.recorded_as = clip_path(*clip_->pending);
  const bool is_over = !connected_ || (newest_ && *newest_ > clip_->end);
  if (!is_over) return;
  if (!clip_->has_packets) notes.recorded_as.clear();
  end_clip(notes);
}

void ClipRecorder::tell(const Notes& notes) const {
  if (!notes.warning.empty()) logger_.warn("recording", {{"reason", notes.warning}});
  for (const auto& dropped : notes.dropped) logger_.error("clip dropped", {{"reason", dropped}});
}

}  // namespace ocelli::engine
