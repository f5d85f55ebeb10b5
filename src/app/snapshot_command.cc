#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/atomic_file.h"
#include "app/command.h"
#include "app/print.h"
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

/// Requests a stop at a deadline, or when `stop` does.
class Deadline {
 public:
  Deadline(base::Clock& clock, std::chrono::seconds timeout, const std::stop_token& stop)
      : forward_(stop, [this] { over_.request_stop(); }),
        watch_([this, &clock, end = clock.now() + timeout](const std::stop_token& done) {
          if (clock.wait_until(end, done)) over_.request_stop();
        }) {}

  std::stop_token token() const { return over_.get_token(); }

 private:
  std::stop_source over_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread watch_;
};

/// The first picture that decodes without errors, or if there is none the first with errors.
base::Result<media::FramePtr> first_frame(const SnapshotOptions& options, base::Clock& clock, std::stop_token stop) {
  const media::SourceConfig config{options.url, std::chrono::seconds(options.timeout_s)};
  OC_TRY(auto source, media::Source::open(config, clock, std::move(stop)));
  media::FramePool pool(kPool);
  OC_TRY(auto decoder, media::Decoder::create(*source, {}, pool, clock, {}));
  media::FramePtr damaged;
  std::optional<base::Error> end;  // of the input; what the decoder still holds may do nevertheless
  while (true) {
    auto frame = decoder->receive();
    if (frame && (*frame)->info().quality == media::FrameQuality::good) return frame;
    if (frame) {
      if (!damaged) damaged = *std::move(frame);
      continue;
    }
    if (frame.error().code() == Code::end_of_stream) {
      if (damaged) return damaged;
      if (end && end->code() != Code::end_of_stream) return *std::move(end);
      return base::Error(Code::corrupt, "no picture of " + media::redact_url(options.url) + " can be decoded");
    }
    if (end) continue;
    auto packet = source->read();
    if (packet) {
      // A damaged packet is skipped: the next one may do.
      [[maybe_unused]] const auto sent = decoder->send(*packet);
      continue;
    }
    end = packet.error();
    OC_TRY_STATUS(decoder->drain());
  }
}

base::Result<media::FramePtr> first_frame_in_time(const SnapshotOptions& options, CommandContext& context) {
  const Deadline deadline(context.clock, std::chrono::seconds(options.timeout_s), context.stop);
  auto frame = first_frame(options, context.clock, deadline.token());
  if (context.stop.stop_requested()) return base::Error(Code::cancelled, "stopped");
  const bool late = !frame && frame.error().code() == Code::cancelled;
  if (!late) return frame;
  return base::Error(Code::timeout, fmt::format("no picture from {} within {} s; check address, port and firewall, or "
                                                "wait longer with --timeout",
                                                media::redact_url(options.url), options.timeout_s));
}

void run_snapshot(const SnapshotOptions& options, CommandContext& context) {
  const auto frame = first_frame_in_time(options, context);
  if (!frame) return fail(context, ExitCode::input, frame.error());
  auto encoder = media::JpegEncoder::create();
  if (!encoder) return fail(context, ExitCode::failed, encoder.error());
  const auto jpeg = (*encoder)->encode(**frame, kQuality);
  if (!jpeg) return fail(context, ExitCode::failed, jpeg.error());
  if (auto status = write_file(options.output, *jpeg); !status) return fail(context, ExitCode::output, status.error());
  print(stdout, "{}: {}x{}\n", options.output, (*frame)->width(), (*frame)->height());
}

}  // namespace

void add_snapshot_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<SnapshotOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("snapshot", "Write the first decodable frame of a file or camera as JPEG");
  command->add_option("URL", options->url, "File, or http(s):// or rtsp:// URL")->required();
  command->add_option("-o,--output", options->output, "JPEG file to write")->required();
  command->add_option("--timeout", options->timeout_s, "Seconds to wait for the picture")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  command->footer("  ocelli snapshot rtsp://user:password@10.0.0.5/stream1 -o gate.jpg");
  command->callback([options, &context] { run_snapshot(*options, context); });
}

}  // namespace ocelli::app
