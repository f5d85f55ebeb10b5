#pragma once

#include <string>

#include "infer/precision.h"

namespace CLI {
class App;
}  // namespace CLI

namespace ocelli::app {

/// Adds --precision, which takes the names that `model.precision` takes in a configuration.
void add_precision_option(CLI::App& command, std::string& target);
/// `name` is one that the option let through.
infer::PrecisionChoice precision_choice(const std::string& name);
std::string precision_choice_name(infer::PrecisionChoice choice);

}  // namespace ocelli::app
