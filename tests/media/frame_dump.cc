// Everything that Source and Decoder make of a file, for conformance_test.py and broken_test.py to judge. Not
// installed.
//
//   frame_dump [--pixels FILE] [--luma] INPUT
//
// Prints one JSON line for each frame, then one for the whole: what was counted and the error, if any, that ended it.
// FILE gets the samples of all frames without padding, in the order of their planes; with --luma only the first plane.
// The exit code is 0 however broken the input is.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "media/decoder.h"
#include "media/frame.h"
#include "media/source.h"

namespace {

using nlohmann::json;
using ocelli::base::Code;
using ocelli::base::Status;
using ocelli::media::Decoder;
using ocelli::media::Frame;
using ocelli::media::FrameQuality;
using ocelli::media::PixelFormat;

constexpr std::size_t kPoolFrames = 32;  // a decoder may hold many frames back for reordering

enum class Planes { all, luma };

std::string name_of(PixelFormat format) {
  switch (format) {
    case PixelFormat::nv12:
      return "nv12";
    case PixelFormat::bgr24:
      return "bgr24";
    default:
      return "yuv420p";
  }
}

class Dump {
 public:
  Dump(const std::string& pixels, Planes planes) : planes_(planes) {
    if (!pixels.empty()) pixels_.emplace(pixels, std::ios::binary);
  }

  /// Reads `path` to its end, which is an error for most broken files.
  Status run(const std::string& path);
  void print_summary(const Status& end) const;
  bool pixels_are_written() const { return !pixels_ || pixels_->good(); }

 private:
  Status decode(ocelli::media::Source& source, Decoder& decoder);
  Status receive_all(Decoder& decoder);
  void write(const Frame& frame);

  const Planes planes_;
  std::optional<std::ofstream> pixels_;
  ocelli::base::SystemClock clock_;
  ocelli::base::Metrics metrics_;
  Decoder::Counters counters_{
      metrics_.counter("ocelli_corrupt_total", ""),
      metrics_.counter("ocelli_converted_total", ""),
      metrics_.counter("ocelli_refused_total", ""),
      metrics_.counter("ocelli_damaged_total", ""),
  };
  std::string codec_;
  std::uint64_t packets_ = 0;
  std::uint64_t frames_ = 0;
};

Status Dump::run(const std::string& path) {
  OC_TRY(const auto source, ocelli::media::Source::open({path}, clock_, {}));
  codec_ = source->info().codec;
  ocelli::media::FramePool pool(kPoolFrames);
  OC_TRY(const auto decoder, Decoder::create(*source, {}, pool, clock_, counters_));
  return decode(*source, *decoder);
}

Status Dump::decode(ocelli::media::Source& source, Decoder& decoder) {
  while (true) {
    const auto packet = source.read();
    if (!packet) {
      // What was read before the error is still to come out.
      OC_TRY_STATUS(decoder.drain());
      OC_TRY_STATUS(receive_all(decoder));
      return packet.error().code() == Code::end_of_stream ? Status() : packet.error();
    }
    ++packets_;
    const Status sent = decoder.send(*packet);
    if (!sent && sent.error().code() != Code::corrupt) return sent;
    OC_TRY_STATUS(receive_all(decoder));
  }
}

Status Dump::receive_all(Decoder& decoder) {
  while (true) {
    const auto frame = decoder.receive();
    if (frame) {
      write(**frame);
      continue;
    }
    const Code code = frame.error().code();
    if (code == Code::need_input || code == Code::end_of_stream) return {};
    if (code != Code::corrupt) return frame.error();
  }
}

void Dump::write(const Frame& frame) {
  ++frames_;
  const auto& info = frame.info();
  std::cout << json{{"sequence", info.sequence},
                    {"time_ns", info.time.time_since_epoch().count()},
                    {"format", name_of(info.format)},
                    {"width", info.width},
                    {"height", info.height},
                    {"quality", info.quality == FrameQuality::good ? "good" : "damaged"}}
            << '\n';
  if (!pixels_) return;
  const int planes = planes_ == Planes::luma ? 1 : ocelli::media::plane_count(info.format);
  for (int plane = 0; plane < planes; ++plane) {
    const auto size = ocelli::media::plane_size(info.format, plane, info.width, info.height);
    const int row_bytes = size.width * ocelli::media::sample_bytes(info.format, plane);
    const auto& view = frame.plane(plane);
    for (int row = 0; row < size.height; ++row) {
      pixels_->write(reinterpret_cast<const char*>(view.data + row * view.stride_bytes), row_bytes);
    }
  }
}

void Dump::print_summary(const Status& end) const {
  json error;
  if (!end) error = {{"code", code_name(end.error().code())}, {"message", end.error().message()}};
  std::cout << json{{"codec", codec_},
                    {"packets", packets_},
                    {"frames", frames_},
                    {"corrupt", counters_.corrupt.value()},
                    {"damaged", counters_.damaged.value()},
                    {"refused", counters_.refused.value()},
                    {"error", error}}
            << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  std::string input;
  std::string pixels;
  bool luma_only = false;
  CLI::App app("Decodes a file and writes what came out");
  app.add_option("--pixels", pixels, "File for the samples");
  app.add_flag("--luma", luma_only, "Write only the first plane");
  app.add_option("INPUT", input, "Video file")->required();
  CLI11_PARSE(app, argc, argv);
  Dump dump(pixels, luma_only ? Planes::luma : Planes::all);
  dump.print_summary(dump.run(input));
  if (!dump.pixels_are_written()) {
    std::cerr << "frame_dump: cannot write " << pixels << '\n';
    return 1;
  }
  return 0;
}
