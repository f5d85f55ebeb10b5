#include "media/source.h"

#include <cmath>
#include <cstring>
#include <sys/stat.h>
#include <utility>

#include "media/internal/ffmpeg.h"

extern "C" {
#include <libavutil/parseutils.h>
}

namespace ocelli::media {

void Packet::Deleter::operator()(AVPacket* packet) const {
  av_packet_free(&packet);
}

namespace {

using base::Code;
using base::Error;
using internal::ffmpeg_error;

// A file must not make us open other files or the network (playlists can name both), and a URL no local file.
constexpr const char* kFileProtocols = "file,crypto,data";
constexpr const char* kNetworkProtocols = "http,https,httpproxy,rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto,data";

bool has_prefix(const std::string& text, std::string_view prefix) {
  return text.starts_with(prefix);
}

bool is_rtsp(const std::string& url) {
  return has_prefix(url, "rtsp://") || has_prefix(url, "rtsps://");
}

bool is_network(const std::string& url) {
  return is_rtsp(url) || has_prefix(url, "http://") || has_prefix(url, "https://");
}

/// What FFmpeg would only call "Invalid data" or "Is a directory".
base::Status check_local_file(const std::string& path) {
  struct stat entry{};
  if (stat(path.c_str(), &entry) != 0) {
    const Code code = errno == ENOENT || errno == ENOTDIR ? Code::not_found : Code::unavailable;
    return Error(code, "cannot open " + path + ": " + std::strerror(errno));
  }
  if (S_ISDIR(entry.st_mode)) return Error(Code::invalid, path + " is a folder; name a video file in it");
  if (S_ISREG(entry.st_mode) && entry.st_size == 0) {
    return Error(Code::corrupt, path + " is empty (0 bytes); was the recording or the copy interrupted?");
  }
  return {};
}

/// Ends blocking calls inside FFmpeg at a deadline or a stop request.
class Interrupt {
 public:
  Interrupt(base::Clock& clock, std::stop_token stop) : clock_(clock), stop_(std::move(stop)) {}

  void arm(std::chrono::milliseconds timeout) { deadline_ = clock_.now() + timeout; }
  bool stopped() const { return stop_.stop_requested(); }
  bool expired() const { return clock_.now() >= deadline_; }
  static int callback(void* self) {
    const auto* interrupt = static_cast<const Interrupt*>(self);
    return interrupt->stopped() || interrupt->expired() ? 1 : 0;
  }

 private:
  base::Clock& clock_;
  std::stop_token stop_;
  base::SteadyTime deadline_;
};

struct CloseInput {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
using InputPtr = std::unique_ptr<AVFormatContext, CloseInput>;

struct FreeDictionary {
  AVDictionary* entries = nullptr;
  ~FreeDictionary() { av_dict_free(&entries); }
};

class FfmpegSource final : public Source {
 public:
  FfmpegSource(const SourceConfig& config, base::Clock& clock, std::stop_token stop)
      : config_(config), shown_url_(redact_url(config.url)), interrupt_(clock, std::move(stop)) {}

  base::Status open();

  const StreamInfo& info() const override { return info_; }
  base::Result<Packet> read() override;
  base::Status seek(MediaTime time) override;
  const AVCodecParameters& codec_parameters() const override { return *stream_->codecpar; }

 private:
  base::Status open_input();
  base::Status choose_stream();
  void describe_stream();
  Error explain(int number, const std::string& what) const;
  Error end_of_input(int number) const;
  std::int64_t to_media_time(std::int64_t timestamp) const;

