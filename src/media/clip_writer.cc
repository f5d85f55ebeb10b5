#include "media/clip_writer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "media/internal/ffmpeg.h"
#include "media/internal/parameter_sets.h"

extern "C" {
#include <libavutil/mem.h>
}

namespace ocelli::media {
namespace {

using base::Code;
using base::Error;
using internal::ffmpeg_error;
using internal::OutputPtr;
using internal::OwnedPacketPtr;

constexpr double kFallbackFramesPerSecond = 25;
constexpr const char* kLongestFragmentMicroseconds = "2000000";

struct FreeDictionary {
  AVDictionary* entries = nullptr;
  ~FreeDictionary() { av_dict_free(&entries); }
};

/// FFmpeg would put others into MP4 as well (MJPEG, say), but no player expects them there.
bool belongs_in_mp4(AVCodecID codec) {
  return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_AV1 ||
         codec == AV_CODEC_ID_VP9 || codec == AV_CODEC_ID_MPEG4;
}

bool holds(const char* container, AVCodecID codec) {
  const AVOutputFormat* format = av_guess_format(container, nullptr, nullptr);
  return format != nullptr && avformat_query_codec(format, codec, FF_COMPLIANCE_NORMAL) == 1;
}

class PacketClipWriter final : public ClipWriter {
 public:
  PacketClipWriter(std::string path, const ClipFormat& format)
      : path_(std::move(path)),
        format_(format),
        sets_finder_(internal::ParameterSetFinder::create(format.parameters())) {}

  base::Status write(const Packet& packet) override;
  base::Status finish() override;
  std::uint64_t bytes_written() const override {
    return output_ && output_->pb != nullptr
               ? static_cast<std::uint64_t>(std::max<std::int64_t>(avio_tell(output_->pb), 0))
               : bytes_at_end_;
  }
  std::chrono::nanoseconds duration() const override { return std::chrono::nanoseconds(newest_end_); }

 private:
  base::Status open(const AVPacket& first);
  base::Status describe(const AVPacket& first, AVCodecParameters& parameters);
  base::Status check_parameters(const Packet& packet);
  bool set_times(const AVPacket& from);
  Error cannot_write(int number) const {
    Error error = ffmpeg_error(number, "cannot write " + path_);
    if (error.code() == Code::exhausted) return Error(Code::exhausted, error.message() + "; free some disk space");
    return error;
  }

