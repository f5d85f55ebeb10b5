#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ocelli::infer {

/// A file of named tensors in the safetensors format: eight bytes of header length, a JSON header, the tensors' bytes.
/// The file is an outsider's: every length, shape and offset is checked before it is used. Owns its bytes. A value.
class Safetensors {
 public:
  struct Tensor {
    std::string type;                 ///< as the format names it: "F32", "I64", …
    std::vector<std::int64_t> shape;  ///< each at least 0; none for a single value
    std::size_t begin = 0;            ///< of its bytes within the file
    std::size_t bytes = 0;
  };

  /// The most that a header may hold, and a file.
  static constexpr std::size_t kMostHeaderBytes = std::size_t{1} << 20U;
  static constexpr std::size_t kMostFileBytes = std::size_t{1} << 28U;

  /// `corrupt`, naming `file`, where the bytes break the format: tensors must lie in it without gaps or overlaps.
  static base::Result<Safetensors> parse(std::string bytes, std::string_view file);
  /// `not_found` or `unavailable` where it cannot be read, `exhausted` where it is larger than kMostFileBytes.
  static base::Result<Safetensors> read(const std::string& path);

  /// The path, or the name that parse() was given: for errors.
  const std::string& file() const { return file_; }
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  /// What the header's "__metadata__" says; `not_found` when nothing.
  base::Result<std::string> metadata(const std::string& key) const;
  /// The values of a tensor that must have this shape. `not_found`; `unsupported` where the type is not F32; `corrupt`
  /// for another shape, and for values that are no numbers.
  base::Result<std::vector<float>> floats(const std::string& name, std::span<const std::int64_t> shape) const;

 private:
  Safetensors(std::string bytes, std::string_view file) : bytes_(std::move(bytes)), file_(file) {}
  base::Error corrupt(const std::string& what) const;
  base::Status read_header();
  base::Status check_layout(std::size_t data_bytes) const;

  std::string bytes_;
  std::string file_;
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace ocelli::infer
