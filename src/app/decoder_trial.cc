#include "app/decoder_trial.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "media/decoder.h"
#include "media/download.h"
#include "media/source.h"
#include "media/video_writer.h"

namespace ocelli::app {
namespace {

using base::Code;

constexpr int kWidth = 1920;
constexpr int kHeight = 1080;
constexpr int kFrames = 75;
constexpr double kRate = 25;

/// A textured wall in front of which a bright square wanders: moves enough to cost what a camera's picture costs.
base::Result<media::FramePtr> picture(int number) {
  media::FrameInfo info;
  info.width = kWidth;
  info.height = kHeight;
  info.time = media::from_seconds(number / kRate);
  OC_TRY(auto builder, media::FrameBuilder::create(info));
  constexpr int kSquare = 200;
  const int left = number * 16 % (kWidth - kSquare);
  for (int plane = 0; plane < media::plane_count(info.format); ++plane) {
    const auto size = media::plane_size(info.format, plane, kWidth, kHeight);
    for (int y = 0; y < size.height; ++y) {
      std::uint8_t* row = builder.plane(plane) + y * builder.stride_bytes(plane);
      for (int x = 0; x < size.width; ++x) {
        row[x] = plane == 0 ? static_cast<std::uint8_t>(64 + ((x * y) & 31)) : std::uint8_t{128};
      }
      if (plane == 0 && y >= kSquare && y < 2 * kSquare) std::fill_n(row + left, kSquare, std::uint8_t{220});
    }
  }
  return std::move(builder).freeze();
}

enum class Pixels { stay, download };

/// Pictures a second of the whole clip.
base::Result<double> decode(const std::string& clip, media::Decoder::Config config, Pixels pixels, base::Clock& clock) {
  std::optional<media::DecodeUse> use;
  config.on_use = [&](const media::DecodeUse& now) { use = now; };
  media::FramePool pool(8);
  OC_TRY(const auto source, media::Source::open({clip}, clock, {}));
  OC_TRY(const auto decoder, media::Decoder::create(*source, config, pool, clock, {}));
  int frames = 0;
  const auto begin = std::chrono::steady_clock::now();  // measures the machine, so not the injected clock
  const auto receive_all = [&]() -> base::Status {
    while (auto frame = decoder->receive()) {
      ++frames;
      if (pixels == Pixels::download) {
        OC_TRY(*frame, media::download(*frame, pool, {}));
      }
    }
    return {};
  };
  while (const auto packet = source->read()) {
    OC_TRY_STATUS(decoder->send(*packet));
    OC_TRY_STATUS(receive_all());
  }
  OC_TRY_STATUS(decoder->drain());
  OC_TRY_STATUS(receive_all());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (use && use->fell_back) return base::Error(Code::unavailable, use->reason);
  if (frames < kFrames)
    return base::Error(Code::corrupt, "it gave " + std::to_string(frames) + " pictures of " + std::to_string(kFrames));
  return frames / seconds;
}

}  // namespace

base::Status write_trial_clip(const std::string& path) {
  OC_TRY(auto first, picture(0));
  OC_TRY(const auto writer, media::VideoWriter::create(path, first->info(), kRate));
  for (int number = 0; number < kFrames; ++number) {
    OC_TRY(const auto frame, picture(number));
    OC_TRY_STATUS(writer->write(*frame));
  }
  return writer->finish();
}

base::Result<DecoderTrial> try_decoder(const std::string& clip, media::DecodeDevice device,
                                       media::HardwareDevices& devices, base::Clock& clock) {
  media::Decoder::Config config;
  config.device = device;
  config.hardware = &devices;
  DecoderTrial trial;
  OC_TRY(trial.frames_per_second, decode(clip, config, Pixels::stay, clock));
  OC_TRY(trial.downloaded_frames_per_second, decode(clip, config, Pixels::download, clock));
  return trial;
}

}  // namespace ocelli::app
