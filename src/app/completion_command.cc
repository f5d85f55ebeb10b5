#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "app/command.h"
#include "app/completion.h"
#include "app/print.h"

namespace ocelli::app {

void add_completion_command(CLI::App& app, CommandContext& /*context*/) {
  static constexpr std::string_view kFooter = R"(For every new shell:
  bash   ocelli completion bash > ~/.local/share/bash-completion/completions/ocelli
  zsh    ocelli completion zsh > "${fpath[1]}/_ocelli"
  fish   ocelli completion fish > ~/.config/fish/completions/ocelli.fish)";
  auto* command = app.add_subcommand("completion", "Print a script that makes your shell complete ocelli's commands");
  auto shell = std::make_shared<std::string>();  // co-owned by the callback
  command->add_option("SHELL", *shell, "Which shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(std::string(kFooter));
  command->callback([shell, &app] {
    const Shell chosen = *shell == "bash" ? Shell::bash : *shell == "zsh" ? Shell::zsh : Shell::fish;
    print(stdout, "{}", completion_script(app, chosen));
  });
}

}  // namespace ocelli::app
