#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/atomic_file.h"
#include "app/command.h"
#include "app/print.h"
#include "media/address.h"
#include "media/frame_reader.h"
#include "media/jpeg.h"

namespace ocelli::app {
namespace {

using base::Code;

constexpr int kQuality = 92;

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
base::Result<media::FramePtr> first_frame(const SnapshotOptions& options, base::Clock& clock,
                                          const std::stop_token& stop) {
  const media::SourceConfig config{options.url, std::chrono::seconds(options.timeout_s)};
  OC_TRY(const auto reader, media::FrameReader::open(config, clock, stop));
  media::FramePtr damaged;
  while (true) {
    auto frame = reader->next();
    if (frame && (*frame)->info().quality == media::FrameQuality::good) return frame;
    if (frame) {
      if (!damaged) damaged = *std::move(frame);
      continue;
    }
    if (frame.error().code() == Code::cancelled) return frame;
    if (damaged) return damaged;
    if (frame.error().code() != Code::end_of_stream) return frame;
    return base::Error(Code::corrupt, "no picture of " + media::redact_url(options.url) + " can be decoded");
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
