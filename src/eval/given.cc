#include "eval/given.h"

#include <array>

namespace ocelli::eval {
namespace {

constexpr std::array kAll{Given::boxes, Given::motion, Given::camera};

}  // namespace

std::string_view given_name(Given given) {
  switch (given) {
    case Given::boxes:
      return "boxes";
    case Given::motion:
      return "motion";
    case Given::camera:
      return "camera";
  }
  return "boxes";
}

std::vector<std::string> given_names() {
  std::vector<std::string> names;
  for (const auto given : kAll) names.emplace_back(given_name(given));
  return names;
}

std::optional<Given> given_of(std::string_view name) {
  for (const auto given : kAll) {
    if (given_name(given) == name) return given;
  }
  return std::nullopt;
}

}  // namespace ocelli::eval
