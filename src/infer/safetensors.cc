#include "infer/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "infer/model_file.h"

namespace ocelli::infer {

using base::Code;
using base::Error;
using nlohmann::json;

namespace {

static_assert(std::endian::native == std::endian::little, "the format's numbers are little-endian, and read in place");

constexpr std::size_t kLengthBytes = 8;
constexpr std::string_view kMetadata = "__metadata__";

struct TypeSize {
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array<TypeSize, 14> kTypes = {{{"F64", 8},
                                              {"F32", 4},
                                              {"F16", 2},
                                              {"BF16", 2},
                                              {"F8_E4M3", 1},
                                              {"F8_E5M2", 1},
                                              {"I64", 8},
                                              {"I32", 4},
                                              {"I16", 2},
                                              {"I8", 1},
                                              {"U64", 8},
                                              {"U32", 4},
                                              {"U8", 1},
                                              {"BOOL", 1}}};

std::optional<std::size_t> size_of_type(std::string_view name) {
  const auto* const found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeSize& type) { return type.name == name; });
  if (found == kTypes.end()) return std::nullopt;
  return found->bytes;
}

/// A whole number, 0 … the largest file; nothing for anything else.
std::optional<std::size_t> as_size(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (number > Safetensors::kMostFileBytes) return std::nullopt;
  return static_cast<std::size_t>(number);
}

/// A name that was in the file, fit for one line of an error.
std::string in_quotes(std::string_view name) {
  constexpr std::size_t kMost = 60;
  std::string shown;
  for (const char letter : name.substr(0, kMost)) shown += letter >= ' ' && letter <= '~' ? letter : '?';
  return "'" + shown + (name.size() > kMost ? "…'" : "'");
}

/// The header's objects must not say a thing twice: which of the two would hold?
struct Header {
  json value;
  std::optional<std::string> repeated;
};

Header parse_header(std::string_view text) {
  Header header;
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      auto name = parsed.get<std::string>();
      if (!keys.back().insert(name).second) header.repeated = std::move(name);
    }
    return true;
  };
  header.value = json::parse(text, watch, /*allow_exceptions=*/false);
  return header;
}

/// Reads one entry of the header; offsets come relative to the data. An explanation where it is not one.
std::optional<std::string> read_tensor(const json& entry, Safetensors::Tensor& tensor) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets")) {
    return "must have dtype, shape and data_offsets, and nothing else";
  }
  const json& type = entry["dtype"];
  const auto element = type.is_string() ? size_of_type(type.get_ref<const std::string&>()) : std::nullopt;
  if (!element) return "has a dtype that the format does not know";
  tensor.type = type.get<std::string>();
  const json& shape = entry["shape"];
  if (!shape.is_array() || shape.size() > 8) return "has a shape that is no list of at most 8 sizes";
  std::size_t expected = *element;
  for (const json& item : shape) {
    const auto size = as_size(item);
    if (!size) return "has a size in its shape that is no whole number, or too large";
    tensor.shape.push_back(static_cast<std::int64_t>(*size));
    expected *= *size;  // both at most 2^28, so the product cannot wrap before it is judged
    if (expected > Safetensors::kMostFileBytes) return "is larger than a file may be";
  }
  const json& offsets = entry["data_offsets"];
  const bool pair = offsets.is_array() && offsets.size() == 2;
  const auto begin = pair ? as_size(offsets[0]) : std::nullopt;
  const auto end = pair ? as_size(offsets[1]) : std::nullopt;
  if (!begin || !end || *end < *begin) return "has data_offsets that are no range";
  if (*end - *begin != expected) {
    return fmt::format("has {} bytes where its shape and type ask for {}", *end - *begin, expected);
  }
  tensor.begin = *begin;
  tensor.bytes = expected;
  return std::nullopt;
}

}  // namespace

base::Result<Safetensors> Safetensors::parse(std::string bytes, std::string_view file) {
  Safetensors result(std::move(bytes), file);
  OC_TRY_STATUS(result.read_header());
  return result;
}

