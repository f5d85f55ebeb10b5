#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/binding_pool.h"
#include "infer/precision.h"
#include "infer/tensor.h"

namespace ocelli::infer {

/// What ONNX Runtime computes on. A property of the deployment, like the precision.
enum class Provider {
  cpu,  ///< always there
  cuda,
  tensorrt,  ///< with cuda for what it does not know
  openvino,  ///< ONNX Runtime's own, not BackendKind::openvino
};
/// "cpu", "cuda", "tensorrt", "openvino".
std::string_view provider_name(Provider provider);

/// What a session got.
struct ProviderUse {
  Provider provider = Provider::cpu;
  std::string reason;  ///< why it is not the one that was asked for; else empty
};

struct SessionConfig {
  /// Threads of one run; 0: default_intra_op_threads(), whose threads all such sessions share.
  int intra_op_threads = 0;
  /// What is computed with. Int8 lies in the weights, so that a backend makes no difference between it and fp32.
  Precision precision = Precision::fp32;
  /// What cannot be had is replaced by the processor; Session::provider() says why.
  Provider provider = Provider::cpu;
};

/// All cores up to four: measured on YOLOv8n, see docs/decisions/0004. Many streams in parallel do better with 1.
int default_intra_op_threads();

/// Input and output memory of one run, bound to the model once and used again for every run. May be destroyed after its
/// session.
class Binding {
 public:
  virtual ~Binding() = default;
  virtual TensorBuffer& input(std::size_t index) = 0;
  virtual const TensorBuffer& output(std::size_t index) const = 0;
};

/// A tensor that the runtime wrote, with the shape that it had in this run.
struct TensorView {
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;

  std::size_t element_count() const;
  /// Of one whose type is float32; empty otherwise.
  std::span<const float> floats() const;
};

/// Memory of one caller whose runs differ in shape, for models that leave sizes open. Inputs grow to the largest shape
/// they ever had and are used again; outputs are the runtime's, from the arena that all sessions share, since their
/// shape is known only after the run. One thread at a time.
class OpenBinding {
 public:
  virtual ~OpenBinding() = default;
  /// Memory for an input of this shape, 64-byte aligned, valid until the next call for the same input. Its contents are
  /// whatever was there; a shape that needs no more memory than an earlier one gets the same. `invalid` for a size
  /// below 1.
  virtual base::Result<void*> shape_input(std::size_t index, std::span<const std::int64_t> shape) = 0;
  /// Blocks for one run. `internal` when the model does not take these shapes.
  virtual base::Status run() = 0;
  /// What the last run left; valid until the next.
  virtual const TensorView& output(std::size_t index) const = 0;
};

/// A loaded model. Thread-safe: any number of bindings may run at once.
class Session {
 public:
  virtual ~Session() = default;
  virtual const std::vector<TensorSpec>& inputs() const = 0;
  virtual const std::vector<TensorSpec>& outputs() const = 0;
  /// Preallocated, aligned, bound: the runtime reads and writes this memory in place. Of one's own: see
  /// lease_binding().
  virtual base::Result<std::unique_ptr<Binding>> make_binding() = 0;
  /// A binding for the run at hand, from those that the callers of this session share.
  base::Result<BindingLease> lease_binding() {
    return bindings_.take([this] { return make_binding(); });
  }
  BindingPool& bindings() { return bindings_; }
  /// Blocks for one run over the binding's memory.
  virtual base::Status run(Binding& binding) = 0;
  virtual ProviderUse provider() const { return {}; }
  /// The session outlives it. `unsupported` where the runtime wants fixed shapes.
  virtual base::Result<std::unique_ptr<OpenBinding>> make_open_binding();
  /// What the model's file says under a key of its own, e.g. a recogniser's characters; `not_found` when nothing.
  virtual base::Result<std::string> metadata(const std::string& key) const;

 private:
  BindingPool bindings_;
};

enum class BackendKind {
  onnx_runtime,  ///< the default, in every build
  openvino,      ///< in builds with OCELLI_WITH_OPENVINO
};
/// "onnxruntime", "openvino".
std::string_view backend_name(BackendKind kind);

/// A runtime that can load models. Sessions share its environment, memory arena and threads and keep it alive.
/// Thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;
  /// e.g. "ONNX Runtime 1.27.0, CPU".
  virtual std::string description() const = 0;
  /// `unsupported`, with the reason, for a precision that this runtime or processor does not compute with.
  virtual base::Status check_precision(Precision precision) const {
    if (precision != Precision::bf16) return {};
    return base::Error(base::Code::unsupported, description() + " does not compute with bf16");
  }
  /// Why SessionConfig::provider would be replaced by the processor.
  virtual base::Status check_provider(Provider provider) const {
    if (provider == Provider::cpu) return {};
    return base::Error(base::Code::unsupported, description() + " has no providers");
  }
  /// `corrupt` when the file is not a model, `unsupported` when its shapes or types are not what we can bind.
  virtual base::Result<std::unique_ptr<Session>> load(const std::string& path, const SessionConfig& config) = 0;
};

/// Loads ONNX Runtime's shared library: `library` if given, else $OCELLI_ONNXRUNTIME, else the one beside the program,
/// else the one found when ocelli was built, else the system's. `unavailable` names every place that was tried.
base::Result<std::shared_ptr<Backend>> make_onnx_backend(const std::string& library = "");

/// `unsupported` when this build has none; says how to get one that has.
base::Result<std::shared_ptr<Backend>> make_openvino_backend();

base::Result<std::shared_ptr<Backend>> make_backend(BackendKind kind);

}  // namespace ocelli::infer
