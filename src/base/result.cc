#include "base/result.h"

#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace ocelli::base {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::not_found:
      return "not_found";
    case Code::end_of_stream:
      return "end_of_stream";
    case Code::need_input:
      return "need_input";
    case Code::corrupt:
      return "corrupt";
    case Code::unsupported:
      return "unsupported";
    case Code::unavailable:
      return "unavailable";
    case Code::timeout:
      return "timeout";
    case Code::exhausted:
      return "exhausted";
    case Code::cancelled:
      return "cancelled";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this must hold but does not: %s\n", file, line, expression);
  std::abort();
}

}  // namespace ocelli::base
