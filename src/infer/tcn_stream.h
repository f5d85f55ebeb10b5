#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "infer/tcn.h"

namespace ocelli::infer {

/// Runs a network step by step: each convolution keeps the inputs that it still looks back on in a ring, so that a step
/// costs the same however far the network sees, and allocates nothing. Its logits are, bit for bit, those of a
/// TcnWindow over all steps since the start or the last reset(). Owns its rings, shares the network with others. One
/// thread at a time.
class TcnStream {
 public:
  static base::Result<TcnStream> create(std::shared_ptr<const Tcn> network);

  /// One value for each feature. The logits of this step, valid until the next call.
  std::span<const float> push(std::span<const float> step);
  /// Forgets all steps.
  void reset();

  const Tcn& network() const { return *network_; }
  /// What the rings hold.
  std::size_t bytes() const;

 private:
  /// The newest inputs of a convolution: as many rows as it looks back, and the current one.
  struct Ring {
    TcnRows rows;
    std::size_t size;
    std::size_t current = 0;

    float* newest() { return rows.row(current); }
    void advance() { current = current + 1 == size ? 0 : current + 1; }
  };
  struct Block {
    Ring first;
    Ring second;
  };
  TcnStream(std::shared_ptr<const Tcn> network, std::vector<Block> blocks, TcnRows scratch)
      : network_(std::move(network)), blocks_(std::move(blocks)), scratch_(std::move(scratch)) {}
  static base::Result<Ring> make_ring(const TcnLayer& layer);
  static void convolve(const TcnLayer& layer, const Ring& ring, TcnFinish finish, const float* residual, float* output);

  std::shared_ptr<const Tcn> network_;
  std::vector<Block> blocks_;
  TcnRows scratch_;  ///< the last block's output, an adapter's, the logits
};

}  // namespace ocelli::infer
