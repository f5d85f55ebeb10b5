// Any bytes as configuration, stamps and arrivals of a stream: dts must increase, pts be unique and not before dts, and
// every packet come out once.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/check.h"
#include "media/timeline.h"

namespace {

using std::chrono::nanoseconds;

/// Takes values off the front of the input; zeros when it is used up.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }
  template <typename Value>
  Value take() {
    Value value{};
    const std::size_t taken = std::min(sizeof(Value), size_);
    std::memcpy(&value, data_, taken);
    data_ += taken;
    size_ -= taken;
    return value;
  }
  /// Most stamps near the last one, in milliseconds; some anywhere.
  std::optional<nanoseconds> stamp(std::int64_t& last) {
    const auto kind = take<std::uint8_t>();
    if (kind < 20) return std::nullopt;
    if (kind < 40) return nanoseconds(last = take<std::int64_t>());
    std::int64_t next = 0;
    if (!__builtin_add_overflow(last, std::int64_t{take<std::int8_t>()} * 1'000'000, &next)) last = next;
    return nanoseconds(last);
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ocelli;
  Bytes bytes(data, size);
  std::int64_t last_pts = 0;
  std::int64_t last_dts = 0;
  std::int64_t arrived = 0;
  media::TimelineConfig config;
  const auto settings = bytes.take<std::uint8_t>();
  config.source = (settings & 1U) != 0 ? media::SourceKind::live : media::SourceKind::file;
  config.nominal_interval = bytes.stamp(last_pts);
  config.wrap_period = (settings & 2U) != 0 ? std::optional(media::kRtpWrapPeriod) : bytes.stamp(last_pts);
  config.reorder_depth = static_cast<int>(bytes.take<std::uint8_t>()) - 64;

  media::Timeline timeline(config);
  std::vector<media::TimedPacket> out;
  std::uint64_t pushed = 0;
  while (!bytes.empty()) {
    const auto flags = bytes.take<std::uint8_t>();
    media::PacketStamp stamp;
    stamp.id = pushed++;
    stamp.is_key = (flags & 1U) != 0;
    if ((flags & 2U) != 0) stamp.is_reference = (flags & 4U) != 0;
    stamp.follows_loss = (flags & 24U) == 24U;
    stamp.pts = bytes.stamp(last_pts);
    if ((settings & 4U) != 0) stamp.dts = bytes.stamp(last_dts);
    stamp.arrived = base::SteadyTime(bytes.stamp(arrived).value_or(nanoseconds(0)));
    timeline.push(stamp, out);
    if (const auto due = timeline.deadline(); due && (flags & 32U) != 0) timeline.expire(*due, out);
    if (flags == 255) timeline.flush(out);
  }
  timeline.flush(out);

  std::vector<std::uint64_t> ids;
  std::vector<media::MediaTime> times;
  for (std::size_t i = 0; i < out.size(); ++i) {
    OC_CHECK(i == 0 || out[i].dts > out[i - 1].dts);
    OC_CHECK(out[i].pts >= out[i].dts);
    times.push_back(out[i].pts);
    if (out[i].quality != media::TimeQuality::placeholder) ids.push_back(out[i].id);
  }
  std::sort(times.begin(), times.end());
  OC_CHECK(std::adjacent_find(times.begin(), times.end()) == times.end());
  std::sort(ids.begin(), ids.end());
  OC_CHECK(ids.size() == pushed && std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  return 0;
}
