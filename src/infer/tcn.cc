#include "infer/tcn.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

namespace {

struct LayerShape {
  std::int64_t inputs;
  std::int64_t outputs;
  std::int64_t taps;
  std::int64_t dilation;
};

/// PyTorch's [output][input][tap] becomes [tap][input][output]: the outputs are the lanes of a vector.
base::Result<TcnLayer> read_layer(const Safetensors& file, const std::string& name, const LayerShape& shape) {
  const std::array<std::int64_t, 3> sizes{shape.outputs, shape.inputs, shape.taps};
  OC_TRY(const auto weights, file.floats(name + ".weight", sizes));
  OC_TRY(const auto bias, file.floats(name + ".bias", std::span(sizes).first(1)));
  const auto inputs = static_cast<std::size_t>(shape.inputs);
  const auto outputs = static_cast<std::size_t>(shape.outputs);
  const auto taps = static_cast<std::size_t>(shape.taps);
  OC_TRY(auto weight_rows, TcnRows::allocate(taps * inputs, outputs));
  OC_TRY(auto bias_row, TcnRows::allocate(1, outputs));
  std::copy(bias.begin(), bias.end(), bias_row.row(0));
  for (std::size_t output = 0; output < outputs; ++output) {
    for (std::size_t input = 0; input < inputs; ++input) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        weight_rows.row(tap * inputs + input)[output] = weights[(output * inputs + input) * taps + tap];
      }
    }
  }
  return TcnLayer{
      inputs, outputs, taps, static_cast<std::size_t>(shape.dilation), std::move(weight_rows), std::move(bias_row)};
}

base::Result<TcnBlock> read_block(const Safetensors& file, const TcnSpec& spec, std::size_t index,
                                  std::int64_t inputs) {
  const std::string name = fmt::format("blocks.{}", index);
  const std::int64_t outputs = spec.channels[index];
  const std::int64_t dilation = spec.dilations[index];
  OC_TRY(auto first, read_layer(file, name + ".first", {inputs, outputs, spec.kernel, dilation}));
  OC_TRY(auto second, read_layer(file, name + ".second", {outputs, outputs, spec.kernel, dilation}));
  TcnBlock block{std::move(first), std::move(second), std::nullopt};
  if (inputs != outputs) {
    OC_TRY(auto adapter, read_layer(file, name + ".adapter", {inputs, outputs, 1, 1}));
    block.adapter = std::move(adapter);
  }
  return block;
}

}  // namespace

base::Result<TcnRows> TcnRows::allocate(std::size_t rows, std::size_t values) {
  const std::size_t stride = padded_to_lanes(values);
  OC_TRY(auto memory, TensorBuffer::allocate(rows * stride * sizeof(float)));
  return TcnRows(std::move(memory), stride);
}

TcnConvolution TcnLayer::job(std::size_t steps, std::size_t row) const {
  TcnConvolution result;
  result.tap_count = taps;
  result.inputs = inputs;
  result.weights = weights.row(0);
  result.bias = bias.row(0);
  result.outputs = bias.stride();
  result.steps = steps;
  result.row = row;
  return result;
}

base::Result<std::shared_ptr<const Tcn>> Tcn::create(const Safetensors& file) {
  OC_TRY(auto spec, read_tcn_spec(file));
  std::vector<TcnBlock> blocks;
  auto inputs = static_cast<std::int64_t>(spec.features.size());
  std::size_t tensors = 2;  // the head's
  for (std::size_t index = 0; index < spec.channels.size(); ++index) {
    OC_TRY(auto block, read_block(file, spec, index, inputs));
    tensors += block.adapter ? 6 : 4;
    blocks.push_back(std::move(block));
    inputs = spec.channels[index];
  }
  OC_TRY(auto head, read_layer(file, "head", {inputs, static_cast<std::int64_t>(spec.classes.size()), 1, 1}));
  if (file.tensors().size() != tensors) {
    return Error(Code::corrupt, fmt::format("{}: {} tensors, where its metadata describes {}", file.file(),
                                            file.tensors().size(), tensors));
  }
  return std::shared_ptr<const Tcn>(new Tcn(std::move(spec), std::move(blocks), std::move(head)));
}

base::Result<std::shared_ptr<const Tcn>> Tcn::load(const std::string& path) {
  OC_TRY(const auto file, Safetensors::read(path));
  return create(file);
}

void Tcn::normalise(std::span<const float> step, float* row) const {
  OC_CHECK(step.size() == spec_.features.size());
  for (std::size_t i = 0; i < step.size(); ++i) row[i] = (step[i] - spec_.mean[i]) / spec_.deviation[i];
}

base::Result<TcnWindow> TcnWindow::create(std::shared_ptr<const Tcn> network, std::size_t most_steps) {
  std::size_t front = 0;
  std::size_t widest = std::max(network->spec().features.size(), network->spec().classes.size());
  for (const auto& block : network->blocks()) {
    front = std::max(front, block.first.history());
    widest = std::max(widest, block.first.outputs);
  }
  OC_TRY(auto values, TcnRows::allocate(front + most_steps, widest));
  OC_TRY(auto inner, TcnRows::allocate(front + most_steps, widest));
  OC_TRY(auto residual, TcnRows::allocate(front + most_steps, widest));
  TcnWindow window(std::move(network), most_steps, front, std::move(values), std::move(inner), std::move(residual));
  window.logits_.resize(most_steps * window.network_->spec().classes.size());
  return window;
}

// The rows before the first step are never written, so that every convolution finds its zeros there.
void TcnWindow::convolve(const TcnLayer& layer, const TcnRows& input, Steps steps, TcnFinish finish,
                         const TcnRows& residual, TcnRows& output) const {
  std::array<const float*, kMostTcnKernel> taps{};
  const std::size_t first = front_ + steps.begin;
  for (std::size_t tap = 0; tap < layer.taps; ++tap) {
    taps[tap] = input.row(first - (layer.taps - 1 - tap) * layer.dilation);
  }
  TcnConvolution job = layer.job(steps.count, input.stride());
  job.taps = taps.data();
  job.finish = finish;
  job.residual = residual.row(first);
  job.output = output.row(first);
  run_tcn_convolution(job);
}

base::Result<std::span<const float>> TcnWindow::run(std::span<const float> steps, TcnOutput output) {
  const std::size_t features = network_->spec().features.size();
  const std::size_t count = steps.size() / features;
  if (count == 0 || count > most_steps_ || count * features != steps.size()) {
    return Error(Code::invalid, fmt::format("{} values are no window of 1…{} steps of {} features", steps.size(),
                                            most_steps_, features));
  }
  for (std::size_t i = 0; i < count; ++i) {
    network_->normalise(steps.subspan(i * features, features), values_.row(front_ + i));
  }
  const Steps all{0, count};
  for (const auto& block : network_->blocks()) {
    convolve(block.first, values_, all, TcnFinish::relu, values_, inner_);
    if (block.adapter) convolve(*block.adapter, values_, all, TcnFinish::none, values_, residual_);
    convolve(block.second, inner_, all, TcnFinish::relu_add_relu, block.adapter ? residual_ : values_, values_);
  }
  const Steps wanted = output == TcnOutput::every_step ? all : Steps{count - 1, 1};
  convolve(network_->head(), values_, wanted, TcnFinish::none, values_, inner_);
  const std::size_t classes = network_->head().outputs;
  for (std::size_t i = 0; i < wanted.count; ++i) {
    std::copy_n(inner_.row(front_ + wanted.begin + i), classes, logits_.data() + i * classes);
  }
  return std::span<const float>(logits_).first(wanted.count * classes);
}

}  // namespace ocelli::infer
