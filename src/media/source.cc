#include "media/source.h"

#include <sys/stat.h>
#include <utility>

#include "media/internal/demux_source.h"
#include "media/internal/image_folder.h"

extern "C" {
#include <libavutil/mem.h>
}

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;

// The largest picture that we decode, of 2^26 pixels, at 8 bytes a pixel and with what goes around it.
constexpr std::size_t kMostBytesInOneBlock = 600'000'000;

/// For the whole process. FFmpeg writes addresses with their passwords into its log: what went wrong is in our own
/// errors and counters. (The decoder may listen to that log; it writes nothing either.) And it asks for as much memory
/// as a length in a file says, up to 2 GB: where memory is limited, a forged one would end the program.
void tame_ffmpeg() {
  av_log_set_level(AV_LOG_QUIET);
  av_max_alloc(kMostBytesInOneBlock);
}

base::Result<std::unique_ptr<Source>> demux(std::unique_ptr<ByteReader> reader, const SourceConfig& config,
                                            base::Clock& clock, std::stop_token stop) {
  auto source = std::make_unique<internal::DemuxSource>(config, clock, std::move(stop));
  OC_TRY_STATUS(source->open(std::move(reader)));
  return std::unique_ptr<Source>(std::move(source));
}

bool is_folder(const std::string& path) {
  struct stat entry{};
  return stat(path.c_str(), &entry) == 0 && S_ISDIR(entry.st_mode);
}

}  // namespace

base::Result<std::unique_ptr<Source>> Source::open(const SourceConfig& config, base::Clock& clock,
                                                   std::stop_token stop) {
  tame_ffmpeg();
  switch (address_kind(config.url)) {
    case AddressKind::http:
    case AddressKind::rtsp:
    case AddressKind::camera:
      return demux(nullptr, config, clock, std::move(stop));
    case AddressKind::unknown:
      return Error(Code::unsupported, "cannot open " + redact_url(config.url) +
                                          ": addresses begin with rtsp://, rtsps://, http:// or https://");
    case AddressKind::path:
      break;
  }
  if (is_folder(config.url)) return internal::open_image_folder(config, clock);
  OC_TRY(auto reader, open_byte_reader(config.url));
  return demux(std::move(reader), config, clock, std::move(stop));
}

base::Result<std::unique_ptr<Source>> Source::open(std::unique_ptr<ByteReader> reader, const SourceConfig& config,
                                                   base::Clock& clock, std::stop_token stop) {
  tame_ffmpeg();
  return demux(std::move(reader), config, clock, std::move(stop));
}

}  // namespace ocelli::media
