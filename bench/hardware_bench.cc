// How many streams a decoding device carries, and what sharing its context is worth.
//
//   hardware_bench CLIP [DEVICE [STREAMS [SECONDS]]]      (cuda 100 10; a clip of 1080p; it is read again and again)
//
// Prints, for one context in all, one per worker and one per stream: frames decoded a second of all streams together,
// as they are and downloaded into memory, streams that fell back to software, and the memory of the device in use (of
// NVIDIA's only: no other API tells).

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "media/decoder.h"
#include "media/download.h"
#include "media/source.h"

namespace {

namespace base = ocelli::base;
namespace media = ocelli::media;
using Steady = std::chrono::steady_clock;

struct Options {
  std::string clip;
  media::DecodeDevice device = media::DecodeDevice::cuda;
  int streams = 100;
  double seconds = 10;
};

/// The memory of NVIDIA's first GPU, asked through the driver's own library, so that nothing of it is needed to build.
class GpuMemory {
 public:
  GpuMemory() : library_(dlopen("libcuda.so.1", RTLD_NOW)) {
    int device = 0;
    usable_ = library_ != nullptr && call<int(unsigned)>("cuInit", 0U) == 0 &&
              call<int(int*, int)>("cuDeviceGet", &device, 0) == 0 &&
              call<int(void**, int)>("cuDevicePrimaryCtxRetain", &context_, device) == 0;
  }

  /// MiB in use, by whomever.
  std::optional<double> used_mib() const {
    std::size_t free = 0;
    std::size_t total = 0;
    void* popped = nullptr;
    if (!usable_ || call<int(void*)>("cuCtxPushCurrent_v2", context_) != 0) return std::nullopt;
    const int result = call<int(std::size_t*, std::size_t*)>("cuMemGetInfo_v2", &free, &total);
    call<int(void**)>("cuCtxPopCurrent_v2", &popped);
    if (result != 0) return std::nullopt;
    return static_cast<double>(total - free) / (1 << 20);
  }

 private:
  template <class Function, class... Arguments>
  int call(const char* name, Arguments... arguments) const {
    auto* function = reinterpret_cast<Function*>(dlsym(library_, name));
    return function != nullptr ? function(arguments...) : -1;
  }

  void* library_;
  void* context_ = nullptr;
  bool usable_ = false;
};

/// One stream that plays the clip for ever.
class Player {
 public:
  Player(const Options& options, media::HardwareDevices& devices, base::Clock& clock)
      : options_(options), devices_(devices), clock_(clock) {}

  /// Opens the clip, or the end has come: opens it again.
  base::Status open() {
    decoder_.reset();
    OC_TRY(source_, media::Source::open({options_.clip}, clock_, {}));
    media::Decoder::Config config;
    config.device = options_.device;
    config.hardware = &devices_;
    config.on_use = [this](const media::DecodeUse& use) { use_ = use; };
    OC_TRY(decoder_, media::Decoder::create(*source_, config, pool_, clock_, {}));
    return {};
  }

  /// A packet and the frames that come with it: how many.
  base::Result<int> step(bool downloads) {
    auto packet = source_->read();
    if (!packet && packet.error().code() == base::Code::end_of_stream) {
      OC_TRY_STATUS(open());
      packet = source_->read();
    }
    if (!packet) return packet.error();
    OC_TRY_STATUS(decoder_->send(*packet));
    int frames = 0;
    while (auto frame = decoder_->receive()) {
      if (downloads) {
        OC_TRY(*frame, media::download(*frame, pool_, {}));
      }
      ++frames;
    }
    return frames;
  }

  const media::DecodeUse& use() const { return use_; }

 private:
  const Options& options_;
  media::HardwareDevices& devices_;
  base::Clock& clock_;
  media::FramePool pool_{16};
  std::unique_ptr<media::Source> source_;
  std::unique_ptr<media::Decoder> decoder_;
  media::DecodeUse use_;
};

struct Outcome {
  double frames_per_second = 0;
  int fell_back = 0;
  std::string first_reason;
  std::optional<double> memory_mib;
};

enum class Contexts { shared, per_worker, per_stream };

/// Streams on their threads, and the frames that they decode.
class Crowd {
 public:
  Crowd(const Options& options, Contexts contexts)
      : options_(options),
        contexts_(contexts),
        workers_(std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, options.streams)) {
    const int devices = contexts == Contexts::shared       ? 1
                        : contexts == Contexts::per_worker ? workers_
                                                           : options.streams;
    for (int i = 0; i < devices; ++i) devices_.push_back(std::make_unique<media::HardwareDevices>());
  }

  base::Status open() {
    for (int stream = 0; stream < options_.streams; ++stream) {
      players_.push_back(std::make_unique<Player>(options_, device_of(stream), clock_));
      OC_TRY_STATUS(players_.back()->open());
    }
    return {};
  }

