#include "infer/onnx_provider.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <onnxruntime_c_api.h>

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;

/// As ONNX Runtime calls it.
std::string_view library_name(Provider provider) {
  switch (provider) {
    case Provider::cpu:
      return "CPUExecutionProvider";
    case Provider::cuda:
      return "CUDAExecutionProvider";
    case Provider::tensorrt:
      return "TensorrtExecutionProvider";
    case Provider::openvino:
      return "OpenVINOExecutionProvider";
  }
  return "";
}

std::string_view advice(Provider provider) {
  return provider == Provider::openvino ? "name the library of the package onnxruntime-openvino in OCELLI_ONNXRUNTIME"
                                        : "name the library of the package onnxruntime-gpu in OCELLI_ONNXRUNTIME";
}

/// The first line of why a call failed; frees the status.
base::Status outcome(const OrtApi& api, OrtStatus* status, Provider provider) {
  if (status == nullptr) return {};
  std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  message.resize(std::min(message.find('\n'), message.size()));
  return Error(Code::unavailable, fmt::format("{} cannot be used: {}", provider_name(provider), message));
}

base::Status check_built_in(const OrtApi& api, Provider provider) {
  char** names = nullptr;
  int count = 0;
  OC_TRY_STATUS(outcome(api, api.GetAvailableProviders(&names, &count), provider));
  const bool found =
      std::any_of(names, names + count, [&](const char* name) { return name == library_name(provider); });
  api.ReleaseStatus(api.ReleaseAvailableProviders(names, count));
  if (found) return {};
  return Error(Code::unsupported,
               fmt::format("this ONNX Runtime has no {}: {}", provider_name(provider), advice(provider)));
}

OrtStatus* append_cuda(const OrtApi& api, OrtSessionOptions& options) {
  OrtCUDAProviderOptionsV2* cuda = nullptr;
  if (OrtStatus* status = api.CreateCUDAProviderOptions(&cuda); status != nullptr) return status;
  OrtStatus* status = api.SessionOptionsAppendExecutionProvider_CUDA_V2(&options, cuda);
  api.ReleaseCUDAProviderOptions(cuda);
  return status;
}

OrtStatus* append_tensorrt(const OrtApi& api, OrtSessionOptions& options) {
  OrtTensorRTProviderOptionsV2* tensorrt = nullptr;
  if (OrtStatus* status = api.CreateTensorRTProviderOptions(&tensorrt); status != nullptr) return status;
  OrtStatus* status = api.SessionOptionsAppendExecutionProvider_TensorRT_V2(&options, tensorrt);
  api.ReleaseTensorRTProviderOptions(tensorrt);
  // What TensorRT does not know stays on the GPU.
  return status != nullptr ? status : append_cuda(api, options);
}

OrtStatus* append(const OrtApi& api, OrtSessionOptions& options, Provider provider) {
  switch (provider) {
    case Provider::cpu:
      return nullptr;  // always there
    case Provider::cuda:
      return append_cuda(api, options);
    case Provider::tensorrt:
      return append_tensorrt(api, options);
    case Provider::openvino:
      return api.SessionOptionsAppendExecutionProvider_OpenVINO_V2(&options, nullptr, nullptr, 0);
  }
  return nullptr;
}

}  // namespace

base::Status append_provider(const OrtApi& api, OrtSessionOptions& options, Provider provider) {
  OC_TRY_STATUS(check_built_in(api, provider));
  return outcome(api, append(api, options, provider), provider);
}

}  // namespace ocelli::infer
