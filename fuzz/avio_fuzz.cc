// Bytes that claim to be a video, as from an upload, a pipe or a file: ByteReader, AVIO, the chosen demuxer, analysis,
// packets, a jump. The first byte says how they come.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "media/byte_reader.h"
#include "media/source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ocelli;
  using namespace ocelli::media;
  constexpr std::size_t kMostBytes = 256 * 1024;
  constexpr int kMostPackets = 50;
  if (size == 0 || size > kMostBytes) return 0;
  const bool can_seek = (data[0] & 1U) != 0;
  std::vector<std::uint8_t> bytes(data + 1, data + size);
  std::unique_ptr<ByteReader> reader = std::make_unique<MemoryReader>(std::move(bytes));
  if (!can_seek) reader = std::make_unique<PrefixedReader>(std::vector<std::uint8_t>(), std::move(reader));

  base::SystemClock clock;
  SourceConfig config;
  config.url = "bytes";
  config.timeout = std::chrono::seconds(2);
  config.read_timeout = std::chrono::seconds(1);
  auto source = Source::open(std::move(reader), config, clock, {});
  if (!source) {
    OC_CHECK(source.error().message().find('\n') == std::string::npos);
    return 0;
  }
  // What everybody who reads a source relies on.
  OC_CHECK(!(*source)->info().live);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kMostPackets; ++i) {
      const auto packet = (*source)->read();
      if (!packet) break;
      OC_CHECK(packet->native() != nullptr);
    }
    if (!(*source)->seek(from_seconds(0))) break;
  }
  return 0;
}
