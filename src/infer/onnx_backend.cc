#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include <onnxruntime_c_api.h>

#include "infer/backend.h"
#include "infer/onnx_library.h"
#include "infer/onnx_provider.h"

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;

/// The library has no code for it: these are the words of its allocators, and of the standard library's.
bool is_out_of_memory(std::string_view message) {
  const auto says = [message](std::string_view words) { return message.find(words) != std::string_view::npos; };
  return says("bad_alloc") || says("Failed to allocate memory") || says("Available memory of") ||
         says("Cannot allocate memory");  // of the system, when a thread cannot be made
}

/// A library function's verdict as a Status; frees it.
base::Status checked(const OrtApi& api, OrtStatus* status, const std::string& what) {
  if (status == nullptr) return {};
  std::string message = api.GetErrorMessage(status);
  const OrtErrorCode code = api.GetErrorCode(status);
  api.ReleaseStatus(status);
  message.resize(std::min(message.find('\n'), message.size()));
  if (is_out_of_memory(message)) return Error(Code::exhausted, what + ": " + message);
  switch (code) {
    case ORT_NO_SUCHFILE:
      return Error(Code::not_found, what + ": " + message);
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
    case ORT_NO_MODEL:
      return Error(Code::corrupt, what + ": " + message);
    case ORT_NOT_IMPLEMENTED:
      return Error(Code::unsupported, what + ": " + message);
    default:
      return Error(Code::internal, what + ": " + message);
  }
}

/// Owns one of the library's objects.
template <class T>
struct Release {
  void (*release)(T*) = nullptr;
  void operator()(T* object) const { release(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Release<T>>;
template <class T>
Owned<T> own(T* object, void (*release)(T*)) {
  return Owned<T>(object, Release<T>{release});
}

struct Environment {
  OnnxLibrary library;
  Owned<OrtEnv> env;
  Owned<OrtMemoryInfo> cpu_memory;
};

/// One pool of threads for all sessions. With one each, those of the last run would spin on cores that the next one
/// needs: three models in turns took twice as long (bench/thread_bench, docs/decisions/0004).
base::Result<Owned<OrtEnv>> start_runtime(const OrtApi& api) {
  OrtThreadingOptions* threads = nullptr;
  OC_TRY_STATUS(checked(api, api.CreateThreadingOptions(&threads), "thread options"));
  const auto owned_threads = own(threads, api.ReleaseThreadingOptions);
  OC_TRY_STATUS(checked(api, api.SetGlobalIntraOpNumThreads(threads, default_intra_op_threads()), "intra-op threads"));
  OC_TRY_STATUS(checked(api, api.SetGlobalInterOpNumThreads(threads, 1), "inter-op threads"));
  OC_TRY_STATUS(checked(api, api.SetGlobalSpinControl(threads, 1), "idle threads"));
  OrtEnv* env = nullptr;
  OC_TRY_STATUS(checked(api, api.CreateEnvWithGlobalThreadPools(ORT_LOGGING_LEVEL_ERROR, "ocelli", threads, &env),
                        "cannot start ONNX Runtime"));
  return own(env, api.ReleaseEnv);
}

base::Result<std::shared_ptr<const Environment>> make_environment(const std::string& library_path) {
  OC_TRY(auto library, OnnxLibrary::load(library_path));
  const OrtApi& api = *library.api;
  OC_TRY(auto owned_env, start_runtime(api));
  OrtEnv* const env = owned_env.get();
  OC_TRY_STATUS(checked(api, api.DisableTelemetryEvents(env), "cannot switch telemetry off"));
  OrtMemoryInfo* memory = nullptr;
  OC_TRY_STATUS(checked(api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory), "memory info"));
  auto owned_memory = own(memory, api.ReleaseMemoryInfo);
  // One arena for all sessions, instead of one each that keeps its own peak.
  OC_TRY_STATUS(checked(api, api.CreateAndRegisterAllocator(env, memory, nullptr), "cannot share the memory arena"));
  return std::make_shared<const Environment>(
      Environment{std::move(library), std::move(owned_env), std::move(owned_memory)});
}

base::Result<ElementType> our_type(ONNXTensorElementDataType type, const std::string& name) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
      return ElementType::float32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
      return ElementType::float16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
      return ElementType::uint8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8:
      return ElementType::int8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
      return ElementType::int32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
      return ElementType::int64;
    default:
      return Error(Code::unsupported, "tensor " + name + " has an element type that ocelli does not bind");
  }
}

