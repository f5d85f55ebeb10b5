#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ocelli::infer {

/// What a recogniser read.
struct RecognisedText {
  std::string text;  ///< UTF-8
  float score = 0;   ///< mean probability of its characters, 0…1; 0 for no text
};

/// Connectionist temporal classification (Graves et al., ICML 2006), greedily: at each step the most probable
/// character, of equal ones in a row the first, without the blanks. Character 0 is the blank, then the dictionary's,
/// then the space. A value; thread-safe.
class CtcDecoder {
 public:
  /// `characters` as PP-OCR models carry them in their metadata: one a line.
  explicit CtcDecoder(std::string_view characters);

  /// With blank and space.
  std::size_t character_count() const { return characters_.size(); }

  /// `values`: a row of character_count() for each step. Any values are survived: what is not a number is never the
  /// most probable one, and scores are held to 0…1. `corrupt` when that many values are no whole number of steps.
  base::Result<RecognisedText> decode(std::span<const float> values) const;

 private:
  std::vector<std::string> characters_;
};

}  // namespace ocelli::infer
