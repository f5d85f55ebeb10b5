#include "engine/stream_metrics.h"

#include <array>
#include <cstddef>

namespace ocelli::engine {
namespace {

struct RepairKind {
  const char* name;
  std::uint64_t media::TimelineCounters::* count;
};
constexpr std::array kRepairKinds{
    RepairKind{"missing_time", &media::TimelineCounters::missing},
    RepairKind{"missing_pts", &media::TimelineCounters::missing_pts},
    RepairKind{"zero", &media::TimelineCounters::zero},
    RepairKind{"duplicate", &media::TimelineCounters::duplicate},
    RepairKind{"spike", &media::TimelineCounters::spikes},
    RepairKind{"wrap", &media::TimelineCounters::wraps},
    RepairKind{"step_back", &media::TimelineCounters::steps_back},
    RepairKind{"step_forward", &media::TimelineCounters::steps_forward},
    RepairKind{"smoothed", &media::TimelineCounters::smoothed},
    RepairKind{"reordered", &media::TimelineCounters::reordered},
    RepairKind{"late", &media::TimelineCounters::late},
    RepairKind{"pts_before_dts", &media::TimelineCounters::pts_before_dts},
    RepairKind{"collision", &media::TimelineCounters::collisions},
    RepairKind{"loss", &media::TimelineCounters::losses},
    RepairKind{"placeholder", &media::TimelineCounters::placeholders},
    RepairKind{"missing_head", &media::TimelineCounters::missing_heads},
};

}  // namespace

StreamMetrics::StreamMetrics(base::Metrics& metrics, const std::string& camera) {
  const auto counter = [&](const std::string& name, const std::string& help) {
    return metrics.counter(name, help, {{"camera", camera}});
  };
  frames_decoded = counter("ocelli_frames_decoded_total", "Frames decoded");
  frames_analysed = counter("ocelli_frames_analysed_total", "Frames that went through detector, tracker and rules");
  frames_dropped = counter("ocelli_frames_dropped_total", "Decoded frames dropped by overload: too late, or no room");
  frames_left_out =
      counter("ocelli_frames_left_out_damaged_total", "Decoded frames not analysed because an error had reached them");
  packets_dropped = counter("ocelli_packets_dropped_total", "Packets dropped by overload, up to the next key frame");
  for (const RepairKind& kind : kRepairKinds) {
    repairs.push_back(metrics.counter("ocelli_timeline_repairs_total",
                                      "Packets whose time was repaired, by what was wrong",
                                      {{"camera", camera}, {"kind", kind.name}}));
  }
  packets_left_out =
      counter("ocelli_packets_left_out_total", "Packets not decoded because nobody wanted their pictures");
  frame_bytes =
      metrics.gauge("ocelli_frame_bytes", "Bytes of decoded pictures alive, whoever holds them", {{"camera", camera}});
  interruptions = counter("ocelli_stream_interruptions_total", "Times the stream ended or failed and is opened again");
  decoder.corrupt = counter("ocelli_packets_corrupt_total", "Packets that the decoder refused or found errors in");
  decoder.converted =
      counter("ocelli_frames_converted_total", "Frames whose pixel format had to be converted, which costs a pass");
  decoder.refused = counter("ocelli_frames_refused_total", "Frames dropped because the camera's pool was dry");
  decoder.damaged = counter("ocelli_frames_damaged_total", "Frames with errors in them or in what they build on");
  decoder.fallbacks = counter("ocelli_decoder_fallbacks_total",
                              "Times hardware failed or did not take the stream, and software went on decoding");
}

void StreamMetrics::count_repairs(const media::TimelineCounters& now, media::TimelineCounters& counted) {
  for (std::size_t i = 0; i < kRepairKinds.size(); ++i) {
    const auto count = kRepairKinds[i].count;
    repairs[i].add(static_cast<double>(now.*count - counted.*count));
  }
  counted = now;
}

}  // namespace ocelli::engine
