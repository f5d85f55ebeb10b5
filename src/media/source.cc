#include "media/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "media/internal/ffmpeg.h"
#include "media/internal/packet_pool.h"

extern "C" {
#include <libavutil/parseutils.h>
}

namespace ocelli::media {

namespace {

using base::Code;
using base::Error;
using internal::ffmpeg_error;

// A file must not make us open the network, and a URL no local file.
constexpr const char* kFileProtocols = "file,crypto,data";
constexpr const char* kNetworkProtocols = "http,https,httpproxy,rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto,data";
// Playlists name other files: one that is called video.mp4 could show somebody else's recordings.
constexpr std::array<std::string_view, 5> kPlaylists{"hls", "dash", "concat", "imf", "sdp"};
// About 16384 x 4096: beyond any camera. A forged header may not make us allocate more.
constexpr std::int64_t kMostPixels = 1LL << 26;
// Damaged places in a row that a file may have before it is given up.
constexpr int kMostReadErrors = 64;
// A hundred years in nanoseconds: stamps beyond are damage, and arithmetic on them would overflow.
constexpr std::int64_t kMostMediaTime = 100LL * 365 * 24 * 3600 * 1'000'000'000;

bool has_prefix(const std::string& text, std::string_view prefix) {
  return text.starts_with(prefix);
}

bool is_rtsp(const std::string& url) {
  return has_prefix(url, "rtsp://") || has_prefix(url, "rtsps://");
}

bool is_network(const std::string& url) {
  return is_rtsp(url) || has_prefix(url, "http://") || has_prefix(url, "https://");
}

/// `url` is neither known as an address nor meant as a path.
bool has_unknown_scheme(const std::string& url) {
  const auto scheme = url.find("://");
  return scheme != std::string::npos && url.find('/') > scheme && !is_network(url);
}

/// What FFmpeg would only call "Invalid data" or "Is a directory".
base::Status check_local_file(const std::string& path) {
  struct stat entry{};
  if (stat(path.c_str(), &entry) != 0) {
    const Code code = errno == ENOENT || errno == ENOTDIR ? Code::not_found : Code::unavailable;
    return Error(code, "cannot open " + path + ": " + std::strerror(errno));
  }
  if (S_ISDIR(entry.st_mode)) return Error(Code::invalid, path + " is a folder; name a video file in it");
  if (!S_ISREG(entry.st_mode)) return Error(Code::unsupported, path + " is no regular file; copy the video to one");
  if (entry.st_size == 0) {
    return Error(Code::corrupt, path + " is empty (0 bytes); was the recording or the copy interrupted?");
  }
  return {};
}

bool is_playlist(const AVInputFormat& format) {
  return std::find(kPlaylists.begin(), kPlaylists.end(), std::string_view(format.name)) != kPlaylists.end();
}

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
  if (av_parse_time(&microseconds, text.c_str(), 0) < 0 || microseconds <= 0) return std::nullopt;
  return base::WallTime(std::chrono::microseconds(microseconds));
}

/// Ends blocking calls inside FFmpeg at a deadline or a stop request.
class Interrupt {
 public:
  Interrupt(base::Clock& clock, std::stop_token stop) : clock_(clock), stop_(std::move(stop)) {}

  void arm(std::chrono::milliseconds timeout) {
    timeout_ = timeout;
    deadline_ = clock_.now() + timeout;
  }
  std::chrono::milliseconds timeout() const { return timeout_; }
  bool stopped() const { return stop_.stop_requested(); }
  bool expired() const { return clock_.now() >= deadline_; }
  static int callback(void* self) {
    const auto* interrupt = static_cast<const Interrupt*>(self);
    return interrupt->stopped() || interrupt->expired() ? 1 : 0;
  }

 private:
  base::Clock& clock_;
  std::stop_token stop_;
  std::chrono::milliseconds timeout_{};
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
      : config_(config), clock_(clock), shown_url_(redact_url(config.url)), interrupt_(clock, std::move(stop)) {}

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
  bool may_go_on_after(int number) const;
  Error end_of_input(int number) const;
  std::int64_t to_media_time(std::int64_t timestamp) const;

