#pragma once

#include <string>
#include <vector>

#include "base/metrics.h"
#include "media/decoder.h"
#include "media/timeline.h"

namespace ocelli::engine {

/// The Prometheus counters of one camera. Thread-safe.
struct StreamMetrics {
  StreamMetrics(base::Metrics& metrics, const std::string& camera);

  /// Adds what the timeline of a connection has counted since `counted`, which becomes `now`.
  void count_repairs(const media::TimelineCounters& now, media::TimelineCounters& counted);

  base::Counter frames_decoded;
  base::Counter frames_analysed;
  base::Counter frames_dropped;
  base::Counter frames_left_out;
  base::Counter packets_dropped;
  base::Counter packets_left_out;
  base::Counter interruptions;
  base::Gauge frame_bytes;
  media::Decoder::Counters decoder;
  std::vector<base::Counter> repairs;  ///< in the order of the kinds in the source
};

}  // namespace ocelli::engine