base::Result<Safetensors> Safetensors::read(const std::string& path) {
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (!file && errno == ENOENT) return Error(Code::not_found, path + ": there is no such file");
  if (!file) return file_error("read", path, errno);
  std::string bytes;
  std::array<char, 1U << 16U> buffer;
  while (std::feof(file.get()) == 0) {
    bytes.append(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file.get()));
    if (std::ferror(file.get()) != 0) return file_error("read", path, errno);
    if (bytes.size() > kMostFileBytes) {
      return Error(Code::exhausted, fmt::format("{}: more than {} MiB of weights", path, kMostFileBytes >> 20U));
    }
  }
  return parse(std::move(bytes), path);
}

Error Safetensors::corrupt(const std::string& what) const {
  return {Code::corrupt, fmt::format("{}: {}", file_, what)};
}

base::Status Safetensors::read_header() {
  std::uint64_t length = 0;
  if (bytes_.size() < kLengthBytes) return corrupt("too short for a safetensors file");
  std::memcpy(&length, bytes_.data(), kLengthBytes);
  if (length > kMostHeaderBytes) return corrupt(fmt::format("a header of {} bytes: not a safetensors file", length));
  if (length > bytes_.size() - kLengthBytes) return corrupt("the file ends within its header");
  const Header header = parse_header(std::string_view(bytes_).substr(kLengthBytes, length));
  if (!header.value.is_object()) return corrupt("the header is not a JSON object");
  if (header.repeated) return corrupt(fmt::format("the header says {} twice", in_quotes(*header.repeated)));

  const std::size_t data = kLengthBytes + length;
  for (const auto& [name, entry] : header.value.items()) {
    if (name == kMetadata) {
      if (!entry.is_object()) return corrupt("__metadata__ is not a JSON object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return corrupt(fmt::format("__metadata__ {} is not text", in_quotes(key)));
        metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    Tensor tensor;
    if (const auto problem = read_tensor(entry, tensor)) {
      return corrupt(fmt::format("tensor {} {}", in_quotes(name), *problem));
    }
    tensor.begin += data;
    tensors_[name] = std::move(tensor);
  }
  return check_layout(bytes_.size() - data);
}

base::Status Safetensors::check_layout(std::size_t data_bytes) const {
  std::vector<const Tensor*> ordered;
  for (const auto& [name, tensor] : tensors_) ordered.push_back(&tensor);
  std::sort(ordered.begin(), ordered.end(), [](const Tensor* a, const Tensor* b) {
    return std::pair(a->begin, a->bytes) < std::pair(b->begin, b->bytes);
  });
  std::size_t position = bytes_.size() - data_bytes;
  for (const Tensor* tensor : ordered) {
    if (tensor->begin != position) return corrupt("its tensors overlap or leave gaps");
    position += tensor->bytes;
    if (position > bytes_.size()) return corrupt("the file ends within its tensors");
  }
  if (position != bytes_.size()) return corrupt("there are bytes behind its last tensor");
  return {};
}

base::Result<std::string> Safetensors::metadata(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return Error(Code::not_found, fmt::format("{}: no metadata '{}'", file_, key));
  return found->second;
}

base::Result<std::vector<float>> Safetensors::floats(const std::string& name,
                                                     std::span<const std::int64_t> shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return Error(Code::not_found, fmt::format("{}: no tensor '{}'", file_, name));
  const Tensor& tensor = found->second;
  if (tensor.type != "F32") {
    return Error(Code::unsupported, fmt::format("{}: tensor '{}' is {}, must be F32", file_, name, tensor.type));
  }
  if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
    return corrupt(
        fmt::format("tensor '{}' is [{}], must be [{}]", name, fmt::join(tensor.shape, ","), fmt::join(shape, ",")));
  }
  std::vector<float> values(tensor.bytes / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes_.data() + tensor.begin, tensor.bytes);
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    return corrupt(fmt::format("tensor '{}' holds values that are no numbers", name));
  }
  return values;
}

}  // namespace ocelli::infer
