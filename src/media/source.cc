#include "media/source.h"

#include <sys/stat.h>
#include <utility>

#include "media/internal/demux_source.h"
#include "media/internal/ffmpeg.h"
#include "media/internal/image_folder.h"

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;

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
  internal::tame_ffmpeg();
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
  internal::tame_ffmpeg();
  return demux(std::move(reader), config, clock, std::move(stop));
}

}  // namespace ocelli::media
