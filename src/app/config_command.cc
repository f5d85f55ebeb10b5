#include "app/config_command.h"

#include <memory>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/print.h"

namespace ocelli::app {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string contents(const config::SiteConfig& site) {
  std::size_t zones = 0;
  std::size_t lines = 0;
  for (const auto& camera : site.cameras) {
    zones += camera.rules.zones.size();
    lines += camera.rules.lines.size();
  }
  return fmt::format("{}, {}, {}", counted(site.cameras.size(), "camera"), counted(zones, "zone"),
                     counted(lines, "line"));
}

void run_check(const std::string& path, CommandContext& context) {
  const auto report = check_config(path, config::process_environment());
  if (!report) {
    fail(context, ExitCode::usage, report.error());
    return;
  }
  print(stdout, "{}", report->text);
  context.exit_code = report->exit_code;
}

}  // namespace

base::Result<ConfigReport> check_config(const std::string& path, const config::Environment& environment) {
  std::vector<base::YamlProblem> problems;
  OC_TRY(const auto site, config::load_site_config_file(path, environment, problems));
  if (problems.empty()) return ConfigReport{fmt::format("{}: fine: {}\n", path, contents(site)), ExitCode::ok};
  std::string text;
  for (const auto& problem : problems) text += problem.to_string() + "\n";
  return ConfigReport{std::move(text), ExitCode::usage};
}

void add_config_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("config", "Check a configuration file; print its schema or reference");
  command->require_subcommand(1);
  auto* check = command->add_subcommand("check", "Read a file and the OCELLI_ variables; print every mistake");
  auto path = std::make_shared<std::string>();  // co-owned by the callback
  check->add_option("FILE", *path, "The site's YAML file")->required();
  check->callback([path, &context] { run_check(*path, context); });
  command->add_subcommand("schema", "Print the JSON Schema of the file, for editors")->callback([] {
    print(stdout, "{}", config::site_config_schema());
  });
  command->add_subcommand("reference", "Print all keys, defaults and variables as Markdown")->callback([] {
    print(stdout, "{}", config::site_config_reference());
  });
}

}  // namespace ocelli::app
