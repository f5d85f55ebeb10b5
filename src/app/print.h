#pragma once

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace ocelli::app {

/// fmt::print() that does not throw when nobody reads any more, or the disk behind a redirection is full: what is told
/// on the way must not end the work. Errors of the file are ignored.
template <class... Args>
void print(std::FILE* file, fmt::format_string<Args...> format, Args&&... args) {
  std::fputs(fmt::format(format, std::forward<Args>(args)...).c_str(), file);
}

}  // namespace ocelli::app
