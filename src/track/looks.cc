#include "track/looks.h"

#include <algorithm>

#include "base/check.h"

namespace ocelli::track {
namespace {

/// What stays of the mean when another look comes. StrongSORT keeps 0.9 from frame to frame; here looks are seconds
/// apart, and a person turns round in the meantime.
constexpr float kKept = 0.7F;

}  // namespace

void FrameLooks::ask(std::span<const infer::Detection> detections) {
  if (source_ == nullptr) return;
  std::vector<infer::Detection> wanted;
  for (const auto& detection : detections) {
    if (!was_asked(detection) && std::find(wanted.begin(), wanted.end(), detection) == wanted.end()) {
      wanted.push_back(detection);
    }
  }
  if (wanted.empty()) return;
  auto embeddings = source_->look(wanted);
  OC_CHECK(embeddings.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) answers_.emplace_back(wanted[i], std::move(embeddings[i]));
}

bool FrameLooks::was_asked(const infer::Detection& detection) const {
  return find(detection) != nullptr;
}

const infer::Embedding* FrameLooks::of(const infer::Detection& detection) const {
  const auto* answer = find(detection);
  return answer != nullptr && !answer->second.values.empty() ? &answer->second : nullptr;
}

const FrameLooks::Answer* FrameLooks::find(const infer::Detection& detection) const {
  const auto found =
      std::find_if(answers_.begin(), answers_.end(), [&](const auto& answer) { return answer.first == detection; });
  return found != answers_.end() ? &*found : nullptr;
}

void Looks::take(const infer::Embedding& seen, media::MediaTime time) {
  taken_ = time;
  if (mean_.values.size() != seen.values.size()) {
    mean_ = seen;  // the first, or another model's, with which nothing of before can be compared
    return;
  }
  std::vector<float> mixed(seen.values.size());
  std::transform(mean_.values.begin(), mean_.values.end(), seen.values.begin(), mixed.begin(),
                 [](float kept, float added) { return kKept * kept + (1 - kKept) * added; });
  // Opposite looks would cancel out; then what is new counts.
  auto mean = infer::normalise(mixed);
  if (mean) {
    mean_ = *std::move(mean);
  } else {
    mean_ = seen;
  }
}

}  // namespace ocelli::track
