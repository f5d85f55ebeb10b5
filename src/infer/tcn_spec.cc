#include "infer/tcn_spec.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ocelli::infer {

using base::Code;
using base::Error;
using nlohmann::json;

namespace {

constexpr std::int64_t kMostStepMilliseconds = 60'000;

/// One object of the metadata, with errors that name the file and the key.
class SpecReader {
 public:
  SpecReader(const json& object, std::string_view file) : object_(&object), file_(file) {}

  Error error(std::string_view key, std::string_view what) const {
    return {Code::corrupt, fmt::format("{}: metadata 'tcn': {} {}", file_, key, what)};
  }

  base::Result<std::int64_t> number(const char* key, std::int64_t least, std::int64_t most) const {
    const auto found = object_->find(key);
    if (found == object_->end()) return error(key, "is missing");
    return in_range(*found, key, least, most);
  }

  base::Result<std::vector<std::int64_t>> numbers(const char* key, std::int64_t least, std::int64_t most,
                                                  std::size_t most_items) const {
    OC_TRY(const json* list, items(key, most_items));
    std::vector<std::int64_t> result;
    for (const json& item : *list) {
      OC_TRY(const std::int64_t value, in_range(item, key, least, most));
      result.push_back(value);
    }
    return result;
  }

  base::Result<std::vector<std::string>> texts(const char* key, std::size_t most_items) const {
    OC_TRY(const json* list, items(key, most_items));
    std::vector<std::string> result;
    for (const json& item : *list) {
      if (!item.is_string() || item.get_ref<const std::string&>().empty()) return error(key, "must be a list of names");
      result.push_back(item.get<std::string>());
    }
    auto sorted = result;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return error(key, "has a name twice");
    return result;
  }

  /// As many numbers as there are features.
  base::Result<std::vector<float>> values(const char* key, std::size_t count) const {
    OC_TRY(const json* list, items(key, count));
    if (list->size() != count) return error(key, "must have a number for each feature");
    std::vector<float> result;
    for (const json& item : *list) {
      if (!item.is_number()) return error(key, "must be a list of numbers");
      result.push_back(static_cast<float>(item.get<double>()));
      if (!std::isfinite(result.back())) return error(key, "has a number that no float can hold");
    }
    return result;
  }

 private:
  base::Result<std::int64_t> in_range(const json& value, const char* key, std::int64_t least, std::int64_t most) const {
    const std::int64_t number = value.is_number_integer() ? value.get<std::int64_t>() : least - 1;
    if (number < least || number > most) return error(key, fmt::format("must be {}…{}", least, most));
    return number;
  }

  base::Result<const json*> items(const char* key, std::size_t most_items) const {
    const auto found = object_->find(key);
    if (found == object_->end()) return error(key, "is missing");
    if (!found->is_array() || found->empty() || found->size() > most_items) {
      return error(key, fmt::format("must be a list of 1…{}", most_items));
    }
    return &*found;
  }

  const json* object_;
  std::string file_;
};

}  // namespace

std::int64_t TcnSpec::receptive_field() const {
  std::int64_t steps = 1;
  for (const std::int64_t dilation : dilations) steps += 2 * (kernel - 1) * dilation;
  return steps;
}

base::Result<TcnSpec> read_tcn_spec(const Safetensors& file) {
  auto text = file.metadata("tcn");
  if (!text) {
    return Error(Code::corrupt,
                 file.file() + ": no metadata 'tcn': not the weights of a TCN (tools/train writes them)");
  }
  const json object = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return Error(Code::corrupt, file.file() + ": metadata 'tcn' is not a JSON object");
  const SpecReader reader(object, file.file());
  TcnSpec spec;
  OC_TRY(spec.features, reader.texts("features", kMostTcnChannels));
  OC_TRY(spec.mean, reader.values("mean", spec.features.size()));
  OC_TRY(spec.deviation, reader.values("deviation", spec.features.size()));
  OC_TRY(spec.classes, reader.texts("classes", kMostTcnChannels));
  OC_TRY(spec.kernel, reader.number("kernel", 1, kMostTcnKernel));
  OC_TRY(spec.channels, reader.numbers("channels", 1, kMostTcnChannels, kMostTcnBlocks));
  OC_TRY(spec.dilations, reader.numbers("dilations", 1, kMostTcnReceptiveField, kMostTcnBlocks));
  OC_TRY(const std::int64_t step, reader.number("step_ms", 1, kMostStepMilliseconds));
  spec.step = std::chrono::milliseconds(step);
  if (std::any_of(spec.deviation.begin(), spec.deviation.end(), [](float value) { return !(value > 0); })) {
    return reader.error("deviation", "must be above 0");
  }
  if (spec.dilations.size() != spec.channels.size()) {
    return reader.error("dilations", "must be as many as channels: one for each block");
  }
  if (spec.receptive_field() > kMostTcnReceptiveField) {
    return reader.error("dilations", fmt::format("reach back more than {} steps", kMostTcnReceptiveField));
  }
  return spec;
}

}  // namespace ocelli::infer
