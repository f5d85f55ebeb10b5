#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ocelli::infer::testing {

/// A real ONNX file of a few hundred bytes, so that tests need no weights: input "images" float32[1,3,side,side],
/// output "output0" float32[1,rows,columns] = max(images) × values. Written by hand after onnx.proto3 (IR version 8,
/// opset 13).
std::string tiny_model(int side, int rows, int columns, const std::vector<float>& values);

}  // namespace ocelli::infer::testing
