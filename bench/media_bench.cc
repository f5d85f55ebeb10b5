// What ocelli's way from file to frame costs beside FFmpeg's own programs, by processor time, in turns, medians.
//
//   media_bench [ROUNDS] CLIP…      (5; streams at once: as many as clips, at least 8)
//
// decode   frames a processor second: our sources, gates and decoders for many streams on the worker pool, against the
//          `ffmpeg` command that decodes the same files one after the other (-threads 1 -f null -). 1 is as good as it.
// demux    processor time of reading packets through our source and gate, against libavformat's own loop of
//          av_read_frame over the same files. 1 would be free.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <spawn.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <vector>

extern "C" {
#include <libavformat/avformat.h>
}

#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "media/decoder.h"
#include "media/packet_gate.h"
#include "media/source.h"

extern char** environ;

namespace {

namespace base = ocelli::base;
namespace media = ocelli::media;

constexpr int kLeastStreams = 8;
constexpr std::size_t kFramesAlive = 4;
constexpr int kDemuxRepeats = 20;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// Processor seconds that the `ffmpeg` command takes for a file; negative when there is no such command.
double ffmpeg_seconds(const std::string& path) {
  std::vector<std::string> words = {"ffmpeg", "-nostdin", "-v",    "error", "-threads", "1", "-i",
                                    path,     "-map",     "0:v:0", "-f",    "null",     "-"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, "ffmpeg", nullptr, nullptr, arguments.data(), environ) != 0) return -1;
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || status != 0) return -1;
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Reads and decodes one file, a packet a step.
class FileDecoding {
 public:
  FileDecoding(const std::string& path, base::Executor& workers, base::Clock& clock)
      : pool_(kFramesAlive),
        source_(std::move(*media::Source::open({path}, clock, {}))),
        decoder_(std::move(*media::Decoder::create(*source_, {}, pool_, clock, {}))),
        strand_(workers, [this] { return step(); }) {
    gate_.begin(source_->info().nal_format);
    strand_.wake();
  }

  void wait() {
    const base::MutexLock lock(mutex_);
    over_.wait(mutex_, {}, [this]() OC_REQUIRES(mutex_) { return ended_; });
  }
  int frames() const { return frames_; }

 private:
  base::StepOutcome step() {
    auto packet = source_->read();
    if (packet && gate_.admit(*packet) == media::GateVerdict::leave_out) return base::StepOutcome::again;
    const base::Status sent = packet ? decoder_->send(*packet) : decoder_->drain();
    static_cast<void>(sent);  // damaged packets are the ffmpeg command's problem too
    while (decoder_->receive()) ++frames_;
    if (packet) return base::StepOutcome::again;
    {
      const base::MutexLock lock(mutex_);
      ended_ = true;
    }
    over_.notify_all();
    return base::StepOutcome::idle;
  }

  media::FramePool pool_;
  std::unique_ptr<media::Source> source_;
  std::unique_ptr<media::Decoder> decoder_;
  media::PacketGate gate_{{}};
  int frames_ = 0;
  base::Mutex mutex_;
  base::CondVar over_;
  bool ended_ OC_GUARDED_BY(mutex_) = false;
  base::Strand strand_;
};

struct Decoded {
  double processor_s = 0;
  int frames = 0;
};

Decoded decode_all(const std::vector<std::string>& paths) {
  base::SystemClock clock;
  base::Executor workers("worker", 2);
  const double begin = processor_seconds();
  std::vector<std::unique_ptr<FileDecoding>> streams;
  for (const std::string& path : paths) streams.push_back(std::make_unique<FileDecoding>(path, workers, clock));
  Decoded result;
  for (const auto& stream : streams) {
    stream->wait();
    result.frames += stream->frames();
  }
  result.processor_s = processor_seconds() - begin;
  return result;
}

double demux_with_ocelli(const std::string& path, std::uint64_t& packets) {
  base::SystemClock clock;
  const auto source = std::move(*media::Source::open({path}, clock, {}));
  media::PacketGate gate({});
  gate.begin(source->info().nal_format);
  double total = 0;
  for (int repeat = 0; repeat < kDemuxRepeats; ++repeat) {
    const double begin = processor_seconds();
    while (const auto packet = source->read()) packets += gate.admit(*packet) == media::GateVerdict::pass ? 1 : 0;
    total += processor_seconds() - begin;
    static_cast<void>(source->seek(media::MediaTime{}));
  }
  return total;
}

