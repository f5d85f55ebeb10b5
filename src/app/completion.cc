#include "app/completion.h"

#include <map>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace ocelli::app {
namespace {

struct Name {
  std::string text;
  std::string meaning;
};

struct CompletedOption {
  std::vector<std::string> names;  ///< with their dashes
  std::string meaning;
  bool takes_value = false;
  std::vector<std::string> values;  ///< empty: anything
};

/// One command as typed, e.g. "ocelli models pull".
struct Command {
  std::string path;
  std::vector<Name> subcommands;
  std::vector<CompletedOption> options;
  std::vector<std::string> positional_values;  ///< empty: anything
};

/// "TEXT:{jsonl,mot,coco}", as CLI::IsMember describes itself, → jsonl, mot, coco.
std::vector<std::string> fixed_values(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  std::vector<std::string> values = CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
  for (auto& value : values) value = value.substr(0, value.find("->"));
  return values;
}

void add_option(const CLI::Option& option, Command& command) {
  if (option.get_group().empty()) return;  // hidden
  if (option.get_positional() && command.positional_values.empty()) command.positional_values = fixed_values(option);
  CompletedOption completed;
  for (const auto& name : option.get_snames()) completed.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) completed.names.push_back("--" + name);
  if (completed.names.empty()) return;
  completed.meaning = option.get_description();
  completed.takes_value = option.get_items_expected_max() > 0;
  if (completed.takes_value) completed.values = fixed_values(option);
  command.options.push_back(std::move(completed));
}

void add_commands(const CLI::App& app, const std::string& path, std::vector<Command>& commands) {
  const std::size_t at = commands.size();
  commands.push_back({.path = path, .subcommands = {}, .options = {}, .positional_values = {}});
  const auto all = [](const auto* /*part*/) { return true; };
  for (const auto* option : app.get_options(all)) add_option(*option, commands[at]);
  for (const auto* part : app.get_subcommands(all)) {
    if (part->get_name().empty()) {  // an option group
      for (const auto* option : part->get_options(all)) add_option(*option, commands[at]);
    } else if (!part->get_group().empty()) {
      commands[at].subcommands.push_back({part->get_name(), part->get_description()});
      add_commands(*part, path + " " + part->get_name(), commands);
    }
  }
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// 'text' for bash and zsh.
std::string quoted(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}
std::string fish_quoted(const std::string& text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

/// 'ocelli analyze'|'ocelli models'|…: the pattern of everything that is a command.
std::string command_pattern(const std::vector<Command>& commands) {
  std::vector<std::string> paths;
  for (const auto& command : commands) {
    if (&command != &commands.front()) paths.push_back(quoted(command.path));
  }
  return fmt::format("{}", fmt::join(paths, "|"));
}

/// 'ocelli analyze --fps'|'ocelli analyze -o'|…: options whose value has these `values`.
std::map<std::vector<std::string>, std::string> value_patterns(const std::vector<Command>& commands) {
  std::map<std::vector<std::string>, std::string> patterns;
  for (const auto& command : commands) {
    for (const auto& option : command.options) {
      if (!option.takes_value) continue;
      for (const auto& name : option.names) {
        std::string& pattern = patterns[option.values];
        if (!pattern.empty()) pattern += '|';
        pattern += quoted(command.path + " " + name);
      }
    }
  }
  return patterns;
}

std::string bash_script(const std::string& program, const std::vector<Command>& commands) {
  std::string script = fmt::format(R"(# bash completion for {0}; for this shell: source <({0} completion bash)
_{0}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} at={0} i names= options=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$at ${{COMP_WORDS[i]}}" in
      {1}) at="$at ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$at ${{COMP_WORDS[COMP_CWORD - 1]}}" in
)",
                                   program, command_pattern(commands));
  for (const auto& [values, pattern] : value_patterns(commands)) {
    const std::string reply = fmt::format("COMPREPLY=($(compgen -W {} -- \"$current\")); ",
                                          quoted(fmt::format("{}", fmt::join(values, " "))));
    script += fmt::format("    {}) {}return ;;\n", pattern, values.empty() ? "" : reply);
  }
  script += "  esac\n  case \"$at\" in\n";
  for (const auto& command : commands) {
    std::vector<std::string> names = command.positional_values;
    for (const auto& subcommand : command.subcommands) names.push_back(subcommand.text);
    std::vector<std::string> options;
    for (const auto& option : command.options) options.insert(options.end(), option.names.begin(), option.names.end());
    script += fmt::format("    {}) names={} options={} ;;\n", quoted(command.path),
                          quoted(fmt::format("{}", fmt::join(names, " "))),
                          quoted(fmt::format("{}", fmt::join(options, " "))));
  }
  return script + fmt::format(R"(  esac
  [[ $current == -* ]] && names=$options
  COMPREPLY=($(compgen -W "$names" -- "$current"))
}}
complete -o bashdefault -o default -F _{0} {0}
)",
                              program);
}

