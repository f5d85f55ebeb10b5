#include "engine/stream_metrics.h"

namespace ocelli::engine {

StreamMetrics::StreamMetrics(base::Metrics& metrics, const std::string& camera) {
  const auto counter = [&](const std::string& name, const std::string& help) {
    return metrics.counter(name, help, {{"camera", camera}});
  };
  frames_decoded = counter("ocelli_frames_decoded_total", "Frames decoded");
  frames_analysed = counter("ocelli_frames_analysed_total", "Frames that went through detector, tracker and rules");
  frames_dropped = counter("ocelli_frames_dropped_total", "Decoded frames dropped by overload: too late, or no room");
  packets_dropped = counter("ocelli_packets_dropped_total", "Packets dropped by overload, up to the next key frame");
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
}

}  // namespace ocelli::engine