  const SourceConfig config_;
  base::Clock& clock_;
  const std::string shown_url_;
  Interrupt interrupt_;
  InputPtr input_;
  AVStream* stream_ = nullptr;  // owned by input_
  StreamInfo info_;
  const std::shared_ptr<PacketPool> packets_ = std::make_shared<PacketPool>();
  std::int64_t packets_read_ = 0;
  std::int64_t expected_packets_ = 0;
  bool sought_ = false;
  std::int64_t first_timestamp_ = AV_NOPTS_VALUE;  // in the stream's time base; zero of the MediaTime axis
};

base::Status FfmpegSource::open() {
  if (has_unknown_scheme(config_.url)) {
    return Error(Code::unsupported,
                 "cannot open " + shown_url_ + ": addresses begin with rtsp://, rtsps://, http:// or https://");
  }
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
  if (!network && is_playlist(*context->iformat)) {
    return Error(Code::unsupported, shown_url_ + " is a playlist, not a video; name the videos themselves");
  }
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
  const AVCodecParameters& parameters = *stream_->codecpar;
  if (std::int64_t{parameters.width} * parameters.height > kMostPixels) {
    return Error(Code::unsupported, shown_url_ + " claims a picture of " + std::to_string(parameters.width) + "x" +
                                        std::to_string(parameters.height) + " pixels, more than any camera has");
  }
  for (unsigned int i = 0; i < input_->nb_streams; ++i) {
    if (static_cast<int>(i) != index) input_->streams[i]->discard = AVDISCARD_ALL;
  }
  return {};
}

void FfmpegSource::describe_stream() {
  const AVCodecParameters& parameters = *stream_->codecpar;
  info_.container = input_->iformat->name;
  info_.codec = avcodec_get_name(parameters.codec_id);
  info_.nal_format =
      nal_format(info_.codec, {parameters.extradata, static_cast<std::size_t>(parameters.extradata_size)});
  info_.width = parameters.width;
  info_.height = parameters.height;
  const AVRational rate = av_guess_frame_rate(input_.get(), stream_, nullptr);
  if (rate.num > 0 && rate.den > 0) info_.frames_per_second = av_q2d(rate);
  // What comes over the network and has no end is a camera.
  info_.live = is_rtsp(config_.url) || (is_network(config_.url) && input_->duration <= 0);
  if (input_->duration > 0 && !info_.live) info_.duration = std::chrono::microseconds(input_->duration);
  if (stream_->nb_frames > 0) info_.frame_count = static_cast<std::uint64_t>(stream_->nb_frames);
  if (const auto* entry = av_dict_get(input_->metadata, "creation_time", nullptr, 0); entry != nullptr) {
    info_.recording_start = parse_creation_time(entry->value);
  }
  expected_packets_ = avformat_index_get_entries_count(stream_);
  if (!info_.live) first_timestamp_ = stream_->start_time;
}

Error FfmpegSource::explain(int number, const std::string& what) const {
  if (interrupt_.stopped()) return Error(Code::cancelled, what + ": stopped");
  if (interrupt_.expired() || number == AVERROR(ETIMEDOUT)) {
    return Error(Code::timeout, what + ": no answer within " + std::to_string(interrupt_.timeout().count() / 1000) +
                                    " s; check address, port and firewall");
  }
  if (number == AVERROR_HTTP_UNAUTHORIZED || number == AVERROR_HTTP_FORBIDDEN) {
    return Error(Code::invalid, what + ": user name or password refused");
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
  const std::int64_t time =
      av_rescale_q(av_sat_sub64(timestamp, first_timestamp_), stream_->time_base, internal::kMediaTimeBase);
  return time < -kMostMediaTime || time > kMostMediaTime ? AV_NOPTS_VALUE : time;
}

base::Result<Packet> FfmpegSource::read() {
  internal::AvPacketPtr packet = internal::take_packet(packets_);
  if (!packet) return Error(Code::exhausted, "out of memory");
  interrupt_.arm(config_.read_timeout);  // once: a camera that only sends sound must not be waited for
  int errors = 0;
  do {
    av_packet_unref(packet.get());
    const int result = av_read_frame(input_.get(), packet.get());
    if (result < 0 && (!may_go_on_after(result) || ++errors > kMostReadErrors)) return end_of_input(result);
    if (result < 0) packet->stream_index = -1;
  } while (packet->stream_index != stream_->index);

  if (first_timestamp_ == AV_NOPTS_VALUE) first_timestamp_ = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  packet->pts = to_media_time(packet->pts);
  packet->dts = to_media_time(packet->dts);
  packet->time_base = internal::kMediaTimeBase;
  const std::int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  ++packets_read_;
  const MediaTime media_time{std::chrono::nanoseconds(time == AV_NOPTS_VALUE ? 0 : time)};
  const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
  return Packet(std::move(packet), media_time, is_key, clock_.now());
}

/// A demuxer that met damage in a file may find its way behind it when asked again.
bool FfmpegSource::may_go_on_after(int number) const {
  return !info_.live && number != AVERROR_EOF && number != AVERROR_EXIT && !interrupt_.stopped() &&
         !interrupt_.expired();
}

Error FfmpegSource::end_of_input(int number) const {
  // MP4 lists its samples at the start or end, so a file that lost its middle or tail shows here and nowhere else. The
  // demuxer's index, unlike the frame count of the header, leaves out what an edit list cuts away.
  const bool counted = number == AVERROR_EOF && !sought_ && has_prefix(info_.container, "mov,");
  if (counted && packets_read_ < expected_packets_) {
    return Error(Code::corrupt, shown_url_ + " is cut off: " + std::to_string(packets_read_) + " of " +
                                    std::to_string(expected_packets_) +
                                    " frames are there; copy it again if you have the original");
  }
  return explain(number, "cannot read " + shown_url_);
}

base::Status FfmpegSource::seek(MediaTime time) {
  // Without a known start, the first packet after the jump would become zero.
  if (first_timestamp_ == AV_NOPTS_VALUE) return Error(Code::unsupported, shown_url_ + " has no times to seek by");
  sought_ = true;
  const std::int64_t target =
      first_timestamp_ + av_rescale_q(time.time_since_epoch().count(), internal::kMediaTimeBase, stream_->time_base);
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
  std::string shown = url;
  // Up to the last '@', since a password may itself hold '/', '?' or '@'. Hiding a part of the path is the smaller
  // harm.
  const auto authority = scheme + 3;
  const auto at = shown.rfind('@');
  if (at != std::string::npos && at >= authority) shown.replace(authority, at - authority, "***");
  // Queries carry passwords and tokens too.
  const auto query = shown.find('?', authority);
  if (query != std::string::npos) shown.replace(query, std::string::npos, "?***");
  return shown;
}

}  // namespace ocelli::media
