#include "base/processor.h"

#include <fstream>
#include <sys/utsname.h>

namespace ocelli::base {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  utsname machine{};
  uname(&machine);
  return machine.machine;
}

}  // namespace ocelli::base
