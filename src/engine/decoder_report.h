#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "media/hardware.h"

namespace ocelli::engine {

/// Tells where a camera is decoded, in `ocelli_decoder_hardware` and in the log: once, and again when it changes, not
/// with every connection. Thread-safe.
class DecoderReport {
 public:
  /// `metrics` outlives it.
  DecoderReport(base::Metrics& metrics, base::Logger logger, std::string camera)
      : metrics_(metrics), logger_(std::move(logger)), camera_(std::move(camera)) {}

  void tell(const media::DecodeUse& use) OC_EXCLUDES(mutex_);

 private:
  base::Gauge gauge(media::DecodeDevice device) const;

  base::Metrics& metrics_;
  const base::Logger logger_;
  const std::string camera_;
  base::Mutex mutex_;
  std::optional<media::DecodeUse> last_ OC_GUARDED_BY(mutex_);
};

}  // namespace ocelli::engine
