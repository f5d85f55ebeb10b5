#pragma once

#include <string>

#include "base/metrics.h"
#include "media/decoder.h"

namespace ocelli::engine {

/// The Prometheus counters of one camera. Thread-safe.
struct StreamMetrics {
  StreamMetrics(base::Metrics& metrics, const std::string& camera);

  base::Counter frames_decoded;
  base::Counter frames_analysed;
  base::Counter frames_dropped;
  base::Counter packets_dropped;
  base::Counter packets_left_out;
  base::Counter interruptions;
  base::Gauge frame_bytes;
  media::Decoder::Counters decoder;
};

}  // namespace ocelli::engine