double demux_with_libavformat(const std::string& path, std::uint64_t& packets) {
  AVFormatContext* context = nullptr;
  if (avformat_open_input(&context, path.c_str(), nullptr, nullptr) < 0) return 0;
  avformat_find_stream_info(context, nullptr);
  const int video = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  for (unsigned int i = 0; i < context->nb_streams; ++i) {
    if (static_cast<int>(i) != video) context->streams[i]->discard = AVDISCARD_ALL;
  }
  AVPacket* packet = av_packet_alloc();
  double total = 0;
  for (int repeat = 0; repeat < kDemuxRepeats; ++repeat) {
    const double begin = processor_seconds();
    while (av_read_frame(context, packet) >= 0) {
      packets += packet->stream_index == video ? 1 : 0;
      av_packet_unref(packet);
    }
    total += processor_seconds() - begin;
    av_seek_frame(context, video, context->streams[video]->start_time, AVSEEK_FLAG_BACKWARD);
  }
  av_packet_free(&packet);
  avformat_close_input(&context);
  return total;
}

void bench_decoding(const std::vector<std::string>& paths, int rounds) {
  std::vector<std::string> streams;
  while (streams.empty() || static_cast<int>(streams.size()) < kLeastStreams) {
    streams.insert(streams.end(), paths.begin(), paths.end());
  }
  std::vector<double> ratios;
  Decoded ours;
  double theirs = 0;
  for (int round = 0; round < rounds; ++round) {
    ours = decode_all(streams);
    theirs = 0;
    for (const std::string& path : streams) theirs += ffmpeg_seconds(path);
    ratios.push_back(theirs / ours.processor_s);
  }
  std::printf(
      "decode  %zu streams, %d frames: ocelli %.1f frames/s of a core, ffmpeg %.1f; ocelli/ffmpeg %.3f (median of "
      "%d)\n",
      streams.size(), ours.frames, ours.frames / ours.processor_s, ours.frames / theirs, median(ratios), rounds);
}

void bench_demuxing(const std::vector<std::string>& paths, int rounds) {
  for (const std::string& path : paths) {
    std::vector<double> ratios;
    std::uint64_t ours_packets = 0;
    std::uint64_t theirs_packets = 0;
    double ours = 0;
    for (int round = 0; round < 2 * rounds + 1; ++round) {
      ours_packets = theirs_packets = 0;
      ours = demux_with_ocelli(path, ours_packets);
      ratios.push_back(ours / demux_with_libavformat(path, theirs_packets));
    }
    const std::string name = path.substr(path.find_last_of('/') + 1);
    std::printf("demux   %-36s %7.2f us a packet; ocelli/libavformat %.3f%s\n", name.c_str(),
                ours * 1e6 / static_cast<double>(ours_packets), median(ratios),
                ours_packets == theirs_packets ? "" : "  (other packets!)");
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::span<char*> arguments = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
  int rounds = 5;
  if (!arguments.empty() && std::atoi(arguments.front()) > 0) {
    rounds = std::atoi(arguments.front());
    arguments = arguments.subspan(1);
  }
  const std::vector<std::string> paths(arguments.begin(), arguments.end());
  if (paths.empty()) {
    std::fprintf(stderr, "usage: media_bench [ROUNDS] CLIP…\n");
    return 2;
  }
  base::SystemClock clock;
  for (const std::string& path : paths) {
    if (const auto source = media::Source::open({path}, clock, {}); !source) {
      std::fprintf(stderr, "media_bench: %s\n", source.error().message().c_str());
      return 1;
    }
    if (ffmpeg_seconds(path) < 0) {
      std::fprintf(stderr, "media_bench: the ffmpeg command is missing or cannot decode %s\n", path.c_str());
      return 1;
    }
  }
  bench_decoding(paths, rounds);
  bench_demuxing(paths, rounds);
}
