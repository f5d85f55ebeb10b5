#include "media/demux_profile.h"

#include <array>

namespace ocelli::media {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kKilo = 1'000;
constexpr std::int64_t kMega = 1'000 * kKilo;

struct Row {
  Container container;
  DemuxProfile profile;
};

constexpr std::array kProfiles{
    // The index may follow a large header, and edit lists need it whole.
    Row{Container::mp4, {"mov", 5 * kMega, seconds(5)}},
    // No parameters outside the frames, and interleaving of up to seconds.
    Row{Container::avi, {"avi", 2 * kMega, seconds(10)}},
    // Cameras announce audio that never comes; parameter sets come with the next key frame only.
    Row{Container::mpeg_ts, {"mpegts", 5 * kMega, seconds(5)}},
    Row{Container::mpeg_ps, {"mpeg", 5 * kMega, seconds(5)}},
    // The parameters stand in the header.
    Row{Container::matroska, {"matroska", 2 * kMega, seconds(5)}},
    // The header announces streams that need not come; the first tag of each carries its parameters.
    Row{Container::flv, {"flv", 1 * kMega, seconds(3)}},
    // Nothing but frames: as far as the next key frame.
    Row{Container::h264, {"h264", 2 * kMega, seconds(5)}},
    Row{Container::h265, {"hevc", 2 * kMega, seconds(5)}},
    Row{Container::ivf, {"ivf", 1 * kMega, seconds(3)}},
    Row{Container::asf, {"asf", 2 * kMega, seconds(5)}},
    Row{Container::ogg, {"ogg", 2 * kMega, seconds(5)}},
    // A photo is one packet and must fit: 32 MB are about 60 megapixels as JPEG.
    Row{Container::jpeg, {"jpeg_pipe", 32 * kMega, seconds(5)}},
    Row{Container::png, {"png_pipe", 32 * kMega, seconds(5)}},
    Row{Container::gif, {"gif", 5 * kMega, seconds(5)}},
    // Live, and complete in each of its parts.
    Row{Container::multipart_jpeg, {"mpjpeg", 2 * kMega, seconds(3)}},
    // RTSP: the SDP has said nearly all before the first packet; a camera should be live quickly.
    Row{Container::sdp, {"sdp", 64 * kKilo, seconds(3)}},
};

// FFmpeg's own bounds.
constexpr DemuxProfile kUnknown{nullptr, 5 * kMega, seconds(5)};

}  // namespace

DemuxProfile demux_profile(Container container) {
  for (const auto& row : kProfiles) {
    if (row.container == container) return row.profile;
  }
  return kUnknown;
}

Container container_of_demuxer(std::string_view name) {
  // FFmpeg joins the names of a demuxer by commas.
  while (!name.empty()) {
    const std::string_view one = name.substr(0, name.find(','));
    if (one == "rtsp") return Container::sdp;
    for (const auto& row : kProfiles) {
      if (row.profile.demuxer == one) return row.container;
    }
    name.remove_prefix(one.size() < name.size() ? one.size() + 1 : name.size());
  }
  return Container::unknown;
}

}  // namespace ocelli::media
