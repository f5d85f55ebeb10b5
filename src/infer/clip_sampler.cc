#include "infer/clip_sampler.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <set>

#include "infer/model_store.h"
#include "media/frame_reader.h"
#include "media/source.h"

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;

/// Packets of video, which are as many as pictures or nearly so.
base::Result<std::uint64_t> count_pictures(const std::string& path, base::Clock& clock, const std::stop_token& stop) {
  OC_TRY(const auto source, media::Source::open({path}, clock, stop));
  if (source->info().live) {
    return Error(Code::unsupported, path + " is live and cannot be read twice: record a clip of it first");
  }
  std::uint64_t count = 0;
  while (true) {
    const auto packet = source->read();
    if (!packet && packet.error().code() == Code::cancelled) return packet.error();
    if (!packet) return count;  // a file that is cut has a usable beginning
    ++count;
  }
}

std::set<std::uint64_t> frames_to_avoid(const std::vector<ClipSample>& samples, const std::string& sha256) {
  std::set<std::uint64_t> frames;
  for (const auto& sample : samples) {
    if (sample.sha256 == sha256) frames.insert(sample.frames.begin(), sample.frames.end());
  }
  return frames;
}

}  // namespace

base::Result<ClipSampler> ClipSampler::create(ClipSamplerConfig config, base::Clock& clock,
                                              const std::stop_token& stop) {
  if (config.clips.empty() || config.frames < 1) return Error(Code::invalid, "no clip to take pictures from");
  ClipSampler sampler(std::move(config), clock);
  for (const auto& path : sampler.config_.clips) {
    Clip clip{path, {}, 0, 0};
    OC_TRY(clip.frame_count, count_pictures(path, clock, stop));
    OC_TRY(clip.sha256, sha256_of_file(path));
    sampler.clips_.push_back(std::move(clip));
  }
  sampler.share_out();
  return sampler;
}

// The shortest first: what they cannot give is left to the longer ones.
void ClipSampler::share_out() {
  std::vector<Clip*> by_length;
  for (auto& clip : clips_) by_length.push_back(&clip);
  std::stable_sort(by_length.begin(), by_length.end(),
                   [](const Clip* a, const Clip* b) { return a->frame_count < b->frame_count; });
  auto remaining = static_cast<std::uint64_t>(config_.frames);
  for (std::size_t i = 0; i < by_length.size(); ++i) {
    by_length[i]->share = std::min(by_length[i]->frame_count, remaining / (by_length.size() - i));
    remaining -= by_length[i]->share;
  }
}

int ClipSampler::planned_frames() const {
  return std::accumulate(clips_.begin(), clips_.end(), 0,
                         [](int sum, const Clip& clip) { return sum + static_cast<int>(clip.share); });
}

base::Result<ClipSample> ClipSampler::sample(const Clip& clip,
                                             const std::function<base::Status(const media::Frame&)>& use,
                                             const std::stop_token& stop) const {
  ClipSample sample{clip.path, clip.sha256, {}};
  const auto avoided = frames_to_avoid(config_.avoid, clip.sha256);
  OC_TRY(const auto reader, media::FrameReader::open({clip.path}, *clock_, stop));
  while (sample.frames.size() < clip.share) {
    if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
    const auto frame = reader->next();
    if (!frame && frame.error().code() == Code::cancelled) return frame.error();
    if (!frame) break;  // a file that is cut has a usable beginning
    const auto& info = (*frame)->info();
    // In the middle of the share-th part of the clip, or the next picture that will do.
    const auto due = (2 * sample.frames.size() + 1) * clip.frame_count / (2 * clip.share);
    if (info.sequence < due || info.quality != media::FrameQuality::good || avoided.contains(info.sequence)) continue;
    OC_TRY_STATUS(use(**frame));
    sample.frames.push_back(info.sequence);
  }
  return sample;
}

base::Result<std::vector<ClipSample>> ClipSampler::run(const std::function<base::Status(const media::Frame&)>& use,
                                                       const std::stop_token& stop) {
  std::vector<ClipSample> samples;
  for (const auto& clip : clips_) {
    if (clip.share == 0) continue;
    OC_TRY(auto sample, this->sample(clip, use, stop));
    if (!sample.frames.empty()) samples.push_back(std::move(sample));
  }
  if (samples.empty()) {
    return Error(Code::corrupt, "no picture of " + config_.clips.front() + " that has not been used can be decoded");
  }
  return samples;
}

}  // namespace ocelli::infer
