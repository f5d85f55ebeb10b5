#include "app/store_option.h"

#include <vector>

#include <CLI/CLI.hpp>

#include "config/site_config.h"
#include "store/store_config.h"

namespace ocelli::app {
namespace {

base::Result<std::string> path_of(const StoreOption& option) {
  if (!option.file.empty()) return option.file;
  config::SiteConfig site;
  if (option.config_file.empty()) {
    std::vector<base::YamlProblem> problems;
    site = config::load_site_config("", "environment", config::process_environment(), problems);
    if (!problems.empty()) return base::yaml_error(problems);
  } else {
    OC_TRY(site, config::load_site_config_file(option.config_file, config::process_environment()));
  }
  return site.store.path.empty() ? store::default_path() : site.store.path;
}

}  // namespace

void add_store_option(CLI::App& command, StoreOption& option) {
  auto* file = command.add_option("--store", option.file, "The store's file; the default is that of `ocelli serve`");
  command.add_option("-c,--config", option.config_file, "Site configuration whose store is asked")
      ->check(CLI::ExistingFile)
      ->excludes(file);
}

base::Result<std::unique_ptr<store::EventReader>> open_store(const StoreOption& option) {
  OC_TRY(const std::string path, path_of(option));
  auto reader = store::EventReader::open(path);
  if (reader || reader.error().code() != base::Code::not_found) return reader;
  return base::Error(base::Code::not_found,
                     path +
                         ": there is no such store; `ocelli serve` and `ocelli analyze --store` make one, and "
                         "--store names another");
}

}  // namespace ocelli::app
