#include "infer/backend.h"

#include <algorithm>
#include <numeric>
#include <thread>

namespace ocelli::infer {
namespace {

constexpr int kMostIntraOpThreads = 4;

}  // namespace

int default_intra_op_threads() {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores, 1, kMostIntraOpThreads);
}

std::string_view backend_name(BackendKind kind) {
  switch (kind) {
    case BackendKind::onnx_runtime:
      return "onnxruntime";
    case BackendKind::openvino:
      return "openvino";
  }
  return "";
}

std::string_view provider_name(Provider provider) {
  switch (provider) {
    case Provider::cpu:
      return "cpu";
    case Provider::cuda:
      return "cuda";
    case Provider::tensorrt:
      return "tensorrt";
    case Provider::openvino:
      return "openvino";
  }
  return "";
}

base::Result<std::shared_ptr<Backend>> make_backend(BackendKind kind) {
  return kind == BackendKind::openvino ? make_openvino_backend() : make_onnx_backend();
}

#ifndef OCELLI_OPENVINO
base::Result<std::shared_ptr<Backend>> make_openvino_backend() {
  return base::Error(base::Code::unsupported,
                     "this build has no OpenVINO: configure it with -DOCELLI_WITH_OPENVINO=ON");
}
#endif

std::size_t TensorView::element_count() const {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, [](std::size_t count, std::int64_t dimension) {
    return count * static_cast<std::size_t>(dimension);
  });
}

std::span<const float> TensorView::floats() const {
  if (type != ElementType::float32 || data == nullptr) return {};
  return {static_cast<const float*>(data), element_count()};
}

base::Result<std::unique_ptr<OpenBinding>> Session::make_open_binding() {
  return base::Error(base::Code::unsupported, "this runtime takes models of fixed sizes only");
}

base::Result<std::string> Session::metadata(const std::string& key) const {
  return base::Error(base::Code::not_found, "the model's file says nothing of '" + key + "'");
}

}  // namespace ocelli::infer