  const std::string path_;
  const ClipFormat format_;
  OutputPtr output_;
  OwnedPacketPtr packet_{av_packet_alloc()};
  AVStream* stream_ = nullptr;                                 // owned by output_
  std::unique_ptr<internal::ParameterSetFinder> sets_finder_;  // null where packets hold none
  std::optional<std::vector<std::uint8_t>> sets_;
  std::int64_t origin_ = 0;                    // presentation time of the first key frame, ns
  std::int64_t last_dts_ns_ = AV_NOPTS_VALUE;  // as the source gave it
  std::int64_t last_dts_ = AV_NOPTS_VALUE;     // as written
  std::int64_t newest_end_ = 0;                // ns since origin_
  std::uint64_t bytes_at_end_ = 0;
};

/// Parameter sets of the first packet outweigh those of the connection: the camera may have changed them since.
base::Status PacketClipWriter::describe(const AVPacket& first, AVCodecParameters& parameters) {
  if (const int result = avcodec_parameters_copy(&parameters, &format_.parameters()); result < 0) {
    return cannot_write(result);
  }
  // Tags are the source container's own; Apple's players know H.265 in MP4 only by this one.
  const bool is_hevc_mp4 = parameters.codec_id == AV_CODEC_ID_HEVC && format_.extension() == "mp4";
  parameters.codec_tag = is_hevc_mp4 ? MKTAG('h', 'v', 'c', '1') : 0;
  if (sets_finder_) sets_ = sets_finder_->find(first);
  if (!sets_) return {};
  if (const auto size = internal::picture_size(first, parameters.codec_id)) {
    parameters.width = size->width;
    parameters.height = size->height;
  }
  auto* extradata = static_cast<std::uint8_t*>(av_mallocz(sets_->size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (extradata == nullptr) return Error(Code::exhausted, "out of memory");
  std::copy(sets_->begin(), sets_->end(), extradata);
  av_free(parameters.extradata);
  parameters.extradata = extradata;
  parameters.extradata_size = static_cast<int>(sets_->size());
  return {};
}

base::Status PacketClipWriter::open(const AVPacket& first) {
  if (!packet_) return Error(Code::exhausted, "out of memory");
  const bool is_mp4 = format_.extension() == "mp4";
  AVFormatContext* context = nullptr;
  if (const int result = avformat_alloc_output_context2(&context, nullptr, is_mp4 ? "mp4" : "matroska", path_.c_str());
      result < 0) {
    return cannot_write(result);
  }
  output_.reset(context);
  stream_ = avformat_new_stream(context, nullptr);
  if (stream_ == nullptr) return Error(Code::exhausted, "out of memory");
  OC_TRY_STATUS(describe(first, *stream_->codecpar));
  stream_->time_base = {1, 90'000};
  stream_->avg_frame_rate = av_d2q(1e9 / static_cast<double>(format_.frame_interval().count()), 65'535);
  context->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;  // an edit list keeps the first picture at zero
  if (const int result = avio_open(&context->pb, ("file:" + path_).c_str(), AVIO_FLAG_WRITE); result < 0) {
    return cannot_write(result);
  }
  context->flush_packets = 1;  // a fragment that is complete is on its way to the disk; it comes in one piece anyway
  FreeDictionary options;
  if (is_mp4) {
    // The index of the first fragment waits for its packets, since only they tell how far pictures are reordered.
    av_dict_set(&options.entries, "movflags", "frag_keyframe+delay_moov+default_base_moof", 0);
    av_dict_set(&options.entries, "frag_duration", kLongestFragmentMicroseconds, 0);
  }
  if (const int result = avformat_write_header(context, &options.entries); result < 0) return cannot_write(result);
  return {};
}

base::Status PacketClipWriter::check_parameters(const Packet& packet) {
  const Error changed(Code::end_of_stream, "the codec's parameters changed");
  std::size_t size = 0;
  const std::uint8_t* data = av_packet_get_side_data(packet.native(), AV_PKT_DATA_NEW_EXTRADATA, &size);
  const AVCodecParameters& known = *stream_->codecpar;
  if (data != nullptr && !std::equal(data, data + size, known.extradata, known.extradata + known.extradata_size)) {
    return changed;
  }
  if (!packet.is_key() || !sets_finder_) return {};
  auto sets = sets_finder_->find(*packet.native());
  if (!sets) return {};
  if (sets_ && *sets != *sets_) return changed;
  sets_ = std::move(sets);
  return {};
}

/// Into packet_, in the file's time base. False for a picture that lies before the clip's first.
bool PacketClipWriter::set_times(const AVPacket& from) {
  std::int64_t dts = from.dts;
  std::int64_t pts = from.pts;
  const bool is_first = last_dts_ns_ == AV_NOPTS_VALUE;
  if (dts == AV_NOPTS_VALUE) {
    const std::int64_t next = is_first ? pts : last_dts_ns_ + format_.frame_interval().count();
    dts = pts == AV_NOPTS_VALUE ? next : std::min(pts, next);
    if (dts == AV_NOPTS_VALUE) dts = 0;
  }
  if (pts == AV_NOPTS_VALUE) pts = dts;
  if (is_first) origin_ = pts;
  if (pts < origin_) return false;
  last_dts_ns_ = dts;
  packet_->dts = av_rescale_q(dts - origin_, internal::kMediaTimeBase, stream_->time_base);
  packet_->pts = av_rescale_q(pts - origin_, internal::kMediaTimeBase, stream_->time_base);
  if (last_dts_ != AV_NOPTS_VALUE) packet_->dts = std::max(packet_->dts, last_dts_ + 1);
  packet_->pts = std::max(packet_->pts, packet_->dts);
  packet_->duration = av_rescale_q(format_.frame_interval().count(), internal::kMediaTimeBase, stream_->time_base);
  last_dts_ = packet_->dts;
  newest_end_ = std::max(newest_end_, pts - origin_ + format_.frame_interval().count());
  return true;
}

base::Status PacketClipWriter::write(const Packet& packet) {
  if (!output_) {
    if (!packet.is_key()) return Error(Code::invalid, "a clip begins with a key frame");
    OC_TRY_STATUS(open(*packet.native()));
  } else {
    OC_TRY_STATUS(check_parameters(packet));
  }
  av_packet_unref(packet_.get());
  if (const int result = av_packet_ref(packet_.get(), packet.native()); result < 0) return cannot_write(result);
  if (!set_times(*packet.native())) return {};
  packet_->stream_index = stream_->index;
  packet_->time_base = stream_->time_base;
  packet_->pos = -1;
  const int result = av_write_frame(output_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (result < 0) return cannot_write(result);
  if (output_->pb->error < 0) return cannot_write(output_->pb->error);
  return {};
}

base::Status PacketClipWriter::finish() {
  if (!output_) return Error(Code::invalid, "the clip holds no picture");
  if (const int result = av_write_trailer(output_.get()); result < 0) return cannot_write(result);
  bytes_at_end_ = bytes_written();
  if (const int result = avio_closep(&output_->pb); result < 0) return cannot_write(result);
  return {};
}

}  // namespace

base::Result<ClipFormat> ClipFormat::of(const Source& source) {
  const AVCodecParameters& original = source.codec_parameters();
  if (!belongs_in_mp4(original.codec_id) && !holds("matroska", original.codec_id)) {
    return Error(Code::unsupported,
                 "clips cannot hold the codec " + source.info().codec + "; set the camera to H.264 or H.265");
  }
  std::shared_ptr<AVCodecParameters> copy(avcodec_parameters_alloc(),
                                          [](AVCodecParameters* parameters) { avcodec_parameters_free(&parameters); });
  if (!copy || avcodec_parameters_copy(copy.get(), &original) < 0) return Error(Code::exhausted, "out of memory");
  const double rate = source.info().frames_per_second;
  const auto interval = static_cast<std::int64_t>(1e9 / (rate > 0 ? rate : kFallbackFramesPerSecond));
  return ClipFormat(std::move(copy), std::chrono::nanoseconds(std::max<std::int64_t>(interval, 1)));
}

std::string_view ClipFormat::extension() const {
  return belongs_in_mp4(parameters_->codec_id) ? "mp4" : "mkv";
}

std::unique_ptr<ClipWriter> ClipWriter::create(const std::string& path, const ClipFormat& format) {
  return std::make_unique<PacketClipWriter>(path, format);
}

}  // namespace ocelli::media
