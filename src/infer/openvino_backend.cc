#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <openvino/openvino.hpp>  // IWYU pragma: keep
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "infer/backend.h"

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;

constexpr const char* kDevice = "CPU";

/// The first line of what the library complained of.
std::string reason_of(const std::exception& exception) {
  const std::string text = exception.what();
  const auto begin = text.find_last_of(':', text.find_last_not_of(" \n:"));
  std::string last = begin == std::string::npos ? text : text.substr(begin + 1);
  std::replace(last.begin(), last.end(), '\n', ' ');
  return last;
}

/// Calls into the library, whose exceptions end here.
template <class Call>
auto guarded(Code code, const std::string& what, Call&& call) -> base::Result<decltype(call())> {
  try {
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      return {};
    } else {
      return call();
    }
  } catch (const std::exception& exception) {
    return Error(code, what + ": " + reason_of(exception));
  }
}

base::Result<ElementType> our_type(const ov::element::Type& type, const std::string& name) {
  if (type == ov::element::f32) return ElementType::float32;
  if (type == ov::element::f16) return ElementType::float16;
  if (type == ov::element::u8) return ElementType::uint8;
  if (type == ov::element::i8) return ElementType::int8;
  if (type == ov::element::i32) return ElementType::int32;
  if (type == ov::element::i64) return ElementType::int64;
  return Error(Code::unsupported, "tensor " + name + " has an element type that ocelli does not bind");
}

/// As the ONNX file calls it: the model may have made further names of its own.
std::string name_of(const ov::Output<const ov::Node>& port) {
  return port.get_names().empty() ? port.get_node()->get_friendly_name() : port.get_any_name();
}

base::Result<TensorSpec> describe(const ov::Output<const ov::Node>& port) {
  TensorSpec spec;
  spec.name = name_of(port);
  OC_TRY(spec.type, our_type(port.get_element_type(), spec.name));
  for (const auto& dimension : port.get_partial_shape()) {
    spec.shape.push_back(dimension.is_static() ? dimension.get_length() : -1);
  }
  return spec;
}

class OpenVinoBinding final : public Binding {
 public:
  explicit OpenVinoBinding(ov::InferRequest request) : request_(std::move(request)) {}
  TensorBuffer& input(std::size_t index) override { return inputs_[index]; }
  const TensorBuffer& output(std::size_t index) const override { return outputs_[index]; }

 private:
  friend class OpenVinoSession;
  std::vector<TensorBuffer> inputs_;
  std::vector<TensorBuffer> outputs_;
  ov::InferRequest request_;  // looks at the buffers, so it goes before them
};

class OpenVinoSession final : public Session {
 public:
  explicit OpenVinoSession(ov::CompiledModel model) : model_(std::move(model)) {}

  base::Status describe_ports() {
    for (const auto& port : model_.inputs()) {
      OC_TRY(auto spec, describe(port));
      inputs_.push_back(std::move(spec));
    }
    for (const auto& port : model_.outputs()) {
      OC_TRY(auto spec, describe(port));
      outputs_.push_back(std::move(spec));
    }
    return {};
  }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  base::Result<std::unique_ptr<Binding>> make_binding() override;
  base::Status run(Binding& binding) override;

 private:
  using Ports = std::vector<ov::Output<const ov::Node>>;
  static base::Status bind(OpenVinoBinding& binding, const Ports& ports, const std::vector<TensorSpec>& specs,
                           std::vector<TensorBuffer>& buffers);

  ov::CompiledModel model_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
};

base::Status OpenVinoSession::bind(OpenVinoBinding& binding, const Ports& ports, const std::vector<TensorSpec>& specs,
                                   std::vector<TensorBuffer>& buffers) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].get_partial_shape().is_dynamic()) {
      return Error(Code::unsupported, "tensor " + specs[i].to_string() + " has an open size besides the batch");
    }
    OC_TRY(auto buffer, TensorBuffer::allocate(specs[i].bytes()));
    OC_TRY_STATUS(guarded(Code::internal, "cannot bind " + specs[i].to_string(), [&] {
      binding.request_.set_tensor(ports[i],
                                  ov::Tensor(ports[i].get_element_type(), ports[i].get_shape(), buffer.data()));
    }));
    buffers.push_back(std::move(buffer));
  }
  return {};
}

