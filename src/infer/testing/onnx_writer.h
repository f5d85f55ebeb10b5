#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace ocelli::infer::testing {

// Pieces of an ONNX file, written by hand after onnx.proto3.

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7U) out.push_back(static_cast<char>(value % 128 + 128));
  out.push_back(static_cast<char>(value));
}

inline void put_integer(std::string& out, int field, std::uint64_t value) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3U);
  put_varint(out, value);
}

inline void put_bytes(std::string& out, int field, const std::string& bytes) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3U | 2U);
  put_varint(out, bytes.size());
  out += bytes;
}

/// ValueInfoProto of a float32 tensor.
inline std::string value_info(const std::string& name, const std::vector<int>& dimensions) {
  std::string shape;
  for (const int dimension : dimensions) {
    std::string value;
    put_integer(value, 1, static_cast<std::uint64_t>(dimension));
    put_bytes(shape, 1, value);
  }
  std::string tensor;
  put_integer(tensor, 1, 1);  // TensorProto.FLOAT
  put_bytes(tensor, 2, shape);
  std::string type;
  put_bytes(type, 1, tensor);
  std::string info;
  put_bytes(info, 1, name);
  put_bytes(info, 2, type);
  return info;
}

/// NodeProto, which bears the name of its output.
inline std::string node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output) {
  std::string result;
  for (const auto& input : inputs) put_bytes(result, 1, input);
  put_bytes(result, 2, output);
  put_bytes(result, 3, output);
  put_bytes(result, 4, type);
  return result;
}

inline void put_attribute(std::string& node, const std::string& name, std::uint64_t value) {
  std::string attribute;
  put_bytes(attribute, 1, name);
  put_integer(attribute, 3, value);
  put_integer(attribute, 20, 2);  // AttributeProto.INT
  put_bytes(node, 5, attribute);
}

inline void put_attribute(std::string& node, const std::string& name, const std::vector<int>& values) {
  std::string attribute;
  put_bytes(attribute, 1, name);
  for (const int value : values) put_integer(attribute, 8, static_cast<std::uint64_t>(value));
  put_integer(attribute, 20, 7);  // AttributeProto.INTS
  put_bytes(node, 5, attribute);
}

/// TensorProto of float32.
template <class Integer>
std::string constant(const std::string& name, const std::vector<Integer>& dimensions,
                     const std::vector<float>& values) {
  std::string tensor;
  for (const auto dimension : dimensions) put_integer(tensor, 1, static_cast<std::uint64_t>(dimension));
  put_integer(tensor, 2, 1);  // TensorProto.FLOAT
  put_bytes(tensor, 8, name);
  std::string raw(values.size() * sizeof(float), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  put_bytes(tensor, 9, raw);
  return tensor;
}

/// ModelProto (IR version 8, opset 13) around a GraphProto.
inline std::string model(const std::string& graph) {
  std::string opset;
  put_bytes(opset, 1, "");
  put_integer(opset, 2, 13);
  std::string result;
  put_integer(result, 1, 8);
  put_bytes(result, 7, graph);
  put_bytes(result, 8, opset);
  return result;
}

}  // namespace ocelli::infer::testing
