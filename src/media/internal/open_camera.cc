#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "media/internal/capture_device.h"
#include "media/internal/open_input.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

// Between two looks for a picture: FFmpeg shows nobody the descriptor that could be waited for. A fifth of the time
// between two pictures of a fast camera; arrival times are this coarse, the pictures' own times are the driver's.
constexpr std::chrono::milliseconds kStep{5};

std::string rate_text(double pictures_per_second) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", pictures_per_second);
  return text.data();
}

/// FFmpeg's packet lies in one of the driver's few buffers, which are gone with the input. Packets outlive it, and some
/// wait for seconds: they are copied, and the driver has its buffer back at once.
int take_out_of_driver(AVPacket& packet) {
  AvPacketPtr copy(av_packet_alloc());
  if (!copy || av_new_packet(copy.get(), packet.size) < 0 || av_packet_copy_props(copy.get(), &packet) < 0) {
    return AVERROR(ENOMEM);
  }
  std::memcpy(copy->data, packet.data, static_cast<std::size_t>(packet.size));
  av_packet_unref(&packet);
  av_packet_move_ref(&packet, copy.get());
  return 0;
}

}  // namespace

base::Result<OpenInput> open_camera(const Opening& opening) {
  const std::string what = "cannot open " + opening.shown;
  const CaptureDevice device = look_at_camera(opening.config.url);
  OC_TRY_STATUS(to_status(device, what));
  if (auto loaded = load_capture_library(); !loaded) return std::move(loaded).error().with_context(what);
  OpenInput input;
  input.from_camera = true;
  input.context = make_context(opening);
  input.first_packet.reset(av_packet_alloc());
  if (!input.context || !input.first_packet) return Error(Code::exhausted, "out of memory");
  input.context->flags |= AVFMT_FLAG_NONBLOCK;  // else reading would wait in the kernel, for ever
  Options options;
  // Raw pictures fill USB at small sizes or low rates already.
  if (device.gives_jpeg) options.set("input_format", "mjpeg");
  options.set("framerate", rate_text(opening.config.pictures_per_second));
  const AVInputFormat* format = av_find_input_format("v4l2");
  int result = open_context(input.context, opening.config.url, format, options);
  if (result >= 0) result = read_camera(*input.context, *input.first_packet, opening.interrupt);
  if (result < 0) return explain_camera(result, what, opening);
  return input;
}

int read_camera(AVFormatContext& context, AVPacket& packet, const Interrupt& interrupt) {
  for (;;) {
    const int result = av_read_frame(&context, &packet);
    if (result >= 0 && packet.size > 0) return take_out_of_driver(packet);
    // What arrived damaged over the cable comes as nothing.
    if (result >= 0) av_packet_unref(&packet);
    if (result < 0 && result != AVERROR(EAGAIN)) return result;
    if (!interrupt.wait(kStep)) return AVERROR_EXIT;
  }
}

Error explain_camera(int number, const std::string& what, const Opening& opening) {
  if (opening.interrupt.stopped()) return Error(Code::cancelled, what + ": stopped");
  if (opening.interrupt.expired()) {
    return Error(Code::timeout, what + ": no picture within " + std::to_string(opening.interrupt.timeout().count()) +
                                    " ms; unplug the camera and plug it in again, if it shares a hub, elsewhere");
  }
  switch (number) {
    case AVERROR(ENODEV):
    case AVERROR(ENOENT):
    case AVERROR(ENXIO):
      return Error(Code::unavailable, what + ": the camera is gone; was it unplugged?");
    case AVERROR(EBUSY):
      return Error(Code::unavailable, what + ": busy: another program has the camera");
    default:
      return Error(Code::unavailable, ffmpeg_error(number, what).message());
  }
}

}  // namespace ocelli::media::internal
