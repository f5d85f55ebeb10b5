#include "app/config_command.h"

#include <array>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/print.h"
#include "config/site_change.h"

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

void run_diff(const std::string& before, const std::string& after, CommandContext& context) {
  const auto environment = config::process_environment();
  const auto running = config::load_site_config_file(before, environment);
  if (!running) return fail(context, ExitCode::usage, running.error());
  const auto wanted = config::load_site_config_file(after, environment);
  if (!wanted) return fail(context, ExitCode::usage, wanted.error());
  const auto change = config::site_change(*running, *wanted);
  for (const auto& line : config::change_lines(change)) print(stdout, "{}\n", line);
  if (!change.is_empty()) context.exit_code = ExitCode::failed;
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
  auto* diff = command->add_subcommand("diff", "What a running site would change if it got another file");
  auto files = std::make_shared<std::array<std::string, 2>>();  // co-owned by the callback
  diff->add_option("BEFORE", files->front(), "The file that runs")->required();
  diff->add_option("AFTER", files->back(), "The file that is to run")->required();
  diff->footer(
      "A line for each camera: + is added, - removed, ~ begun anew, with the settings that differ; ! takes effect at\n"
      "the next start. What is compared is what the files mean: comments, order and spelling make no difference. Exit\n"
      "code 0: nothing changes, 1: something does.\n\n"
      "  ocelli config diff site.yaml new.yaml");
  diff->callback([files, &context] { run_diff(files->front(), files->back(), context); });
  command->add_subcommand("schema", "Print the JSON Schema of the file, for editors")->callback([] {
    print(stdout, "{}", config::site_config_schema());
  });
  command->add_subcommand("reference", "Print all keys, defaults and variables as Markdown")->callback([] {
    print(stdout, "{}", config::site_config_reference());
  });
}

}  // namespace ocelli::app
