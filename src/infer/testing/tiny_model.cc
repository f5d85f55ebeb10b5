#include "infer/testing/tiny_model.h"

#include <cstdint>

#include "infer/testing/onnx_writer.h"

namespace ocelli::infer::testing {

std::string tiny_model(int side, int rows, int columns, const std::vector<float>& values) {
  return tiny_model(side, {{"output0", rows, columns, values}});
}

std::string tiny_model(int side, const std::vector<TinyOutput>& outputs) {
  std::string maximum = node("ReduceMax", {"images"}, "brightest");
  put_attribute(maximum, "keepdims", std::uint64_t{0});

  std::string graph;
  put_bytes(graph, 1, maximum);
  for (const auto& output : outputs) {
    put_bytes(graph, 1, node("Mul", {output.name + "_values", "brightest"}, output.name));
  }
  put_bytes(graph, 2, "tiny");
  for (const auto& output : outputs) {
    put_bytes(graph, 5, constant<int>(output.name + "_values", {1, output.rows, output.columns}, output.values));
  }
  put_bytes(graph, 11, value_info("images", {1, 3, side, side}));
  for (const auto& output : outputs) put_bytes(graph, 12, value_info(output.name, {1, output.rows, output.columns}));
  return model(graph);
}

}  // namespace ocelli::infer::testing