base::Result<std::unique_ptr<Binding>> OpenVinoSession::make_binding() {
  OC_TRY(auto request, guarded(Code::internal, "infer request", [&] { return model_.create_infer_request(); }));
  auto binding = std::make_unique<OpenVinoBinding>(std::move(request));
  OC_TRY_STATUS(bind(*binding, model_.inputs(), inputs_, binding->inputs_));
  OC_TRY_STATUS(bind(*binding, model_.outputs(), outputs_, binding->outputs_));
  return std::unique_ptr<Binding>(std::move(binding));
}

base::Status OpenVinoSession::run(Binding& binding) {
  return guarded(Code::internal, "inference failed", [&] { static_cast<OpenVinoBinding&>(binding).request_.infer(); });
}

/// Runs of one session go side by side on streams of as many threads as a run is to have.
ov::AnyMap properties_of(const SessionConfig& config) {
  const int threads = config.intra_op_threads > 0 ? config.intra_op_threads : default_intra_op_threads();
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int streams = std::max(1, cores / threads);
  // Without a hint OpenVINO takes bf16 wherever the processor has it: that is for the user to say.
  const auto precision = config.precision == Precision::bf16 ? ov::element::bf16 : ov::element::f32;
  return {ov::hint::inference_precision(precision), ov::inference_num_threads(threads * streams),
          ov::num_streams(ov::streams::Num(streams)), ov::hint::enable_cpu_pinning(false)};
}

class OpenVinoBackend final : public Backend {
 public:
  std::string description() const override {
    const std::string build = ov::get_openvino_version().buildNumber;  // "2026.4.1-22982-…"
    return "OpenVINO " + build.substr(0, build.find('-')) + ", CPU";
  }
  base::Status check_precision(Precision precision) const override;
  base::Result<std::unique_ptr<Session>> load(const std::string& path, const SessionConfig& config) override;

 private:
  // Reading and compiling are thread-safe by the library's word.
  mutable ov::Core core_;
};

base::Status OpenVinoBackend::check_precision(Precision precision) const {
  if (precision != Precision::bf16) return {};
  OC_TRY(const auto capabilities, guarded(Code::unavailable, "cannot ask OpenVINO what the processor can do",
                                          [&] { return core_.get_property(kDevice, ov::device::capabilities); }));
  if (std::find(capabilities.begin(), capabilities.end(), ov::device::capability::BF16) != capabilities.end())
    return {};
  return Error(Code::unsupported, "this processor does not compute with bf16");
}

base::Result<std::unique_ptr<Session>> OpenVinoBackend::load(const std::string& path, const SessionConfig& config) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Error(Code::not_found, "no model file at " + path);
  OC_TRY_STATUS(check_precision(config.precision));
  const std::string what = path + " is not a model that OpenVINO can load";
  OC_TRY(auto compiled, guarded(Code::corrupt, what, [&] {
           const auto model = core_.read_model(path);
           std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
           for (const auto& input : model->inputs()) {
             auto shape = input.get_partial_shape();
             if (shape.rank().is_static() && shape.size() > 0 && shape[0].is_dynamic()) shape[0] = 1;  // the batch
             shapes[input] = shape;
           }
           model->reshape(shapes);
           return core_.compile_model(model, kDevice, properties_of(config));
         }));
  auto session = std::make_unique<OpenVinoSession>(std::move(compiled));
  OC_TRY_STATUS(session->describe_ports());
  return std::unique_ptr<Session>(std::move(session));
}

}  // namespace

base::Result<std::shared_ptr<Backend>> make_openvino_backend() {
  return guarded(Code::unavailable, "cannot start OpenVINO",
                 [] { return std::shared_ptr<Backend>(std::make_shared<OpenVinoBackend>()); });
}

}  // namespace ocelli::infer