ONNXTensorElementDataType their_type(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    case ElementType::float16:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
    case ElementType::uint8:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
    case ElementType::int8:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8;
    case ElementType::int32:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
    case ElementType::int64:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
  }
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

/// Aligned memory together with the runtime's view of it.
struct BoundTensor {
  TensorBuffer buffer;
  Owned<OrtValue> value;
};

class OnnxBinding final : public Binding {
 public:
  explicit OnnxBinding(std::shared_ptr<const Environment> environment) : environment_(std::move(environment)) {}
  TensorBuffer& input(std::size_t index) override { return inputs_[index].buffer; }
  const TensorBuffer& output(std::size_t index) const override { return outputs_[index].buffer; }

 private:
  friend class OnnxSession;
  std::shared_ptr<const Environment>
      environment_;  // co-owned with the session, which may be gone before the values are
  std::vector<BoundTensor> inputs_;
  std::vector<BoundTensor> outputs_;
  std::vector<const OrtValue*> input_values_;
  std::vector<OrtValue*> output_values_;
};

class OnnxSession final : public Session {
 public:
  OnnxSession(std::shared_ptr<const Environment> environment, Owned<OrtSession> session, ProviderUse provider)
      : environment_(std::move(environment)), session_(std::move(session)), provider_(std::move(provider)) {}

  base::Status describe();
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  base::Result<std::unique_ptr<Binding>> make_binding() override;
  base::Status run(Binding& binding) override;
  ProviderUse provider() const override { return provider_; }
  base::Result<std::unique_ptr<OpenBinding>> make_open_binding() override;
  base::Result<std::string> metadata(const std::string& key) const override;

 private:
  friend class OnnxOpenBinding;
  using GetName = OrtStatus* (*)(const OrtSession*, size_t, OrtAllocator*, char**);
  using GetType = OrtStatus* (*)(const OrtSession*, size_t, OrtTypeInfo**);
  base::Result<TensorSpec> describe_tensor(std::size_t index, GetName get_name, GetType get_type) const;
  base::Result<BoundTensor> bind(const TensorSpec& spec) const;
  const OrtApi& api() const { return *environment_->library.api; }

  std::shared_ptr<const Environment> environment_;  // co-owned with the backend and its other sessions
  Owned<OrtSession> session_;
  const ProviderUse provider_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;
};

base::Result<TensorSpec> OnnxSession::describe_tensor(std::size_t index, GetName get_name, GetType get_type) const {
  OrtAllocator* allocator = nullptr;
  OC_TRY_STATUS(checked(api(), api().GetAllocatorWithDefaultOptions(&allocator), "allocator"));
  char* name = nullptr;
  OC_TRY_STATUS(checked(api(), get_name(session_.get(), index, allocator, &name), "tensor name"));
  TensorSpec spec;
  spec.name = name;
  allocator->Free(allocator, name);
  OrtTypeInfo* type_info = nullptr;
  OC_TRY_STATUS(checked(api(), get_type(session_.get(), index, &type_info), "tensor type"));
  const auto owned_type = own(type_info, api().ReleaseTypeInfo);
  const OrtTensorTypeAndShapeInfo* shape_info = nullptr;
  OC_TRY_STATUS(checked(api(), api().CastTypeInfoToTensorInfo(type_info, &shape_info), "tensor shape"));
  if (shape_info == nullptr) return Error(Code::unsupported, "input or output " + spec.name + " is not a tensor");
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  OC_TRY_STATUS(checked(api(), api().GetTensorElementType(shape_info, &element), "element type"));
  OC_TRY(spec.type, our_type(element, spec.name));
  std::size_t dimensions = 0;
  OC_TRY_STATUS(checked(api(), api().GetDimensionsCount(shape_info, &dimensions), "dimensions"));
  spec.shape.resize(dimensions);
  OC_TRY_STATUS(checked(api(), api().GetDimensions(shape_info, spec.shape.data(), dimensions), "dimensions"));
  return spec;
}

