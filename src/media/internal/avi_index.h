#pragma once

#include <memory>

#include "base/result.h"
#include "media/byte_reader.h"
#include "media/internal/interrupt.h"

namespace ocelli::media::internal {

struct CheckedAvi {
  std::unique_ptr<ByteReader> reader;
  bool rebuilt = false;
};

/// Looks whether an AVI's index (`idx1`) is there and points at chunks. If not, as after a recording that broke off,
/// the chunks are walked through once and the result reads as the same file with a new index, and with a header that
/// says how many frames there are: seeking and counting work again, and nothing on the disk is changed. Files beyond 4
/// GB, which idx1 cannot address, and files whose header makes no sense stay as they are. `reader` can seek.
base::Result<CheckedAvi> with_sound_index(std::unique_ptr<ByteReader> reader, const Interrupt& interrupt);

}  // namespace ocelli::media::internal
