#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/command.h"
#include "app/print.h"
#include "app/token_file.h"
#include "config/site_config.h"

namespace ocelli::app {
namespace {

constexpr const char* kFooter =
    R"(A token is how a program or a person logs in: as `Authorization: Bearer TOKEN`, or typed into the page. It is shown
once; the file keeps only its SHA-256. A running server sees changes within a second. As soon as there is one token,
everybody needs one, on every address; without any, only this machine can reach the server.

Roles: a viewer looks at everything, an operator also sends pictures, an admin also changes cameras and models.

  ocelli tokens add wall-display --role viewer
  ocelli tokens list
  ocelli tokens remove wall-display)";

struct TokensOptions {
  std::string config_file;
  std::string file;
  std::string name;
  std::string role = "viewer";
};

base::Result<std::string> path_of(const TokensOptions& options) {
  if (!options.file.empty()) return options.file;
  config::SiteConfig site;
  if (options.config_file.empty()) {
    std::vector<base::YamlProblem> problems;
    site = config::load_site_config("", "environment", config::process_environment(), problems);
    if (!problems.empty()) return base::yaml_error(problems);
  } else {
    OC_TRY(site, config::load_site_config_file(options.config_file, config::process_environment()));
  }
  return site.server.tokens.empty() ? default_token_path() : site.server.tokens;
}

base::Status run_add(const TokensOptions& options, base::Clock& clock) {
  OC_TRY(const std::string path, path_of(options));
  const auto role = serve::parse_role(options.role);
  if (!role) return base::Error(base::Code::invalid, "a role is viewer, operator or admin");
  OC_TRY(const std::string token, add_token(path, options.name, *role, clock));
  print(stdout, "{}\n", token);
  print(stderr, "shown this once; {} keeps only its hash\n", path);
  return {};
}

base::Status run_list(const TokensOptions& options) {
  OC_TRY(const std::string path, path_of(options));
  OC_TRY(const auto tokens, read_tokens(path));
  if (tokens.empty()) print(stderr, "no tokens in {}: only this machine can reach the server\n", path);
  for (const auto& token : tokens) {
    print(stdout, "{:<24} {:<9} {}\n", token.name, serve::role_name(token.role), token.created);
  }
  return {};
}

base::Status run_remove(const TokensOptions& options) {
  OC_TRY(const std::string path, path_of(options));
  return remove_token(path, options.name);
}

void finish(const base::Status& status, CommandContext& context) {
  if (status) return;
  const bool usage = status.error().code() == base::Code::invalid;
  fail(context, usage ? ExitCode::usage : ExitCode::failed, status.error());
}

}  // namespace

void add_tokens_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<TokensOptions>();  // co-owned by the parser and the callbacks
  auto* command = app.add_subcommand("tokens", "Make, list and remove tokens to log in to `ocelli serve` with");
  command->require_subcommand(1);
  command->footer(kFooter);
  const auto add_file = [&](CLI::App* subcommand) {
    auto* file = subcommand->add_option("--file", options->file, "The file of tokens; the default is that of the site");
    subcommand->add_option("-c,--config", options->config_file, "Site configuration that names the file")
        ->check(CLI::ExistingFile)
        ->excludes(file);
    subcommand->footer(kFooter);
  };
  auto* add = command->add_subcommand("add", "Make a token and show it, once");
  add->add_option("NAME", options->name, "Who or what it is for")->required();
  add->add_option("--role", options->role, "What it may do: viewer, operator or admin")
      ->capture_default_str()
      ->check(CLI::IsMember({"viewer", "operator", "admin"}));
  add_file(add);
  add->callback([options, &context] { finish(run_add(*options, context.clock), context); });
  auto* list = command->add_subcommand("list", "Names, roles and ages of the tokens");
  add_file(list);
  list->callback([options, &context] { finish(run_list(*options), context); });
  auto* remove = command->add_subcommand("remove", "Revoke a token; sessions that began with it end");
  remove->add_option("NAME", options->name, "As `ocelli tokens list` has it")->required();
  add_file(remove);
  remove->callback([options, &context] { finish(run_remove(*options), context); });
}

}  // namespace ocelli::app
