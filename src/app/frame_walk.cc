#include "app/frame_walk.h"

#include "engine/frame_gate.h"
#include "media/address.h"
#include "media/frame_reader.h"

namespace ocelli::app {

base::Result<std::size_t> walk_frames(const std::string& input, const FrameRange& range, base::Clock& clock,
                                      const std::stop_token& stop,
                                      const std::function<base::Status(const media::Frame&)>& use) {
  OC_TRY(const auto reader, media::FrameReader::open({input}, clock, stop));
  engine::FrameGate gate(range.max_fps.value_or(0));
  std::size_t used = 0;
  bool decoded = false;
  while (true) {
    if (stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
    const auto frame = reader->next();
    if (!frame && frame.error().code() != base::Code::end_of_stream) return frame.error();
    if (!frame) break;
    decoded = true;
    const auto time = (*frame)->time();
    if (range.from && time < *range.from) continue;
    if (range.to && time > *range.to) break;
    if (!gate.admit(time)) continue;
    OC_TRY_STATUS(use(**frame));
    ++used;
  }
  if (!decoded) {
    return base::Error(base::Code::corrupt, "no picture of " + media::redact_url(input) + " can be decoded");
  }
  return used;
}

}  // namespace ocelli::app
