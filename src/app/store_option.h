#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/event_reader.h"

namespace CLI {
class App;
}  // namespace CLI

namespace ocelli::app {

/// Which store a command asks: the file that is named, or the one of the configuration.
struct StoreOption {
  std::string file;
  std::string config_file;
};

/// --store and -c; `option` outlives the command.
void add_store_option(CLI::App& command, StoreOption& option);

/// Opens it; the error says what to do.
base::Result<std::unique_ptr<store::EventReader>> open_store(const StoreOption& option);

}  // namespace ocelli::app
