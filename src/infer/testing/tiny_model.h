#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ocelli::infer::testing {

/// `name` float32[1,rows,columns] = max(images) × values, row by row.
struct TinyOutput {
  std::string name;
  int rows;
  int columns;
  std::vector<float> values;
};

/// A real ONNX file of a few hundred bytes, so that tests need no weights: input "images" float32[1,3,side,side],
/// any number of outputs; `side` -1: any size. Written by hand after onnx.proto3 (IR version 8, opset 13).
std::string tiny_model(int side, const std::vector<TinyOutput>& outputs);
/// With one output, "output0".
std::string tiny_model(int side, int rows, int columns, const std::vector<float>& values);

}  // namespace ocelli::infer::testing
