#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/tcn_kernel.h"
#include "infer/tcn_spec.h"
#include "infer/tensor.h"

namespace ocelli::infer {

/// Rows of floats, zero at first, each padded to kTcnLanes and aligned to 64 bytes.
class TcnRows {
 public:
  static base::Result<TcnRows> allocate(std::size_t rows, std::size_t values);
  std::size_t stride() const { return stride_; }  ///< floats from a row to the next
  float* row(std::size_t index) { return static_cast<float*>(memory_.data()) + index * stride_; }
  const float* row(std::size_t index) const { return static_cast<const float*>(memory_.data()) + index * stride_; }

 private:
  TcnRows(TensorBuffer memory, std::size_t stride) : memory_(std::move(memory)), stride_(stride) {}
  TensorBuffer memory_;
  std::size_t stride_;
};

/// One causal convolution's weights, as run_tcn_convolution() wants them.
struct TcnLayer {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t taps = 1;
  std::size_t dilation = 1;
  TcnRows weights;  ///< a row for each tap and input
  TcnRows bias;     ///< one row

  /// Steps that it looks back.
  std::size_t history() const { return (taps - 1) * dilation; }
  /// Of `steps` steps, with everything but the rows filled in.
  TcnConvolution job(std::size_t steps, std::size_t row) const;
};

/// relu(relu(second(relu(first(x)))) + adapter(x)); without an adapter x itself is added.
struct TcnBlock {
  TcnLayer first;
  TcnLayer second;
  std::optional<TcnLayer> adapter;
};

/// A network and its weights: residual blocks of causal dilated convolutions, then a 1×1 convolution to the classes.
/// Immutable, so that all streams share one; thread-safe. TcnWindow and TcnStream run it.
class Tcn {
 public:
  /// Tensors are named as PyTorch would: "blocks.0.first.weight" [outputs, inputs, kernel], "….first.bias",
  /// "….second.…", "….adapter.…" where inputs and outputs differ, "head.weight" [classes, channels, 1], "head.bias".
  /// `corrupt` where the metadata or a tensor is not as it must be, or where there are tensors besides.
  static base::Result<std::shared_ptr<const Tcn>> create(const Safetensors& file);
  static base::Result<std::shared_ptr<const Tcn>> load(const std::string& path);

  const TcnSpec& spec() const { return spec_; }
  const std::vector<TcnBlock>& blocks() const { return blocks_; }
  const TcnLayer& head() const { return head_; }
  /// Writes (step - mean) / deviation.
  void normalise(std::span<const float> step, float* row) const;

 private:
  Tcn(TcnSpec spec, std::vector<TcnBlock> blocks, TcnLayer head)
      : spec_(std::move(spec)), blocks_(std::move(blocks)), head_(std::move(head)) {}

  TcnSpec spec_;
  std::vector<TcnBlock> blocks_;
  TcnLayer head_;
};

/// Which steps get logits.
enum class TcnOutput { every_step, last_step };

/// Runs a network over a whole window of steps at once; before the window lies nothing (zeros, as PyTorch pads). Owns
/// the memory for it, shares the network with others. One thread at a time.
class TcnWindow {
 public:
  static base::Result<TcnWindow> create(std::shared_ptr<const Tcn> network, std::size_t most_steps);

  /// `steps`: a row of features for each step, oldest first. A row of logits for each step that was asked for; valid
  /// until the next call. `invalid` when it is no whole number of steps, none, or more than were announced.
  base::Result<std::span<const float>> run(std::span<const float> steps, TcnOutput output);

 private:
  TcnWindow(std::shared_ptr<const Tcn> network, std::size_t most_steps, std::size_t front, TcnRows values,
            TcnRows inner, TcnRows residual)
      : network_(std::move(network)),
        most_steps_(most_steps),
        front_(front),
        values_(std::move(values)),
        inner_(std::move(inner)),
        residual_(std::move(residual)) {}
  struct Steps {
    std::size_t begin;
    std::size_t count;
  };
  void convolve(const TcnLayer& layer, const TcnRows& input, Steps steps, TcnFinish finish, const TcnRows& residual,
                TcnRows& output) const;

  std::shared_ptr<const Tcn> network_;
  std::size_t most_steps_;
  std::size_t front_;  ///< rows of zeros before the first step: what the longest convolution looks back
  TcnRows values_;     ///< a block's input and, in the end, its output
  TcnRows inner_;      ///< between a block's convolutions
  TcnRows residual_;   ///< what an adapter makes of the input
  std::vector<float> logits_;
};

}  // namespace ocelli::infer
