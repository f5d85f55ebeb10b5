#include "tests/farm/clip.h"

#include <memory>

extern "C" {
#include <libavformat/avformat.h>
}

#include "tests/farm/encoder.h"

namespace ocelli::farm {
namespace {

using base::Code;
using base::Error;
using base::Result;

// Part of the cached files' names: raise it when the scene or the encoder's settings change.
constexpr int kRecipe = 1;

std::string file_name(const ClipConfig& config) {
  return std::to_string(config.width) + "x" + std::to_string(config.height) + "@" +
         std::to_string(config.frames_per_second) + "-" + std::to_string(config.bits_per_second) + "-key" +
         std::to_string(config.key_interval_s) + "-loop" + std::to_string(config.loop_s) + "-v" +
         std::to_string(kRecipe) + (config.codec == Codec::h264 ? ".h264" : ".hevc");
}

struct CloseInput {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

Result<Clip> read_clip(const ClipConfig& config, const std::filesystem::path& file) {
  AVFormatContext* opened = nullptr;
  const AVInputFormat* const format = av_find_input_format(config.codec == Codec::h264 ? "h264" : "hevc");
  if (avformat_open_input(&opened, file.c_str(), format, nullptr) < 0) {
    return Error(Code::corrupt, file.string() + " cannot be read: remove it, it will be made again");
  }
  const std::unique_ptr<AVFormatContext, CloseInput> input(opened);
  const std::unique_ptr<AVPacket, FreePacket> packet(av_packet_alloc());
  Clip clip{.config = config, .bytes = {}, .packets = {}, .pictures = {}, .parameter_sets = {}};
  while (av_read_frame(input.get(), packet.get()) == 0) {
    add_picture(clip, {packet->data, static_cast<std::size_t>(packet->size)});
    av_packet_unref(packet.get());
  }
  const bool is_whole = clip.pictures.size() == static_cast<std::size_t>(config.picture_count());
  if (!is_whole || !clip.pictures.front().is_key || clip.parameter_sets.size() < 2) {
    return Error(Code::corrupt,
                 file.string() + " is not the clip that its name says: remove it, it will be made again");
  }
  return clip;
}

}  // namespace

Result<Clip> load_clip(const ClipConfig& config, const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / file_name(config);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error(Code::unavailable, folder.string() + ": " + error.message());
  if (!std::filesystem::exists(file, error)) OC_TRY_STATUS(encode_clip(config, file));
  return read_clip(config, file);
}

}  // namespace ocelli::farm
