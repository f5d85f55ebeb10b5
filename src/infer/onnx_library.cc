#include "infer/onnx_library.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <vector>

#include <onnxruntime_c_api.h>

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;

constexpr const char* kFileName = "libonnxruntime.so.1";

std::vector<std::string> places(const std::string& wanted) {
  if (!wanted.empty()) return {wanted};
  if (const char* named = std::getenv("OCELLI_ONNXRUNTIME"); named != nullptr && *named != '\0') return {named};
  std::vector<std::string> result;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!program.empty()) {
    result.push_back((program.parent_path() / kFileName).string());
    result.push_back((program.parent_path().parent_path() / "lib" / "ocelli" / kFileName).string());
  }
  if (const std::string built_with = OCELLI_ONNXRUNTIME_LIBRARY; !built_with.empty()) result.push_back(built_with);
  result.emplace_back(kFileName);  // the system's search path
  return result;
}

}  // namespace

base::Result<OnnxLibrary> OnnxLibrary::load(const std::string& wanted) {
  std::string tried;
  for (const auto& place : places(wanted)) {
    void* handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* reason = dlerror();
      tried += "; " + std::string(reason != nullptr ? reason : place.c_str());
      continue;
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): dlsym gives void*.
    const auto get_base = reinterpret_cast<const OrtApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
    const OrtApiBase* base = get_base != nullptr ? get_base() : nullptr;
    const OrtApi* api = base != nullptr ? base->GetApi(ORT_API_VERSION) : nullptr;
    if (api == nullptr) {
      tried += "; " + place + " is older than API version " + std::to_string(ORT_API_VERSION);
      dlclose(handle);
      continue;
    }
    return OnnxLibrary{api, base->GetVersionString(), place};
  }
  return Error(Code::unavailable,
               "cannot load ONNX Runtime: run scripts/setup, or name the library in OCELLI_ONNXRUNTIME (tried" +
                   tried.substr(1) + ")");
}

}  // namespace ocelli::infer
