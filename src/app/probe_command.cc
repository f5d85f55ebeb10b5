#include <chrono>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/print.h"
#include "media/address.h"
#include "media/probe.h"

namespace ocelli::app {
namespace {

using Json = nlohmann::ordered_json;

struct ProbeOptions {
  std::string url;
  int timeout_s = 10;
  bool json = false;
  bool no_tls_verify = false;
  std::string tls_ca_file;
};

Json to_json(const std::string& url, const media::ProbeReport& report) {
  Json json;
  json["url"] = media::redact_url(url);
  json["usable"] = report.usable;
  json["failure"] = report.failure ? Json(media::probe_failure_name(*report.failure)) : Json();
  json["remedy"] = report.failure ? Json(media::probe_remedy(*report.failure)) : Json();
  json["steps"] = Json::array();
  for (const media::ProbeStepResult& step : report.steps) {
    json["steps"].push_back({{"step", media::probe_step_name(step.step)},
                             {"passed", step.passed},
                             {"took_ms", step.took.count()},
                             {"detail", step.detail}});
  }
  if (report.info) {
    json["video"] = {{"container", report.info->container},   {"codec", report.info->codec},
                     {"width", report.info->width},           {"height", report.info->height},
                     {"fps", report.info->frames_per_second}, {"live", report.info->live}};
  }
  return json;
}

void print_text(const std::string& url, const media::ProbeReport& report) {
  print(stdout, "{}\n", media::redact_url(url));
  for (const media::ProbeStepResult& step : report.steps) {
    print(stdout, "  {} {:<11} {:>6} ms  {}\n", step.passed ? "ok  " : "FAIL", media::probe_step_name(step.step),
          step.took.count(), step.detail);
  }
  if (report.failure) {
    print(stdout, "{}: {}\n", report.usable ? "usable, but" : "what to do", media::probe_remedy(*report.failure));
  } else if (report.usable) {
    print(stdout, "ocelli can watch this.\n");
  }
}

void run_probe(const ProbeOptions& options, CommandContext& context) {
  media::ProbeConfig config;
  config.source.url = options.url;
  config.source.timeout = std::chrono::seconds(options.timeout_s);
  config.source.read_timeout = config.source.timeout;
  config.source.tls_verify = !options.no_tls_verify;
  config.source.tls_ca_file = options.tls_ca_file;
  config.key_frame_within = config.source.timeout;
  const media::ProbeReport report = media::probe(config, context.clock, context.stop);
  if (options.json) {
    print(stdout, "{}\n", to_json(options.url, report).dump(2));
  } else {
    print_text(options.url, report);
  }
  if (context.stop.stop_requested()) return fail(context, ExitCode::interrupted, {base::Code::cancelled, "stopped"});
  context.exit_code = report.usable ? ExitCode::ok : ExitCode::input;
}

}  // namespace

void add_probe_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ProbeOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("probe", "Tell at which step a camera or file fails, and what to do about it");
  command->add_option("URL", options->url, "File, /dev/video*, or http(s):// or rtsp(s):// URL")->required();
  command->add_option("--timeout", options->timeout_s, "Seconds that each step may take")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print the result as one JSON object");
  command->add_option("--tls-ca-file", options->tls_ca_file, "PEM file of the authorities to trust; else the system's");
  command->add_flag("--no-tls-verify", options->no_tls_verify, "Take any certificate");
  command->footer(
      "Steps: address, name, connection, encryption, device, dialogue, video, codec, key_frame, timestamps.\n"
      "Exit code 0 when pictures come (times that need repair are told, but no failure), 3 when none come.\n\n"
      "  ocelli probe rtsp://user:password@10.0.0.5/stream1\n"
      "  ocelli probe --json recording.mp4");
  command->callback([options, &context] { run_probe(*options, context); });
}

}  // namespace ocelli::app
