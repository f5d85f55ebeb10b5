#include "infer/testing/tiny_tcn.h"

#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "infer/testing/onnx_writer.h"

namespace ocelli::infer::testing {

using nlohmann::json;

namespace {

std::vector<std::string> numbered(char letter, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(fmt::format("{}{}", letter, i));
  return names;
}

using AddLayer =
    std::function<void(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t taps)>;

/// Calls `add` for each layer that a network of this spec has.
void for_each_layer(const TcnSpec& spec, const AddLayer& add) {
  auto inputs = static_cast<std::int64_t>(spec.features.size());
  for (std::size_t i = 0; i < spec.channels.size(); ++i) {
    const std::string block = fmt::format("blocks.{}.", i);
    const std::int64_t outputs = spec.channels[i];
    add(block + "first", inputs, outputs, spec.kernel);
    add(block + "second", outputs, outputs, spec.kernel);
    if (inputs != outputs) add(block + "adapter", inputs, outputs, 1);
    inputs = outputs;
  }
  add("head", inputs, static_cast<std::int64_t>(spec.classes.size()), 1);
}

/// Writes the graph of a network, node by node.
class OnnxNetwork {
 public:
  OnnxNetwork(const Safetensors& file, const TcnSpec& spec) : file_(&file), spec_(&spec) {}

  void add(const std::string& type, const std::vector<std::string>& inputs, const std::string& output) {
    put_bytes(nodes_, 1, node(type, inputs, output));
  }
  void add_constant(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<float>& values) {
    put_bytes(constants_, 5, constant(name, shape, values));
  }
  /// Pads on the left only, by what the convolution looks back.
  void convolve(const std::string& name, const std::string& input, std::int64_t dilation, const std::string& output) {
    for (const char* part : {".weight", ".bias"}) {
      const auto& shape = file_->tensors().at(name + part).shape;
      add_constant(name + part, shape, *file_->floats(name + part, shape));
    }
    const auto taps = file_->tensors().at(name + ".weight").shape[2];
    std::string convolution = node("Conv", {input, name + ".weight", name + ".bias"}, output);
    put_attribute(convolution, "dilations", std::vector<int>{static_cast<int>(dilation)});
    put_attribute(convolution, "pads", std::vector<int>{static_cast<int>((taps - 1) * dilation), 0});
    put_bytes(nodes_, 1, convolution);
  }
  std::string block(std::size_t index, const std::string& input) {
    const std::string name = fmt::format("blocks.{}.", index);
    const std::int64_t dilation = spec_->dilations[index];
    convolve(name + "first", input, dilation, name + "h1");
    add("Relu", {name + "h1"}, name + "h2");
    convolve(name + "second", name + "h2", dilation, name + "h3");
    add("Relu", {name + "h3"}, name + "h4");
    std::string residual = input;
    if (file_->tensors().contains(name + "adapter.weight")) {
      residual = name + "adapted";
      convolve(name + "adapter", input, 1, residual);
    }
    add("Add", {name + "h4", residual}, name + "h5");
    add("Relu", {name + "h5"}, name + "out");
    return name + "out";
  }
  std::string graph(int steps) {
    std::string result = nodes_;
    put_bytes(result, 2, "tcn");
    result += constants_;
    put_bytes(result, 11, value_info("steps", {1, static_cast<int>(spec_->features.size()), steps}));
    put_bytes(result, 12, value_info("logits", {1, static_cast<int>(spec_->classes.size()), steps}));
    return result;
  }

 private:
  const Safetensors* file_;
  const TcnSpec* spec_;
  std::string nodes_;
  std::string constants_;
};

}  // namespace

std::string write_safetensors(const std::map<std::string, std::string>& metadata,
                              const std::map<std::string, FloatTensor>& tensors) {
  json header = json::object();
  header["__metadata__"] = metadata;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t begin = data.size();
    const std::size_t bytes = tensor.values.size() * sizeof(float);
    data.resize(begin + bytes);
    if (bytes > 0) std::memcpy(data.data() + begin, tensor.values.data(), bytes);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, begin + bytes}}};
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file + text + data;
}

TcnSpec spec_of(const TcnShape& shape) {
  TcnSpec spec;
  spec.features = numbered('f', shape.features);
  spec.classes = numbered('c', shape.classes);
  spec.kernel = shape.kernel;
  spec.channels.assign(shape.channels.begin(), shape.channels.end());
  spec.dilations.assign(shape.dilations.begin(), shape.dilations.end());
  spec.step = std::chrono::milliseconds(200);
  for (int i = 0; i < shape.features; ++i) {
    spec.mean.push_back(0.1F * static_cast<float>(i));
    spec.deviation.push_back(0.5F + 0.1F * static_cast<float>(i));
  }
  return spec;
}

std::string tcn_metadata(const TcnSpec& spec) {
  return json{{"features", spec.features},   {"mean", spec.mean},           {"deviation", spec.deviation},
              {"classes", spec.classes},     {"kernel", spec.kernel},       {"channels", spec.channels},
              {"dilations", spec.dilations}, {"step_ms", spec.step.count()}}
      .dump();
}

std::map<std::string, FloatTensor> random_tensors(const TcnSpec& spec, unsigned seed) {
  std::mt19937 random(seed);
  const auto fill = [&random](std::vector<std::int64_t> shape, double largest) {
    const auto count = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    std::uniform_real_distribution<float> value(-static_cast<float>(largest), static_cast<float>(largest));
    FloatTensor tensor{std::move(shape), {}};
    for (std::int64_t i = 0; i < count; ++i) tensor.values.push_back(value(random));
    return tensor;
  };
  std::map<std::string, FloatTensor> tensors;
  for_each_layer(spec, [&](const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t taps) {
    const double largest = std::sqrt(3.0 / static_cast<double>(inputs * taps));
    tensors[name + ".weight"] = fill({outputs, inputs, taps}, largest);
    tensors[name + ".bias"] = fill({outputs}, 0.1);
  });
  return tensors;
}

std::string random_tcn(const TcnShape& shape, unsigned seed) {
  const TcnSpec spec = spec_of(shape);
  return write_safetensors({{"tcn", tcn_metadata(spec)}}, random_tensors(spec, seed));
}

std::string tcn_as_onnx(const Safetensors& file, int steps) {
  const auto spec = read_tcn_spec(file);
  OC_CHECK(spec.has_value());
  const auto features = static_cast<std::int64_t>(spec->features.size());
  OnnxNetwork network(file, *spec);
  network.add_constant("mean", {1, features, 1}, spec->mean);
  network.add_constant("deviation", {1, features, 1}, spec->deviation);
  network.add("Sub", {"steps", "mean"}, "centred");
  network.add("Div", {"centred", "deviation"}, "normalised");
  std::string output = "normalised";
  for (std::size_t i = 0; i < spec->channels.size(); ++i) output = network.block(i, output);
  network.convolve("head", output, 1, "logits");
  return model(network.graph(steps));
}

}  // namespace ocelli::infer::testing