base::Status OnnxSession::describe() {
  std::size_t count = 0;
  OC_TRY_STATUS(checked(api(), api().SessionGetInputCount(session_.get(), &count), "inputs"));
  for (std::size_t i = 0; i < count; ++i) {
    OC_TRY(auto spec, describe_tensor(i, api().SessionGetInputName, api().SessionGetInputTypeInfo));
    inputs_.push_back(std::move(spec));
  }
  OC_TRY_STATUS(checked(api(), api().SessionGetOutputCount(session_.get(), &count), "outputs"));
  for (std::size_t i = 0; i < count; ++i) {
    OC_TRY(auto spec, describe_tensor(i, api().SessionGetOutputName, api().SessionGetOutputTypeInfo));
    outputs_.push_back(std::move(spec));
  }
  for (const auto& spec : inputs_) input_names_.push_back(spec.name.c_str());
  for (const auto& spec : outputs_) output_names_.push_back(spec.name.c_str());
  return {};
}

base::Result<BoundTensor> OnnxSession::bind(const TensorSpec& spec) const {
  std::vector<std::int64_t> shape = spec.shape;
  if (!shape.empty() && shape[0] < 0) shape[0] = 1;  // the batch
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t dimension) { return dimension < 0; })) {
    return Error(Code::unsupported, "tensor " + spec.to_string() + " has an open size besides the batch");
  }
  OC_TRY(auto buffer, TensorBuffer::allocate(spec.bytes()));
  OrtValue* value = nullptr;
  OC_TRY_STATUS(
      checked(api(),
              api().CreateTensorWithDataAsOrtValue(environment_->cpu_memory.get(), buffer.data(), buffer.bytes(),
                                                   shape.data(), shape.size(), their_type(spec.type), &value),
              "cannot bind " + spec.to_string()));
  return BoundTensor{std::move(buffer), own(value, api().ReleaseValue)};
}

base::Result<std::unique_ptr<Binding>> OnnxSession::make_binding() {
  auto binding = std::make_unique<OnnxBinding>(environment_);
  for (const auto& spec : inputs_) {
    OC_TRY(auto tensor, bind(spec));
    binding->input_values_.push_back(tensor.value.get());
    binding->inputs_.push_back(std::move(tensor));
  }
  for (const auto& spec : outputs_) {
    OC_TRY(auto tensor, bind(spec));
    binding->output_values_.push_back(tensor.value.get());
    binding->outputs_.push_back(std::move(tensor));
  }
  return std::unique_ptr<Binding>(std::move(binding));
}

base::Status OnnxSession::run(Binding& binding) {
  auto& bound = static_cast<OnnxBinding&>(binding);
  return checked(
      api(),
      api().Run(session_.get(), nullptr, input_names_.data(), bound.input_values_.data(), bound.input_values_.size(),
                output_names_.data(), output_names_.size(), bound.output_values_.data()),
      "inference failed");
}

base::Result<std::string> OnnxSession::metadata(const std::string& key) const {
  OrtAllocator* allocator = nullptr;
  OC_TRY_STATUS(checked(api(), api().GetAllocatorWithDefaultOptions(&allocator), "allocator"));
  OrtModelMetadata* metadata = nullptr;
  OC_TRY_STATUS(checked(api(), api().SessionGetModelMetadata(session_.get(), &metadata), "model metadata"));
  const auto owned = own(metadata, api().ReleaseModelMetadata);
  char* value = nullptr;
  OC_TRY_STATUS(checked(api(), api().ModelMetadataLookupCustomMetadataMap(metadata, allocator, key.c_str(), &value),
                        "model metadata"));
  if (value == nullptr) return Session::metadata(key);
  std::string text = value;
  allocator->Free(allocator, value);
  return text;
}

class OnnxOpenBinding final : public OpenBinding {
 public:
  explicit OnnxOpenBinding(const OnnxSession& session)
      : session_(session),
        inputs_(session.inputs().size()),
        input_values_(inputs_.size()),
        output_values_(session.outputs().size()),
        outputs_(session.outputs().size()) {}
  ~OnnxOpenBinding() override { release_outputs(); }
  OnnxOpenBinding(const OnnxOpenBinding&) = delete;
  OnnxOpenBinding& operator=(const OnnxOpenBinding&) = delete;