  /// Frames a second. Each thread takes its share of the streams in turn.
  base::Result<double> play(bool downloads) {
    std::vector<std::jthread> threads;
    for (int worker = 0; worker < workers_; ++worker) {
      threads.emplace_back([this, worker, downloads](const std::stop_token& stop) { work(worker, downloads, stop); });
    }
    std::this_thread::sleep_for(std::chrono::seconds(2));  // until surfaces are allocated and clocks are up
    const long before = frames_;
    const auto begin = Steady::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(options_.seconds));
    const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    const long counted = frames_ - before;
    threads.clear();
    if (failed_) return base::Error(base::Code::unavailable, "a stream failed on the way");
    return static_cast<double>(counted) / seconds;
  }

  void count_falls(Outcome& outcome) const {
    for (const auto& player : players_) {
      if (player->use().device == options_.device) continue;
      ++outcome.fell_back;
      if (outcome.first_reason.empty()) outcome.first_reason = player->use().reason;
    }
  }

 private:
  media::HardwareDevices& device_of(int stream) {
    const int number = contexts_ == Contexts::shared       ? 0
                       : contexts_ == Contexts::per_worker ? stream % workers_
                                                           : stream;
    return *devices_[static_cast<std::size_t>(number)];
  }

  void work(int worker, bool downloads, const std::stop_token& stop) {
    while (!stop.stop_requested() && !failed_) {
      for (int stream = worker; stream < options_.streams && !stop.stop_requested(); stream += workers_) {
        const auto got = players_[static_cast<std::size_t>(stream)]->step(downloads);
        if (!got) {
          failed_ = true;
          return;
        }
        frames_ += *got;
      }
    }
  }

  const Options& options_;
  const Contexts contexts_;
  const int workers_;
  base::SystemClock clock_;
  std::vector<std::unique_ptr<media::HardwareDevices>> devices_;
  std::vector<std::unique_ptr<Player>> players_;
  std::atomic<long> frames_{0};
  std::atomic<bool> failed_{false};
};

base::Result<Outcome> measure(const Options& options, Contexts contexts, bool downloads, const GpuMemory& memory) {
  const auto memory_before = memory.used_mib();
  Crowd crowd(options, contexts);
  OC_TRY_STATUS(crowd.open());
  Outcome outcome;
  OC_TRY(outcome.frames_per_second, crowd.play(downloads));
  if (const auto used = memory.used_mib(); used && memory_before) outcome.memory_mib = *used - *memory_before;
  crowd.count_falls(outcome);
  return outcome;
}

int run(const Options& options) {
  if (options.device != media::DecodeDevice::software) {
    media::HardwareDevices devices;
    if (const auto status = devices.open(options.device); !status) {
      std::printf("hardware_bench: not run, %s: %s\n", std::string(decode_device_name(options.device)).c_str(),
                  status.error().message().c_str());
      return EXIT_FAILURE;
    }
  }
  const GpuMemory memory;
  std::printf("%s, %d streams, %u threads\n", std::string(decode_device_name(options.device)).c_str(), options.streams,
              std::thread::hardware_concurrency());
  std::printf("%-12s %14s %14s %10s %12s\n", "contexts", "frames/s", "downloaded/s", "fell back", "device MiB");
  constexpr std::pair<Contexts, const char*> kWays[] = {
      {Contexts::shared, "shared"}, {Contexts::per_worker, "per worker"}, {Contexts::per_stream, "per stream"}};
  for (const auto& [contexts, name] : kWays) {
    const auto plain = measure(options, contexts, false, memory);
    const auto downloaded = measure(options, contexts, true, memory);
    if (!plain || !downloaded) {
      std::printf("%-12s %s\n", name, (plain ? downloaded : plain).error().message().c_str());
      continue;
    }
    const std::string mib = plain->memory_mib ? std::to_string(static_cast<long>(*plain->memory_mib)) : "unknown";
    std::printf("%-12s %14.0f %14.0f %10d %12s%s%s\n", name, plain->frames_per_second, downloaded->frames_per_second,
                plain->fell_back, mib.c_str(), plain->fell_back > 0 ? "  " : "", plain->first_reason.c_str());
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int count, char** words) {
  const auto usage = [] {
    std::fprintf(stderr, "usage: hardware_bench CLIP [DEVICE [STREAMS [SECONDS]]]\n");
    return EXIT_FAILURE;
  };
  if (count < 2 || count > 5) return usage();
  Options options;
  options.clip = words[1];
  if (count > 2) {
    const auto device = media::parse_decode_device(words[2]);
    if (!device || *device == media::DecodeDevice::automatic) return usage();
    options.device = *device;
  }
  if (count > 3) options.streams = std::atoi(words[3]);
  if (count > 4) options.seconds = std::atof(words[4]);
  if (options.streams < 1 || options.seconds <= 0) return usage();
  return run(options);
}
