#pragma once

#include <string>
#include <string_view>

namespace ocelli::base {

/// A piece of a file as it may stand in a one-line message: no control characters, at most 80 bytes.
std::string one_line(std::string_view text);

/// The same in single quotes.
std::string shown(std::string_view text);

/// Any text as a double-quoted YAML scalar that reads back as the same text.
std::string yaml_quoted(std::string_view text);

}  // namespace ocelli::base