/// 'name:meaning' as zsh's _describe takes it.
std::string described(const std::string& name, const std::string& meaning) {
  return quoted(replaced(name, ":", "\\:") + ":" + replaced(meaning, ":", "\\:"));
}

std::string zsh_script(const std::string& program, const std::vector<Command>& commands) {
  std::string script = fmt::format(R"(#compdef {0}
# zsh completion for {0}; for this shell: source <({0} completion zsh)
_{0}() {{
  local at={0} i
  local -a names options
  for ((i = 2; i < CURRENT; ++i)); do
    case "$at $words[i]" in
      {1}) at="$at $words[i]" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
)",
                                   program, command_pattern(commands));
  for (const auto& [values, pattern] : value_patterns(commands)) {
    const std::string action = values.empty() ? "_files" : fmt::format("compadd -- {}", fmt::join(values, " "));
    script += fmt::format("    {}) {}; return ;;\n", pattern, action);
  }
  script += "  esac\n  case \"$at\" in\n";
  for (const auto& command : commands) {
    script += fmt::format("    {})\n      names=(", quoted(command.path));
    for (const auto& value : command.positional_values) script += " " + described(value, "");
    for (const auto& subcommand : command.subcommands) script += " " + described(subcommand.text, subcommand.meaning);
    script += " )\n      options=(";
    for (const auto& option : command.options) {
      for (const auto& name : option.names) script += " " + described(name, option.meaning);
    }
    script += " ) ;;\n";
  }
  return script + fmt::format(R"(  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe -o option options
  elif (( $#names )); then
    _describe command names
  else
    _files
  fi
}}
if [[ $funcstack[1] == _{0} ]]; then _{0} "$@"; else compdef _{0} {0}; fi
)",
                              program);
}

std::string fish_option(const CompletedOption& option) {
  std::string text;
  for (const auto& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.takes_value) text += " -r";
  if (!option.values.empty()) text += " -f -a " + fish_quoted(fmt::format("{}", fmt::join(option.values, " ")));
  return text + " -d " + fish_quoted(option.meaning);
}

std::string fish_script(const std::string& program, const std::vector<Command>& commands) {
  std::string script = fmt::format(R"(# fish completion for {0}; for this shell: {0} completion fish | source
function __{0}_at
    set -l at {0}
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        switch "$at $word"
            case {1}
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
)",
                                   program, replaced(command_pattern(commands), "'|'", "' '"));
  for (const auto& command : commands) {
    const std::string start =
        fmt::format("complete -c {} -n {}", program, fish_quoted(fmt::format("__{}_at \"{}\"", program, command.path)));
    for (const auto& value : command.positional_values)
      script += fmt::format("{} -f -a {}\n", start, fish_quoted(value));
    for (const auto& subcommand : command.subcommands) {
      script +=
          fmt::format("{} -f -a {} -d {}\n", start, fish_quoted(subcommand.text), fish_quoted(subcommand.meaning));
    }
    for (const auto& option : command.options) script += start + fish_option(option) + "\n";
  }
  return script;
}

}  // namespace

std::string completion_script(const CLI::App& app, Shell shell) {
  std::vector<Command> commands;
  add_commands(app, app.get_name(), commands);
  switch (shell) {
    case Shell::bash:
      return bash_script(app.get_name(), commands);
    case Shell::zsh:
      return zsh_script(app.get_name(), commands);
    case Shell::fish:
      return fish_script(app.get_name(), commands);
  }
  return {};
}

}  // namespace ocelli::app
