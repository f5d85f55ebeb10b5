#pragma once

#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace ocelli::app {

enum class Shell { bash, zsh, fish };

/// A script that makes `shell` complete the commands, options and fixed values of `app`, which it walks: what is added
/// there is completed without further work. Everything else completes as a file name.
std::string completion_script(const CLI::App& app, Shell shell);

}  // namespace ocelli::app