  base::Result<void*> shape_input(std::size_t index, std::span<const std::int64_t> shape) override;
  base::Status run() override;
  const TensorView& output(std::size_t index) const override { return outputs_[index]; }

 private:
  struct Input {
    std::unique_ptr<TensorBuffer> buffer;
    Owned<OrtValue> value;
    std::vector<std::int64_t> shape;
  };
  void release_outputs();
  base::Status read_output(std::size_t index);

  const OnnxSession& session_;
  std::vector<Input> inputs_;
  std::vector<const OrtValue*> input_values_;
  std::vector<OrtValue*> output_values_;
  std::vector<TensorView> outputs_;
};

base::Result<void*> OnnxOpenBinding::shape_input(std::size_t index, std::span<const std::int64_t> shape) {
  Input& input = inputs_[index];
  if (input.value && std::equal(shape.begin(), shape.end(), input.shape.begin(), input.shape.end())) {
    return input.buffer->data();
  }
  TensorSpec spec = session_.inputs()[index];
  spec.shape.assign(shape.begin(), shape.end());
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t dimension) { return dimension < 1; })) {
    return Error(Code::invalid, "no input can be " + spec.to_string());
  }
  if (!input.buffer || input.buffer->bytes() < spec.bytes()) {
    OC_TRY(auto buffer, TensorBuffer::allocate(spec.bytes()));
    input.buffer = std::make_unique<TensorBuffer>(std::move(buffer));
  }
  const OrtApi& api = session_.api();
  OrtValue* value = nullptr;
  OC_TRY_STATUS(checked(
      api,
      api.CreateTensorWithDataAsOrtValue(session_.environment_->cpu_memory.get(), input.buffer->data(), spec.bytes(),
                                         spec.shape.data(), spec.shape.size(), their_type(spec.type), &value),
      "cannot bind " + spec.to_string()));
  input.value = own(value, api.ReleaseValue);
  input.shape = std::move(spec.shape);
  input_values_[index] = value;
  return input.buffer->data();
}

void OnnxOpenBinding::release_outputs() {
  for (OrtValue*& value : output_values_) {
    if (value != nullptr) session_.api().ReleaseValue(value);
    value = nullptr;
  }
}

base::Status OnnxOpenBinding::read_output(std::size_t index) {
  const OrtApi& api = session_.api();
  TensorView& view = outputs_[index];
  OrtTensorTypeAndShapeInfo* info = nullptr;
  OC_TRY_STATUS(checked(api, api.GetTensorTypeAndShape(output_values_[index], &info), "output shape"));
  const auto owned = own(info, api.ReleaseTensorTypeAndShapeInfo);
  std::size_t dimensions = 0;
  OC_TRY_STATUS(checked(api, api.GetDimensionsCount(info, &dimensions), "output shape"));
  view.shape.resize(dimensions);
  OC_TRY_STATUS(checked(api, api.GetDimensions(info, view.shape.data(), dimensions), "output shape"));
  void* data = nullptr;
  OC_TRY_STATUS(checked(api, api.GetTensorMutableData(output_values_[index], &data), "output"));
  view.type = session_.outputs()[index].type;
  view.data = data;
  return {};
}

base::Status OnnxOpenBinding::run() {
  if (std::any_of(input_values_.begin(), input_values_.end(), [](const OrtValue* value) { return value == nullptr; })) {
    return Error(Code::internal, "an input of the model has no shape yet");
  }
  release_outputs();
  const OrtApi& api = session_.api();
  OC_TRY_STATUS(checked(
      api,
      api.Run(session_.session_.get(), nullptr, session_.input_names_.data(), input_values_.data(),
              input_values_.size(), session_.output_names_.data(), output_values_.size(), output_values_.data()),
      "inference failed"));
  for (std::size_t i = 0; i < outputs_.size(); ++i) OC_TRY_STATUS(read_output(i));
  return {};
}

base::Result<std::unique_ptr<OpenBinding>> OnnxSession::make_open_binding() {
  return std::unique_ptr<OpenBinding>(std::make_unique<OnnxOpenBinding>(*this));
}

class OnnxBackend final : public Backend {
 public:
  explicit OnnxBackend(std::shared_ptr<const Environment> environment) : environment_(std::move(environment)) {}

