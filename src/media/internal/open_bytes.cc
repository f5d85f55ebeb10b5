#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "media/demux_profile.h"
#include "media/internal/avi_index.h"
#include "media/internal/open_input.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

/// Enough for three packets of a transport stream at any offset.
constexpr std::size_t kHeadBytes = 1024;
static_assert(kHeadBytes >= kFingerprintBytes);

/// The first bytes; afterwards `reader` gives them again.
base::Result<std::vector<std::uint8_t>> read_head(std::unique_ptr<ByteReader>& reader, const Opening& opening) {
  std::vector<std::uint8_t> head(kHeadBytes);
  std::size_t filled = 0;
  // A slow pipe is not waited for longer than it takes to decide.
  while (filled < kFingerprintBytes) {
    auto count = reader->read(std::span(head).subspan(filled), opening.interrupt.remaining(), opening.interrupt.stop());
    if (!count && count.error().code() == Code::end_of_stream) break;
    if (!count) return count.error();
    filled += *count;
  }
  head.resize(filled);
  if (reader->size()) {
    OC_TRY_STATUS(reader->seek(0));
  } else {
    reader = std::make_unique<PrefixedReader>(head, std::move(reader));
  }
  return head;
}

/// Bytes that came to us open nothing else: no second file, no network.
int refuse_to_open(AVFormatContext* /*context*/, AVIOContext** /*into*/, const char* /*url*/, int /*flags*/,
                   AVDictionary** /*options*/) {
  return AVERROR(EPERM);
}

/// Only the ending, for FFmpeg's own probe: in a whole name it would look for patterns such as %03d.
std::string name_for_probe(const std::string& path) {
  const auto dot = path.rfind('.');
  const bool plain = dot != std::string::npos &&
                     path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
                                            dot + 1) == std::string::npos;
  return plain ? "input" + path.substr(dot) : "input";
}

class BytesOpener {
 public:
  BytesOpener(const Opening& opening, std::vector<std::uint8_t> head)
      : opening_(opening), head_(std::move(head)), container_(fingerprint(head_)) {}

  base::Result<OpenInput> open(std::unique_ptr<ByteReader> reader) {
    if (container_ == Container::sdp) return refuse_session();
    OpenInput input;
    const bool can_seek = reader->size().has_value();
    if (!can_seek && container_ == Container::mp4 && mp4_layout(head_) == Mp4Layout::index_last) {
      return Error(Code::unsupported, "cannot open " + opening_.shown +
                                          ": it is an MP4 with its index at the end, where a pipe cannot go first; "
                                          "give the file itself, or write it with -movflags +faststart");
    }
    if (container_ == Container::avi && can_seek) {
      OC_TRY(auto checked, with_sound_index(std::move(reader), opening_.interrupt));
      reader = std::move(checked.reader);
      input.index_rebuilt = checked.rebuilt;
    }
    OC_TRY(input.avio, Avio::create(std::move(reader), opening_.interrupt));
    const AVInputFormat* format = nullptr;
    if (const char* name = demux_profile(container_).demuxer; name != nullptr) format = av_find_input_format(name);
    base::Status status = open_as(input, format);
    // What looks like one thing may be another: FFmpeg's probe has the last word, where the bytes can be read again.
    if (!status && format != nullptr && can_seek && is_about_content(status.error())) {
      if (avio_seek(input.avio->context(), 0, SEEK_SET) == 0 && open_as(input, nullptr)) status = {};
    }
    if (!status) return std::move(status).error();
    return input;
  }

 private:
  static bool is_about_content(const Error& error) {
    return error.code() == Code::corrupt || error.code() == Code::unsupported || error.code() == Code::invalid;
  }

  Error refuse_session() const {
    const RtpProfile profile = sdp_video_profile({reinterpret_cast<const char*>(head_.data()), head_.size()});
    return Error(Code::unsupported, opening_.shown + " describes an RTP session" +
                                        (profile == RtpProfile::savp ? " (encrypted, RTP/SAVP)" : "") +
                                        ", like a playlist, and holds no video; give the rtsp:// address instead");
  }

  base::Status open_as(OpenInput& input, const AVInputFormat* format) {
    AVIOContext* bytes = input.avio->context();
    const std::string name = name_for_probe(opening_.config.url);
    if (format == nullptr) {
      const int score = av_probe_input_buffer2(bytes, &format, name.c_str(), nullptr, 0, 0);
      if (score < 0) return explain_content(score, *input.avio, nullptr);
      if (is_playlist(*format)) {
        return Error(Code::unsupported, opening_.shown + " is a playlist, not a video; name the videos themselves");
      }
    }
    input.container = container_of_demuxer(format->name);
    input.context = make_context(opening_);
    if (!input.context) return Error(Code::exhausted, "out of memory");
    input.context->pb = bytes;
    input.context->io_open = &refuse_to_open;
    apply_profile(*input.context, input.container, opening_.config);
    Options options;
    options.set("protocol_whitelist", "none");
    int result = open_context(input.context, name, format, options);
    if (result >= 0) result = avformat_find_stream_info(input.context.get(), nullptr);
    if (result < 0) return explain_content(result, *input.avio, format);
    if (input.context->nb_streams == 0) return explain_content(AVERROR_INVALIDDATA, *input.avio, format);
    return {};
  }

  /// What it looked like, and what was wrong with it.
  Error explain_content(int number, const Avio& avio, const AVInputFormat* format) const {
    const std::string what = "cannot open " + opening_.shown;
    if (avio.failure()) return Error(avio.failure()->code(), what + ": " + avio.failure()->message());
    // Memory hardly ever runs out, but a length that is a lie asks for more than anybody gets: see Source::open().
    const bool about_content = number == AVERROR_INVALIDDATA || number == AVERROR_EOF || number == AVERROR(EPERM) ||
                               number == AVERROR(EINVAL) || number == AVERROR(EIO) || number == AVERROR(ENOMEM);
    if (opening_.interrupt.stopped() || opening_.interrupt.expired() || !about_content) {
      return explain(number, what, opening_);
    }
    if (container_ == Container::mp4 && mp4_layout(head_) == Mp4Layout::index_last) {
      return Error(
          Code::corrupt,
          what + ": it looks like MP4, but its index (moov) is missing or damaged: was the recording cut off?");
    }
    if (container_ != Container::unknown) {
      return Error(Code::corrupt, what + ": it looks like " + std::string(container_name(container_)) +
                                      ", but is damaged beyond its header, or cut off");
    }
    return Error(Code::corrupt, what + ": this is no video file, or it is damaged beyond its header" +
                                    (format != nullptr ? std::string(" (taken for ") + format->name + ")" : ""));
  }

  const Opening& opening_;
  const std::vector<std::uint8_t> head_;
  const Container container_;
};

}  // namespace

base::Result<OpenInput> open_bytes(std::unique_ptr<ByteReader> reader, const Opening& opening) {
  auto head = read_head(reader, opening);
  if (!head) return std::move(head).error().with_context("cannot open " + opening.shown);
  if (head->empty()) return Error(Code::corrupt, opening.shown + " is empty (0 bytes)");
  return BytesOpener(opening, *std::move(head)).open(std::move(reader));
}

}  // namespace ocelli::media::internal
