#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "infer/detection.h"
#include "infer/embedding_head.h"
#include "media/media_time.h"

namespace ocelli::track {

/// Tells what detections of the frame that a tracker is just shown look like. It costs, so the tracker asks only for
/// those of which looks may decide something. Lent to one Tracker::update(), on its thread.
class AppearanceSource {
 public:
  virtual ~AppearanceSource() = default;
  /// Whether it can tell objects of this class apart; for others it is not asked.
  virtual bool tells_apart(int class_id) const = 0;
  /// One for each, in their order, all of one model and of length 1; without values where nobody can tell.
  virtual std::vector<infer::Embedding> look(std::span<const infer::Detection> detections) = 0;
};

/// What is known of the looks in one frame: nobody is asked twice for the same detection.
class FrameLooks {
 public:
  /// Null: nobody can be asked, and nothing is known.
  explicit FrameLooks(AppearanceSource* source = nullptr) : source_(source) {}

  bool can_ask() const { return source_ != nullptr; }
  bool can_ask_about(int class_id) const { return source_ != nullptr && source_->tells_apart(class_id); }
  void ask(std::span<const infer::Detection> detections);
  bool was_asked(const infer::Detection& detection) const;
  /// Null where nobody was asked, or nobody could tell.
  const infer::Embedding* of(const infer::Detection& detection) const;

 private:
  using Answer = std::pair<infer::Detection, infer::Embedding>;
  const Answer* find(const infer::Detection& detection) const;

  AppearanceSource* source_;
  std::vector<Answer> answers_;
};

/// What an object has looked like, with more weight on what was seen of late: the exponential mean of what it was shown
/// (Wojke et al., "Deep SORT", ICIP 2017, keeps a gallery; Du et al., "StrongSORT", 2022, its mean). A value.
class Looks {
 public:
  void take(const infer::Embedding& seen, media::MediaTime time);
  bool known() const { return !mean_.values.empty(); }
  /// When it took something last; none before.
  std::optional<media::MediaTime> taken() const { return taken_; }
  /// The cosine, −1…1; 0 where nothing is known.
  float likeness(const infer::Embedding& other) const { return infer::cosine(mean_, other); }

 private:
  infer::Embedding mean_;  // of length 1
  std::optional<media::MediaTime> taken_;
};

}  // namespace ocelli::track
