#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/command.h"
#include "app/print.h"
#include "app/site.h"
#include "app/site_control.h"
#include "config/site_config.h"

namespace ocelli::app {
namespace {

using base::Code;

struct ServeOptions {
  std::string config_file;
  std::string bind;
  std::optional<int> port;
  std::string log_format;
};

config::SiteConfig with_flags(config::SiteConfig site, const ServeOptions& options) {
  if (!options.bind.empty()) site.server.bind = options.bind;
  if (options.port) site.server.port = *options.port;
  if (options.log_format == "json") site.log.format = base::LogFormat::json;
  return site;
}

base::Result<config::SiteConfig> load_text(const ServeOptions& options, const std::string& yaml) {
  std::vector<base::YamlProblem> problems;
  auto site = config::load_site_config(yaml, options.config_file, config::process_environment(), problems);
  if (!problems.empty()) return base::yaml_error(problems);
  return with_flags(std::move(site), options);
}

ExitCode code_of(const base::Error& error) {
  return error.code() == Code::invalid ? ExitCode::usage : ExitCode::failed;
}

/// SIGHUP reads the file again, from the start on: until the site runs, the wish waits.
class HangupReloads {
 public:
  HangupReloads(InterruptWatch& interrupts, SiteControl& control) : interrupts_(interrupts) {
    interrupts_.on_hangup([&control] { control.reload(); });
  }
  ~HangupReloads() { interrupts_.on_hangup(nullptr); }
  HangupReloads(const HangupReloads&) = delete;
  HangupReloads& operator=(const HangupReloads&) = delete;

 private:
  InterruptWatch& interrupts_;
};

/// From the first request to the last.
void run_site(Site& site, SiteControl& control, CommandContext& context) {
  const SiteControl::Target target{
      [&] { return site.running(); }, [&](const config::SiteConfig& wanted) { return site.change_cameras(wanted); },
      [&](const std::optional<std::string>& reason) { site.server().set_degraded("config", reason); }};
  control.run(target, site.logger(), site.metrics(), context.stop);
}

void run_serve(const ServeOptions& options, CommandContext& context) {
  const auto config = config::load_site_config_file(options.config_file, config::process_environment());
  if (!config) return fail(context, ExitCode::usage, config.error());
  SiteControl control(
      options.config_file, [&options](const std::string& yaml) { return load_text(options, yaml); }, context.clock);
  const HangupReloads reloads(context.interrupts, control);
  Site site(with_flags(*config, options), context.clock);
  if (auto status = site.listen(&control); !status) return fail(context, code_of(status.error()), status.error());
  if (auto status = site.open_store(); !status) return fail(context, ExitCode::output, status.error());
  print(stdout, "listening on {}\n", site.server().address());
  if (!site.first_token().empty()) {
    print(stdout, "token of the first administrator, shown this once: {}\n", site.first_token());
  }
  std::fflush(stdout);
  if (auto status = site.load(); !status) {
    const bool usage = status.error().code() == Code::invalid;
    return fail(context, usage ? ExitCode::usage : ExitCode::model, status.error());
  }
  if (auto status = site.start_cameras(); !status) return fail(context, ExitCode::model, status.error());
  run_site(site, control, context);
}

}  // namespace

void add_serve_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ServeOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("serve", "Watch cameras and show them on a page, with metrics and health");
  command->add_option("-c,--config", options->config_file, "Site configuration (see ocelli.example.yaml)")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--bind", options->bind, "Address to listen on; the default is this machine only");
  command->add_option("--port", options->port, "Port to listen on; 0 takes a free one")->check(CLI::Range(0, 65535));
  command->add_option("--log-format", options->log_format, "console or json")
      ->check(CLI::IsMember({"console", "json"}));
  command->footer(
      "Events, near misses and tracks are stored (docs/store.md): `ocelli events` and `ocelli why` ask for them.\n\n"
      "Prints \"listening on http://…\" once the port is open; /health/ready tells when the model is warm and the\n"
      "cameras are started. The file is watched: cameras that change in it are started, stopped or begun anew, all\n"
      "others go on (docs/live.md). SIGHUP reads it at once. SIGINT and SIGTERM end it cleanly (exit code 0).\n\n"
      "On loopback it is open to this machine; elsewhere everybody logs in with a token, of which the first is made\n"
      "and shown at the first start (`ocelli tokens --help`, docs/access.md).\n\n"
      "POST a JPEG, PNG, WebP or BMP to /api/v1/infer/MODEL and the answer is JSON: what that model finds in it, or,\n"
      "for ocr, the text, and for inspect, the objects, each classified and read (src/serve/README.md). Models are\n"
      "loaded when they are first asked; which may be is said in the file under `infer`.\n\n"
      "  ocelli serve -c site.yaml\n"
      "  OCELLI_SERVER_PORT=9000 ocelli serve -c site.yaml --log-format json\n"
      "  curl --data-binary @street.jpg http://127.0.0.1:8080/api/v1/infer/yolov8n");
  command->callback([options, &context] { run_serve(*options, context); });
}

}  // namespace ocelli::app
