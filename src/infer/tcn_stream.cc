#include "infer/tcn_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ocelli::infer {

namespace {

// Rows of the scratch memory.
constexpr std::size_t kLastOutput = 0;
constexpr std::size_t kAdapted = 1;
constexpr std::size_t kLogits = 2;
constexpr std::size_t kScratchRows = 3;

/// A convolution of the newest step alone.
void convolve_newest(const TcnLayer& layer, const float* input, float* output) {
  TcnConvolution job = layer.job(1, 0);
  job.taps = &input;
  job.output = output;
  run_tcn_convolution(job);
}

}  // namespace

base::Result<TcnStream::Ring> TcnStream::make_ring(const TcnLayer& layer) {
  const std::size_t size = layer.history() + 1;
  OC_TRY(auto rows, TcnRows::allocate(size, layer.inputs));
  return Ring{std::move(rows), size};
}

base::Result<TcnStream> TcnStream::create(std::shared_ptr<const Tcn> network) {
  std::vector<Block> blocks;
  std::size_t widest = network->head().outputs;
  for (const auto& block : network->blocks()) {
    OC_TRY(auto first, make_ring(block.first));
    OC_TRY(auto second, make_ring(block.second));
    blocks.push_back({std::move(first), std::move(second)});
    widest = std::max(widest, block.first.outputs);
  }
  OC_TRY(auto scratch, TcnRows::allocate(kScratchRows, widest));
  return TcnStream(std::move(network), std::move(blocks), std::move(scratch));
}

void TcnStream::convolve(const TcnLayer& layer, const Ring& ring, TcnFinish finish, const float* residual,
                         float* output) {
  std::array<const float*, kMostTcnKernel> taps{};
  for (std::size_t tap = 0; tap < layer.taps; ++tap) {
    const std::size_t back = (layer.taps - 1 - tap) * layer.dilation;
    taps[tap] = ring.rows.row(ring.current >= back ? ring.current - back : ring.current + ring.size - back);
  }
  TcnConvolution job = layer.job(1, 0);
  job.taps = taps.data();
  job.finish = finish;
  job.residual = residual;
  job.output = output;
  run_tcn_convolution(job);
}

std::span<const float> TcnStream::push(std::span<const float> step) {
  for (auto& block : blocks_) {
    block.first.advance();
    block.second.advance();
  }
  network_->normalise(step, blocks_.front().first.newest());
  for (std::size_t index = 0; index < blocks_.size(); ++index) {
    const TcnBlock& layers = network_->blocks()[index];
    Block& block = blocks_[index];
    const float* input = block.first.newest();
    convolve(layers.first, block.first, TcnFinish::relu, nullptr, block.second.newest());
    if (layers.adapter) convolve_newest(*layers.adapter, input, scratch_.row(kAdapted));
    float* output = index + 1 < blocks_.size() ? blocks_[index + 1].first.newest() : scratch_.row(kLastOutput);
    convolve(layers.second, block.second, TcnFinish::relu_add_relu, layers.adapter ? scratch_.row(kAdapted) : input,
             output);
  }
  convolve_newest(network_->head(), scratch_.row(kLastOutput), scratch_.row(kLogits));
  return {scratch_.row(kLogits), network_->head().outputs};
}

void TcnStream::reset() {
  for (auto& block : blocks_) {
    for (Ring* ring : {&block.first, &block.second}) {
      std::memset(ring->rows.row(0), 0, ring->size * ring->rows.stride() * sizeof(float));
    }
  }
}

std::size_t TcnStream::bytes() const {
  std::size_t floats = 0;
  for (const auto& block : blocks_) {
    floats += block.first.size * block.first.rows.stride() + block.second.size * block.second.rows.stride();
  }
  return floats * sizeof(float);
}

}  // namespace ocelli::infer
