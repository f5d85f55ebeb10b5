#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/event_reader.h"

namespace CLI {
class App;
}  // namespace CLI

namespace ocelli::app {

/// --store: which store a command asks. `file` outlives the command.
void add_store_option(CLI::App& command, std::string& file);

/// Opens it, or that of the user if `file` is empty; the error says what to do.
base::Result<std::unique_ptr<store::EventReader>> open_store(const std::string& file);

}  // namespace ocelli::app