  const SourceConfig config_;
  const std::string shown_url_;
  Interrupt interrupt_;
  InputPtr input_;
  AVStream* stream_ = nullptr;  // owned by input_
  StreamInfo info_;
  std::uint64_t packets_read_ = 0;
  bool sought_ = false;
  std::int64_t first_timestamp_ = AV_NOPTS_VALUE;  // in the stream's time base; zero of the MediaTime axis
};

base::Status FfmpegSource::open() {
  if (!is_network(config_.url)) OC_TRY_STATUS(check_local_file(config_.url));
  OC_TRY_STATUS(open_input());
  OC_TRY_STATUS(choose_stream());
  describe_stream();
  return {};
}

base::Status FfmpegSource::open_input() {
  const bool network = is_network(config_.url);
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return Error(Code::exhausted, "out of memory");
  context->interrupt_callback = {&Interrupt::callback, &interrupt_};
  FreeDictionary options;
  av_dict_set(&options.entries, "protocol_whitelist", network ? kNetworkProtocols : kFileProtocols, 0);
  if (is_rtsp(config_.url)) {
    av_dict_set(&options.entries, "rtsp_transport", "tcp", 0);
    av_dict_set(&options.entries, "allowed_media_types", "video", 0);
  }
  interrupt_.arm(config_.timeout);
  const std::string url = network ? config_.url : "file:" + config_.url;
  // On failure FFmpeg frees the context itself.
  if (const int result = avformat_open_input(&context, url.c_str(), nullptr, &options.entries); result < 0) {
    return explain(result, "cannot open " + shown_url_);
  }
  input_.reset(context);
  if (const int result = avformat_find_stream_info(context, nullptr); result < 0) {
    return explain(result, "cannot understand " + shown_url_);
  }
  return {};
}

base::Status FfmpegSource::choose_stream() {
  const int index = av_find_best_stream(input_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  const bool text_as_video = index >= 0 && input_->streams[index]->codecpar->codec_id == AV_CODEC_ID_ANSI;
  if (index < 0 || text_as_video) {
    return Error(Code::unsupported, shown_url_ + " holds no video (container: " + input_->iformat->name + ")");
  }
  stream_ = input_->streams[index];
  for (unsigned int i = 0; i < input_->nb_streams; ++i) {
    if (static_cast<int>(i) != index) input_->streams[i]->discard = AVDISCARD_ALL;
  }
  return {};
}

void FfmpegSource::describe_stream() {
  const AVCodecParameters& parameters = *stream_->codecpar;
  info_.container = input_->iformat->name;
  info_.codec = avcodec_get_name(parameters.codec_id);
  info_.width = parameters.width;
  info_.height = parameters.height;
  const AVRational rate = av_guess_frame_rate(input_.get(), stream_, nullptr);
  if (rate.num > 0 && rate.den > 0) info_.frames_per_second = av_q2d(rate);
  info_.live = is_rtsp(config_.url);
  if (input_->duration > 0 && !info_.live) info_.duration = std::chrono::microseconds(input_->duration);
  if (stream_->nb_frames > 0) info_.frame_count = static_cast<std::uint64_t>(stream_->nb_frames);
  std::int64_t created_us = 0;
  if (av_dict_get(input_->metadata, "creation_time", nullptr, 0) != nullptr) {
    const char* text = av_dict_get(input_->metadata, "creation_time", nullptr, 0)->value;
    if (av_parse_time(&created_us, text, 0) >= 0 && created_us > 0) {
      info_.recording_start = base::WallTime(std::chrono::microseconds(created_us));
    }
  }
  if (!info_.live) first_timestamp_ = stream_->start_time;
}

Error FfmpegSource::explain(int number, const std::string& what) const {
  if (interrupt_.stopped()) return Error(Code::cancelled, what + ": stopped");
  if (interrupt_.expired() || number == AVERROR(ETIMEDOUT)) {
    return Error(Code::timeout, what + ": no answer within " + std::to_string(config_.timeout.count() / 1000) +
                                    " s; check address, port and firewall");
  }
  if (number == AVERROR_HTTP_UNAUTHORIZED || number == AVERROR_HTTP_FORBIDDEN) {
    return Error(Code::unavailable, what + ": user name or password refused");
  }
  if (number == AVERROR(ECONNREFUSED)) {
    return Error(Code::unavailable, what + ": connection refused; is the camera or server running on that port?");
  }
  if (number == AVERROR(EIO) && is_network(config_.url)) {
    return Error(Code::unavailable, what + ": host unknown or unreachable; check the name and the network");
  }
  Error error = ffmpeg_error(number, what);
  if (error.code() == Code::corrupt && !is_network(config_.url)) {
    return Error(Code::corrupt, what + ": this is no video file, or it is damaged beyond its header");
  }
  return error;
}

std::int64_t FfmpegSource::to_media_time(std::int64_t timestamp) const {
  if (timestamp == AV_NOPTS_VALUE) return AV_NOPTS_VALUE;
  return av_rescale_q(timestamp - first_timestamp_, stream_->time_base, internal::kMediaTimeBase);
}

base::Result<Packet> FfmpegSource::read() {
  std::unique_ptr<AVPacket, Packet::Deleter> packet(av_packet_alloc());
  if (!packet) return Error(Code::exhausted, "out of memory");
  do {
    av_packet_unref(packet.get());
    interrupt_.arm(config_.timeout);
    if (const int result = av_read_frame(input_.get(), packet.get()); result < 0) return end_of_input(result);
  } while (packet->stream_index != stream_->index);

  if (first_timestamp_ == AV_NOPTS_VALUE) first_timestamp_ = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  packet->pts = to_media_time(packet->pts);
  packet->dts = to_media_time(packet->dts);
  packet->time_base = internal::kMediaTimeBase;
  const std::int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  ++packets_read_;
  const MediaTime media_time{std::chrono::nanoseconds(time == AV_NOPTS_VALUE ? 0 : time)};
  const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
  return Packet(std::move(packet), media_time, is_key);
}

Error FfmpegSource::end_of_input(int number) const {
  // MP4 counts its samples in the header, so a file that lost its tail shows here and nowhere else.
  const bool counted = info_.frame_count && !sought_ && has_prefix(info_.container, "mov,");
  if (counted && packets_read_ < *info_.frame_count && !interrupt_.stopped()) {
    return Error(Code::corrupt, shown_url_ + " is cut off: " + std::to_string(packets_read_) + " of " +
                                    std::to_string(*info_.frame_count) +
                                    " frames are there; copy it again if you have the original");
  }
  return explain(number, "cannot read " + shown_url_);
}

base::Status FfmpegSource::seek(MediaTime time) {
  sought_ = true;
  const std::int64_t origin = first_timestamp_ == AV_NOPTS_VALUE ? 0 : first_timestamp_;
  const std::int64_t target =
      origin + av_rescale_q(time.time_since_epoch().count(), internal::kMediaTimeBase, stream_->time_base);
  interrupt_.arm(config_.timeout);
  if (const int result = av_seek_frame(input_.get(), stream_->index, target, AVSEEK_FLAG_BACKWARD); result < 0) {
    return explain(result, "cannot seek in " + shown_url_);
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Source>> Source::open(const SourceConfig& config, base::Clock& clock,
                                                   std::stop_token stop) {
  av_log_set_level(AV_LOG_QUIET);  // what went wrong is in our own errors and counters
  auto source = std::make_unique<FfmpegSource>(config, clock, std::move(stop));
  OC_TRY_STATUS(source->open());
  return std::unique_ptr<Source>(std::move(source));
}

std::string redact_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto authority = scheme + 3;
  const auto authority_end = std::min(url.find_first_of("/?#", authority), url.size());
  const auto at = url.rfind('@', authority_end);
  if (at == std::string::npos || at < authority) return url;
  return url.substr(0, authority) + "***@" + url.substr(at + 1);
}

}  // namespace ocelli::media
