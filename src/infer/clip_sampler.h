#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "media/frame.h"

namespace ocelli::infer {

/// Pictures of one clip that were taken for something, so that another sample can do without them.
struct ClipSample {
  std::string clip;                   ///< path as it was given
  std::string sha256;                 ///< of the file, which may have another name next time
  std::vector<std::uint64_t> frames;  ///< FrameInfo::sequence, ascending
  bool operator==(const ClipSample&) const = default;
};

struct ClipSamplerConfig {
  std::vector<std::string> clips;  ///< video files and photos
  int frames = 64;                 ///< of all clips together; fewer where the clips hold fewer
  std::vector<ClipSample> avoid;   ///< pictures that are not to be taken again
};

/// Takes pictures evenly over clips: each clip gives the same number, short ones what they have. The same clips give
/// the same pictures. Damaged pictures are passed over. One thread at a time.
class ClipSampler {
 public:
  /// Reads through the clips once, to know their length. Fails as media::Source::open(); `unsupported` for what cannot
  /// be read twice (cameras).
  static base::Result<ClipSampler> create(ClipSamplerConfig config, base::Clock& clock, const std::stop_token& stop);

  /// How many pictures run() is going to take at most.
  int planned_frames() const;
  /// Decodes the clips and calls `use` for each picture, which ends the run when it fails. Returns what was taken;
  /// `corrupt` when that is nothing.
  base::Result<std::vector<ClipSample>> run(const std::function<base::Status(const media::Frame&)>& use,
                                            const std::stop_token& stop);

 private:
  struct Clip {
    std::string path;
    std::string sha256;
    std::uint64_t frame_count = 0;
    std::uint64_t share = 0;  ///< frames to take
  };
  ClipSampler(ClipSamplerConfig config, base::Clock& clock) : config_(std::move(config)), clock_(&clock) {}
  void share_out();
  base::Result<ClipSample> sample(const Clip& clip, const std::function<base::Status(const media::Frame&)>& use,
                                  const std::stop_token& stop) const;

  ClipSamplerConfig config_;
  base::Clock* clock_;
  std::vector<Clip> clips_;
};

}  // namespace ocelli::infer
