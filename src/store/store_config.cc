#include "store/store_config.h"

#include <cstdlib>

namespace ocelli::store {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string default_path() {
  if (const auto data = environment("XDG_DATA_HOME"); !data.empty()) return data + "/ocelli/events.db";
  const auto home = environment("HOME");
  return (home.empty() ? "/var/lib" : home + "/.local/share") + "/ocelli/events.db";
}

}  // namespace ocelli::store
