#include "infer/model_output.h"

#include <algorithm>
#include <vector>

#include "base/suggest.h"

namespace ocelli::infer {

std::span<const std::byte> ModelOutput::memory(std::size_t index) const {
  if (binding_) {
    const TensorBuffer& tensor = (*binding_)->output(index);
    return {static_cast<const std::byte*>(tensor.data()), tensor.bytes()};
  }
  return place_->output(index);
}

base::Result<std::size_t> find_output(const Session& session, const std::string& name) {
  const auto& outputs = session.outputs();
  if (name.empty() && outputs.size() == 1) return std::size_t{0};
  std::vector<std::string> names;
  for (const auto& output : outputs) names.push_back(output.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string list;
  for (const auto& known : names) list += (list.empty() ? "" : ", ") + known;
  return base::Error(base::Code::invalid,
                     name.empty()
                         ? "the model has several outputs (" + list + "): output.tensor must name one"
                         : "the model has no output '" + name + "', but " + list + base::did_you_mean(name, names));
}

base::Error misfit(const std::string& model, const std::string& found, const std::string& expected) {
  return {base::Code::invalid,
          "model " + model + " does not fit its card: it has " + found + ", the card says " + expected};
}

}  // namespace ocelli::infer
