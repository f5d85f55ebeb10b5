#include "app/store_option.h"

#include <CLI/CLI.hpp>

#include "store/store_config.h"

namespace ocelli::app {

void add_store_option(CLI::App& command, std::string& file) {
  command.add_option("--store", file, "The store's file; the default is " + store::default_path());
}

base::Result<std::unique_ptr<store::EventReader>> open_store(const std::string& file) {
  const std::string path = file.empty() ? store::default_path() : file;
  auto reader = store::EventReader::open(path);
  if (reader || reader.error().code() != base::Code::not_found) return reader;
  return base::Error(base::Code::not_found,
                     path + ": there is no such store; `ocelli analyze --store` makes one, and --store names another");
}

}  // namespace ocelli::app
