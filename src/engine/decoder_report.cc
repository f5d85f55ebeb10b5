#include "engine/decoder_report.h"

namespace ocelli::engine {

base::Gauge DecoderReport::gauge(media::DecodeDevice device) const {
  return metrics_.gauge("ocelli_decoder_hardware", "1 while pictures are decoded by this hardware; 0 for software",
                        {{"camera", camera_}, {"device", std::string(media::decode_device_name(device))}});
}

void DecoderReport::tell(const media::DecodeUse& use) {
  {
    const base::MutexLock lock(mutex_);
    if (last_ == use) return;
    if (last_) gauge(last_->device).set(0);
    gauge(use.device).set(use.device == media::DecodeDevice::software ? 0 : 1);
    last_ = use;
  }
  const auto device = media::decode_device_name(use.device);
  if (use.fell_back) {
    logger_.warn("hardware decoding ended, software goes on", {{"reason", use.reason}});
  } else if (use.reason.empty()) {
    logger_.info("decoder chosen", {{"device", device}});
  } else {
    logger_.info("decoder chosen", {{"device", device}, {"no_hardware_because", use.reason}});
  }
}

}  // namespace ocelli::engine
