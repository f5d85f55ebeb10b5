#include "media/internal/demux_source.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

extern "C" {
#include <libavutil/parseutils.h>
}

namespace ocelli::media {

namespace internal {
namespace {

using base::Code;
using base::Error;

// About 16384 x 4096: beyond any camera. A forged header may not make us allocate more.
constexpr std::int64_t kMostPixels = 1LL << 26;
// Damaged places in a row that a file may have before it is given up.
constexpr int kMostReadErrors = 64;
// A hundred years in nanoseconds: stamps beyond are damage, and arithmetic on them would overflow.
constexpr std::int64_t kMostMediaTime = 100LL * 365 * 24 * 3600 * 1'000'000'000;
// The year 2200, in microseconds: nanoseconds in 64 bits end in 2262.
constexpr std::int64_t kMostWallTime = 230LL * 365 * 24 * 3600 * 1'000'000;

/// "2024-05-06T07:08:09Z", as containers write it. Anything without a date would depend on today, anything without a
/// zone on the machine: the one is ignored, the other taken as UTC.
std::optional<base::WallTime> parse_creation_time(std::string text) {
  constexpr std::size_t kDateAndTime = std::string_view("2024-05-06T07:08:09").size();
  const auto is_digit = [&](std::size_t place) { return std::isdigit(static_cast<unsigned char>(text[place])) != 0; };
  if (text.size() < kDateAndTime || !is_digit(0) || !is_digit(3) || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const bool has_zone = text.back() == 'Z' || text.find_first_of("+-", kDateAndTime) != std::string::npos;
  if (!has_zone) text += 'Z';
  std::int64_t microseconds = 0;
  if (av_parse_time(&microseconds, text.c_str(), 0) < 0) return std::nullopt;
  if (microseconds <= 0 || microseconds > kMostWallTime) return std::nullopt;
  return base::WallTime(std::chrono::microseconds(microseconds));
}

base::Result<OpenInput> open_input(std::unique_ptr<ByteReader> reader, const Opening& opening) {
  if (reader) return open_bytes(std::move(reader), opening);
  switch (address_kind(opening.config.url)) {
    case AddressKind::camera:
      return open_camera(opening);
    case AddressKind::rtsp:
      return open_rtsp(opening);
    default:
      return open_http(opening);
  }
}

}  // namespace

base::Status DemuxSource::open(std::unique_ptr<ByteReader> reader) {
  const bool from_bytes = reader != nullptr;
  interrupt_.arm(config_.timeout);
  OC_TRY(input_, open_input(std::move(reader), opening_));
  info_.reopening = input_.reopening.value_or(interrupt_.elapsed());
  OC_TRY_STATUS(choose_stream());
  // What comes over the network or from a device and has no end is a camera.
  info_.live = !from_bytes && (input_.transport || input_.context->duration <= 0);
  describe_stream();
  return {};
}

base::Status DemuxSource::choose_stream() {
  AVFormatContext& context = *input_.context;
  const int index = av_find_best_stream(&context, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  const bool text_as_video = index >= 0 && context.streams[index]->codecpar->codec_id == AV_CODEC_ID_ANSI;
  if (index < 0 || text_as_video) {
    return Error(Code::unsupported, opening_.shown + " holds no video (container: " + context.iformat->name + ")");
  }
  stream_ = context.streams[index];
  const AVCodecParameters& parameters = *stream_->codecpar;
  if (std::int64_t{parameters.width} * parameters.height > kMostPixels) {
    return Error(Code::unsupported, opening_.shown + " claims a picture of " + std::to_string(parameters.width) + "x" +
                                        std::to_string(parameters.height) + " pixels, more than any camera has");
  }
  for (unsigned int i = 0; i < context.nb_streams; ++i) {
    if (static_cast<int>(i) != index) context.streams[i]->discard = AVDISCARD_ALL;
  }
  return {};
}

void DemuxSource::describe_stream() {
  AVFormatContext& context = *input_.context;
  const AVCodecParameters& parameters = *stream_->codecpar;
  info_.container = context.iformat->name;
  info_.codec = avcodec_get_name(parameters.codec_id);
  info_.nal_format =
      nal_format(info_.codec, {parameters.extradata, static_cast<std::size_t>(parameters.extradata_size)});
  info_.width = parameters.width;
  info_.height = parameters.height;
  const AVRational rate = av_guess_frame_rate(&context, stream_, nullptr);
  if (rate.num > 0 && rate.den > 0) info_.frames_per_second = av_q2d(rate);
  const bool has_duration = context.duration > 0 && context.duration < kMostMediaTime / 1000;
  if (has_duration && !info_.live) info_.duration = std::chrono::microseconds(context.duration);
  if (stream_->nb_frames > 0) info_.frame_count = static_cast<std::uint64_t>(stream_->nb_frames);
  if (const auto* entry = av_dict_get(context.metadata, "creation_time", nullptr, 0); entry != nullptr) {
    info_.recording_start = parse_creation_time(entry->value);
  }
  info_.reorder_depth = parameters.video_delay;
  if (input_.transport) info_.wrap_period = kRtpWrapPeriod;
  if (input_.container == Container::mpeg_ts) info_.wrap_period = kMpegTsWrapPeriod;
  info_.transport = input_.transport;
  info_.index_rebuilt = input_.index_rebuilt;
  expected_packets_ = avformat_index_get_entries_count(stream_);
  // Formats without time stamps get made-up ones of a made-up rate, which would drift away from a live camera.
  const bool has_no_times = input_.container == Container::multipart_jpeg || input_.container == Container::jpeg ||
                            input_.container == Container::h264 || input_.container == Container::h265;
  stamped_by_arrival_ = info_.live && has_no_times;
  if (stamped_by_arrival_) info_.frames_per_second = 0;
  if (!info_.live) first_timestamp_ = stream_->start_time;
}

std::int64_t DemuxSource::to_media_time(std::int64_t timestamp) const {
  if (timestamp == AV_NOPTS_VALUE) return AV_NOPTS_VALUE;
  const std::int64_t time = av_rescale_q(av_sat_sub64(timestamp, first_timestamp_), stream_->time_base, kMediaTimeBase);
  return time < -kMostMediaTime || time > kMostMediaTime ? AV_NOPTS_VALUE : time;
}

int DemuxSource::read_packet(AvPacketPtr& packet) {
  if (input_.first_packet) {
    packet = std::move(input_.first_packet);
    return 0;
  }
  if (input_.from_camera) return read_camera(*input_.context, *packet, interrupt_);
  return av_read_frame(input_.context.get(), packet.get());
}

base::Result<Packet> DemuxSource::read(base::SteadyTime deadline) {
  AvPacketPtr packet = take_packet(packets_);
  if (!packet) return Error(Code::exhausted, "out of memory");
  const base::SteadyTime asked = clock_.now();
  interrupt_.arm(config_.read_timeout, asked);  // once: a camera that only sends sound must not be waited for
  interrupt_.set_deadline(std::min(interrupt_.deadline(), deadline));
  int errors = 0;
  do {
    av_packet_unref(packet.get());
    const int result = read_packet(packet);
    if (result < 0 && (!may_go_on_after(result) || ++errors > kMostReadErrors)) return end_of_input(result);
    if (result < 0) packet->stream_index = -1;
  } while (packet->stream_index != stream_->index);
  // As MPEG-TS does: its reader marks the packet in which it noticed that bytes are missing.
  if (input_.rtp_notes && std::exchange(input_.rtp_notes->lost, false)) packet->flags |= AV_PKT_FLAG_CORRUPT;
  const base::SteadyTime arrived = info_.live ? clock_.now() : asked;  // a file's bytes were there all along
  stamp(*packet, arrived);
  ++packets_read_;
  const std::int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  const MediaTime media_time{std::chrono::nanoseconds(time == AV_NOPTS_VALUE ? 0 : time)};
  const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
  return Packet(std::move(packet), media_time, is_key, arrived);
}

/// A demuxer that met damage in a file may find its way behind it when asked again.
bool DemuxSource::may_go_on_after(int number) const {
  return !info_.live && number != AVERROR_EOF && number != AVERROR_EXIT && !interrupt_.stopped() &&
         !interrupt_.expired() && !(input_.avio && input_.avio->failure());
}

void DemuxSource::stamp(AVPacket& packet, base::SteadyTime arrived) {
  if (stamped_by_arrival_) {
    if (packets_read_ == 0) first_arrival_ = arrived;
    packet.pts = std::chrono::nanoseconds(arrived - first_arrival_).count();
    packet.dts = packet.pts;
  } else {
    if (first_timestamp_ == AV_NOPTS_VALUE) first_timestamp_ = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    packet.pts = to_media_time(packet.pts);
    packet.dts = to_media_time(packet.dts);
  }
  packet.time_base = kMediaTimeBase;
}

Error DemuxSource::end_of_input(int number) const {
  // MP4 lists its samples at the start or end, so a file that lost its middle or tail shows here and nowhere else. The
  // demuxer's index, unlike the frame count of the header, leaves out what an edit list cuts away.
  const bool counted = number == AVERROR_EOF && !sought_ && info_.container.starts_with("mov,");
  if (counted && packets_read_ < expected_packets_) {
    return Error(Code::corrupt, opening_.shown + " is cut off: " + std::to_string(packets_read_) + " of " +
                                    std::to_string(expected_packets_) +
                                    " frames are there; copy it again if you have the original");
  }
  const std::string what = "cannot read " + opening_.shown;
  if (input_.avio && input_.avio->failure() && number != AVERROR_EOF) {
    return Error(input_.avio->failure()->code(), what + ": " + input_.avio->failure()->message());
  }
  return input_.from_camera ? explain_camera(number, what, opening_) : explain(number, what, opening_);
}

base::Status DemuxSource::seek(MediaTime time) {
  // Without a known start, the first packet after the jump would become zero.
  const bool no_bytes_to_go_to = input_.avio && input_.avio->context()->seekable == 0;
  const bool has_no_past = input_.from_camera;
  if (first_timestamp_ == AV_NOPTS_VALUE || stamped_by_arrival_ || no_bytes_to_go_to || has_no_past) {
    return Error(Code::unsupported, opening_.shown + " has no times to seek by");
  }
  sought_ = true;
  input_.first_packet.reset();
  const std::int64_t target =
      av_sat_add64(first_timestamp_, av_rescale_q(time.time_since_epoch().count(), kMediaTimeBase, stream_->time_base));
  interrupt_.arm(config_.timeout);
  if (const int result = av_seek_frame(input_.context.get(), stream_->index, target, AVSEEK_FLAG_BACKWARD);
      result < 0) {
    return explain(result, "cannot seek in " + opening_.shown, opening_);
  }
  return {};
}

}  // namespace internal
}  // namespace ocelli::media
