#include "infer/testing/tiny_model.h"

#include <cstring>

namespace ocelli::infer::testing {
namespace {

constexpr int kFloat = 1;  // TensorProto.DataType

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value % 128 + 128));
  out.push_back(static_cast<char>(value));
}

void put_integer(std::string& out, int field, std::uint64_t value) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3);
  put_varint(out, value);
}

void put_bytes(std::string& out, int field, const std::string& bytes) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

std::string value_info(const std::string& name, const std::vector<int>& dimensions) {
  std::string shape;
  for (const int dimension : dimensions) {
    std::string value;
    put_integer(value, 1, static_cast<std::uint64_t>(dimension));
    put_bytes(shape, 1, value);
  }
  std::string tensor;
  put_integer(tensor, 1, kFloat);
  put_bytes(tensor, 2, shape);
  std::string type;
  put_bytes(type, 1, tensor);
  std::string info;
  put_bytes(info, 1, name);
  put_bytes(info, 2, type);
  return info;
}

std::string node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output) {
  std::string result;
  for (const auto& input : inputs) put_bytes(result, 1, input);
  put_bytes(result, 2, output);
  put_bytes(result, 3, output);
  put_bytes(result, 4, type);
  return result;
}

std::string constant(const std::string& name, const std::vector<int>& dimensions, const std::vector<float>& values) {
  std::string tensor;
  for (const int dimension : dimensions) put_integer(tensor, 1, static_cast<std::uint64_t>(dimension));
  put_integer(tensor, 2, kFloat);
  put_bytes(tensor, 8, name);
  std::string raw(values.size() * sizeof(float), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  put_bytes(tensor, 9, raw);
  return tensor;
}

}  // namespace

std::string tiny_model(int side, int rows, int columns, const std::vector<float>& values) {
  return tiny_model(side, {{"output0", rows, columns, values}});
}

std::string tiny_model(int side, const std::vector<TinyOutput>& outputs) {
  std::string maximum = node("ReduceMax", {"images"}, "brightest");
  std::string keep_dimensions;
  put_bytes(keep_dimensions, 1, "keepdims");
  put_integer(keep_dimensions, 3, 0);
  put_integer(keep_dimensions, 20, 2);  // AttributeProto.INT
  put_bytes(maximum, 5, keep_dimensions);

  std::string graph;
  put_bytes(graph, 1, maximum);
  for (const auto& output : outputs) {
    put_bytes(graph, 1, node("Mul", {output.name + "_values", "brightest"}, output.name));
  }
  put_bytes(graph, 2, "tiny");
  for (const auto& output : outputs) {
    put_bytes(graph, 5, constant(output.name + "_values", {1, output.rows, output.columns}, output.values));
  }
  put_bytes(graph, 11, value_info("images", {1, 3, side, side}));
  for (const auto& output : outputs) put_bytes(graph, 12, value_info(output.name, {1, output.rows, output.columns}));

  std::string opset;
  put_bytes(opset, 1, "");
  put_integer(opset, 2, 13);
  std::string model;
  put_integer(model, 1, 8);
  put_bytes(model, 7, graph);
  put_bytes(model, 8, opset);
  return model;
}

}  // namespace ocelli::infer::testing
