#include "app/precision_option.h"

#include <algorithm>
#include <vector>

#include <CLI/CLI.hpp>

#include "config/fields.h"

namespace ocelli::app {
namespace {

std::vector<std::string> names() {
  return config::choices(static_cast<const infer::PrecisionChoice*>(nullptr));
}

}  // namespace

void add_precision_option(CLI::App& command, std::string& target) {
  command.add_option("--precision", target, "What the model computes with (see: ocelli models list)")
      ->check(CLI::IsMember(names()));
}

infer::PrecisionChoice precision_choice(const std::string& name) {
  const auto known = names();
  const auto place = std::find(known.begin(), known.end(), name);
  return static_cast<infer::PrecisionChoice>(place - known.begin());
}

std::string precision_choice_name(infer::PrecisionChoice choice) {
  return names().at(static_cast<std::size_t>(choice));
}

}  // namespace ocelli::app
