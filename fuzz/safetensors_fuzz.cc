// Any bytes as a file of weights: tensors that lie within it, or an error of one line that names the file. A network
// that loads also runs.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "infer/tcn_stream.h"

namespace {

using namespace ocelli;

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;  // of rings: what a step may cost here

void check_error(const base::Error& error) {
  OC_CHECK(error.message().starts_with("file.safetensors: ") && error.message().size() < 400);
  OC_CHECK(error.message().find('\n') == std::string::npos);
}

void run(const std::shared_ptr<const infer::Tcn>& network) {
  if (network->spec().receptive_field() > 1000) return;
  auto stream = infer::TcnStream::create(network);
  OC_CHECK(stream.has_value());
  if (stream->bytes() > kMostBytes) return;
  const std::vector<float> step(network->spec().features.size(), 1);
  for (int i = 0; i < 3; ++i) OC_CHECK(stream->push(step).size() == network->spec().classes.size());
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto file = infer::Safetensors::parse(bytes, "file.safetensors");
  if (!file) {
    check_error(file.error());
    return 0;
  }
  for (const auto& [name, tensor] : file->tensors()) {
    OC_CHECK(tensor.begin <= size && tensor.bytes <= size - tensor.begin);
    if (const auto values = file->floats(name, tensor.shape)) OC_CHECK(values->size() * sizeof(float) == tensor.bytes);
  }
  const auto network = infer::Tcn::create(*file);
  if (network) {
    run(*network);
  } else {
    check_error(network.error());
  }
  return 0;
}