  std::string description() const override { return "ONNX Runtime " + environment_->library.version + ", CPU"; }
  base::Status check_provider(Provider provider) const override;
  base::Result<std::unique_ptr<Session>> load(const std::string& path, const SessionConfig& config) override;

 private:
  base::Result<Owned<OrtSessionOptions>> make_options(const SessionConfig& config) const;
  base::Result<Owned<OrtSession>> create_session(const std::string& path, const SessionConfig& config) const;

  std::shared_ptr<const Environment> environment_;  // co-owned with the sessions
};

/// A run on one thread is the caller's alone; one on as many as the pool has shares that. Any other number gets threads
/// of its own, which must not spin, for the reason above.
base::Status set_threads(const OrtApi& api, OrtSessionOptions& options, int threads) {
  const bool shares = threads != 1 && (threads <= 0 || threads == default_intra_op_threads());
  if (shares) return checked(api, api.DisablePerSessionThreads(&options), "shared threads");
  OC_TRY_STATUS(checked(api, api.SetIntraOpNumThreads(&options, threads), "intra-op threads"));
  return checked(api, api.AddSessionConfigEntry(&options, "session.intra_op.allow_spinning", "0"), "idle threads");
}

base::Result<Owned<OrtSessionOptions>> OnnxBackend::make_options(const SessionConfig& config) const {
  const OrtApi& api = *environment_->library.api;
  OrtSessionOptions* options = nullptr;
  OC_TRY_STATUS(checked(api, api.CreateSessionOptions(&options), "session options"));
  auto owned = own(options, api.ReleaseSessionOptions);
  OC_TRY_STATUS(checked(api, api.SetSessionExecutionMode(options, ORT_SEQUENTIAL), "execution mode"));
  OC_TRY_STATUS(checked(api, api.SetInterOpNumThreads(options, 1), "inter-op threads"));
  OC_TRY_STATUS(set_threads(api, *options, config.intra_op_threads));
  OC_TRY_STATUS(checked(api, api.SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL), "optimisation level"));
  OC_TRY_STATUS(checked(api, api.AddSessionConfigEntry(options, "session.use_env_allocators", "1"), "shared arena"));
  return owned;
}

base::Status OnnxBackend::check_provider(Provider provider) const {
  OC_TRY(const auto options, make_options({}));
  return append_provider(*environment_->library.api, *options, provider);
}

base::Result<Owned<OrtSession>> OnnxBackend::create_session(const std::string& path,
                                                            const SessionConfig& config) const {
  const OrtApi& api = *environment_->library.api;
  OC_TRY(auto options, make_options(config));
  OC_TRY_STATUS(append_provider(api, *options, config.provider));
  OrtSession* session = nullptr;
  auto status = checked(api, api.CreateSession(environment_->env.get(), path.c_str(), options.get(), &session),
                        path + " is not a model that ONNX Runtime can load");
  if (!status) {
    const bool ours = status.error().code() == Code::internal;  // its "FAIL" says nothing else than: cannot load
    return Error(ours ? Code::corrupt : status.error().code(), status.error().message());
  }
  return own(session, api.ReleaseSession);
}

base::Result<std::unique_ptr<Session>> OnnxBackend::load(const std::string& path, const SessionConfig& config) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Error(Code::not_found, "no model file at " + path);
  OC_TRY_STATUS(check_precision(config.precision));
  ProviderUse use{config.provider, {}};
  auto session = create_session(path, config);
  if (!session && config.provider != Provider::cpu) {
    // Whatever kept the device from it, the processor may do: a GPU without memory fails here, not before.
    use = {Provider::cpu, session.error().message()};
    SessionConfig on_processor = config;
    on_processor.provider = Provider::cpu;
    session = create_session(path, on_processor);
  }
  if (!session) return std::move(session).error();
  auto loaded = std::make_unique<OnnxSession>(environment_, *std::move(session), std::move(use));
  OC_TRY_STATUS(loaded->describe());
  return std::unique_ptr<Session>(std::move(loaded));
}

}  // namespace

base::Result<std::shared_ptr<Backend>> make_onnx_backend(const std::string& library) {
  OC_TRY(auto environment, make_environment(library));
  return std::shared_ptr<Backend>(std::make_shared<OnnxBackend>(std::move(environment)));
}

}  // namespace ocelli::infer
