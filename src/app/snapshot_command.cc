#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/atomic_file.h"
#include "app/command.h"
#include "media/decoder.h"
#include "media/jpeg.h"
#include "media/source.h"

namespace ocelli::app {
namespace {

using base::Code;

constexpr int kQuality = 92;
constexpr std::size_t kPool = 32;  // a decoder may hold many frames back for reordering

struct SnapshotOptions {
  std::string url;
  std::string output;
  int timeout_s = 10;
};

/// The first picture that decodes.
base::Result<media::FramePtr> first_frame(const SnapshotOptions& options, CommandContext& context) {
  const media::SourceConfig config{options.url, std::chrono::seconds(options.timeout_s)};
  OC_TRY(auto source, media::Source::open(config, context.clock, context.stop));
  media::FramePool pool(kPool);
  OC_TRY(auto decoder, media::Decoder::create(*source, {}, pool, context.clock, {}));
  bool drained = false;
  while (true) {
    auto frame = decoder->receive();
    if (frame) return frame;
    if (frame.error().code() == Code::end_of_stream) {
      return base::Error(Code::corrupt, "no picture of " + media::redact_url(options.url) + " can be decoded");
    }
    if (drained) continue;
    auto packet = source->read();
    if (packet) {
      // A damaged packet is skipped: the next one may do.
      [[maybe_unused]] const auto sent = decoder->send(*packet);
      continue;
    }
    if (packet.error().code() == Code::cancelled || packet.error().code() == Code::timeout) return packet.error();
    OC_TRY_STATUS(decoder->drain());
    drained = true;
  }
}

void run_snapshot(const SnapshotOptions& options, CommandContext& context) {
  const auto frame = first_frame(options, context);
  if (!frame) return fail(context, ExitCode::input, frame.error());
  auto encoder = media::JpegEncoder::create();
  if (!encoder) return fail(context, ExitCode::failed, encoder.error());
  const auto jpeg = (*encoder)->encode(**frame, kQuality);
  if (!jpeg) return fail(context, ExitCode::failed, jpeg.error());
  if (auto status = write_file(options.output, *jpeg); !status) return fail(context, ExitCode::output, status.error());
  fmt::print("{}: {}x{}\n", options.output, (*frame)->width(), (*frame)->height());
}

}  // namespace

void add_snapshot_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<SnapshotOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("snapshot", "Write the first decodable frame of a file or camera as JPEG");
  command->add_option("URL", options->url, "File, or http(s):// or rtsp:// URL")->required();
  command->add_option("-o,--output", options->output, "JPEG file to write")->required();
  command->add_option("--timeout", options->timeout_s, "Seconds to wait for an answer")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  command->footer("  ocelli snapshot rtsp://user:password@10.0.0.5/stream1 -o gate.jpg");
  command->callback([options, &context] { run_snapshot(*options, context); });
}

}  // namespace ocelli::app
