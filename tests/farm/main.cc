// camera_farm: hundreds of made-up RTSP cameras with seeded faults, for the load and chaos tests. See README.md.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "tests/farm/farm.h"

namespace {

using ocelli::farm::Join;
using ocelli::farm::Options;
using ocelli::farm::Ports;

constexpr auto* kAfterHelp = R"(
Addresses are rtsp://ADDRESS:PORT/cam/0 … /cam/N-1; the first line of output, `ready`, lists them.
Output is JSON lines: ready, play, close, fault_begin, fault_end, second, end. tests/farm/README.md explains them.

  camera_farm --cameras 20x1920x1080@25:4M,60x1280x720@25:2M,120x640x360@25:800k --log sent.csv
  camera_farm --cameras 64x640x360@25:800k --ports each --faults 7:1800:0.5 --duration 1800
  camera_farm --faults 7:60:1:loss,restart --print-faults > faults.jsonl   # look at it, change it, then --fault-file)";

void add_camera_options(CLI::App& app, Options& options) {
  app.add_option("--cameras", options.cameras, "COUNTxWIDTHxHEIGHT@FPS:BITRATE[:h264|:h265],…")->capture_default_str();
  app.add_option("--clips", options.clips, "folder that keeps the encoded clips for the next start")
      ->capture_default_str();
  app.add_option("--loop", options.loop_s, "seconds after which pictures, and their numbers, repeat")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--key-interval", options.key_interval_s, "seconds between key frames")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  const std::map<std::string, Join> joins{{"key", Join::key}, {"now", Join::now}};
  app.add_option("--join", options.join, "a client's first picture: the next key frame, or just the next")
      ->transform(CLI::CheckedTransformer(joins).description(""))
      ->option_text("key|now [key]");
}

void add_network_options(CLI::App& app, Options& options) {
  app.add_option("--address", options.address, "IPv4 address to listen on")->capture_default_str();
  app.add_option("--port", options.port, "first port; 0: any free ones")->capture_default_str();
  const std::map<std::string, Ports> ports{{"shared", Ports::shared}, {"each", Ports::each}};
  app.add_option("--ports", options.ports,
                 "one port for all cameras, or one for each, which can then refuse connections")
      ->transform(CLI::CheckedTransformer(ports).description(""))
      ->option_text("shared|each [shared]");
  app.add_option("--auth", options.auth, "basic:USER:PASSWORD or digest:USER:PASSWORD");
  app.add_option("--session-timeout", options.session_timeout_s,
                 "seconds without a request after which a session may end")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--queue-bytes", options.queue_bytes, "what may wait for a slow client before it loses pictures")
      ->capture_default_str();
}

void add_fault_options(CLI::App& app, Options& options) {
  std::string kinds;
  for (const auto& name : ocelli::farm::fault_names()) kinds += (kinds.empty() ? "" : ", ") + name;
  app.add_option(
      "--faults", options.fault_plan,
      "SEED:SECONDS:FRACTION[:KIND,KIND…]: faults, one after the other, for a FRACTION of the cameras; kinds: " +
          kinds);
  app.add_option(
      "--fault-file", options.fault_file,
      R"(JSON lines: {"camera": 3, "kind": "loss", "begin_s": 5, "end_s": 9, "percent": 10}; camera -1: all)");
  app.add_option("--fault-delay", options.fault_delay_s, "seconds by which all faults come later")
      ->capture_default_str();
  app.add_flag("--print-faults", options.prints_faults, "print the faults as such a file, and end");
  app.add_option("--seed", options.seed, "of RTP numbers, lost packets and garbage")->capture_default_str();
}

void add_report_options(CLI::App& app, Options& options) {
  app.add_option("--duration", options.duration_s, "seconds; 0: until SIGINT or SIGTERM")->capture_default_str();
  app.add_option("--late-after", options.late_after_ms,
                 "milliseconds behind schedule from which a picture counts as late")
      ->capture_default_str();
  app.add_option("--log", options.log_file, "CSV of every sent picture: camera, number, wall-clock time in ns");
}

/// A client and a port for each of hundreds of cameras exceed the usual soft limit of 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int count, char** arguments) {
  CLI::App app("camera_farm plays hundreds of made-up RTSP cameras, with faults, and measures its own lateness.");
  Options options;
  options.clips = (std::filesystem::temp_directory_path() / ("camera_farm-" + std::to_string(getuid()))).string();
  add_camera_options(app, options);
  add_network_options(app, options);
  add_fault_options(app, options);
  add_report_options(app, options);
  app.footer(kAfterHelp);
  CLI11_PARSE(app, count, arguments);
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  auto farm = ocelli::farm::Farm::create(options);
  const auto done = farm ? (*farm)->run() : ocelli::base::Status(farm.error());
  if (done) return 0;
  std::fprintf(stderr, "camera_farm: %s\n", done.error().message().c_str());
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "camera_farm: %s\n", error.what());
    return 1;
  }
}
