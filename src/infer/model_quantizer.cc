#include "infer/model_quantizer.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "infer/model_file.h"
#include "infer/python_environment.h"
#include "vision/preprocess.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

namespace {

constexpr const char* kScript = "convert/quantize_qdq.py";
constexpr const char* kRequirements = "convert/quantize.requirements.txt";

std::string numpy_type(vision::ElementType type) {
  switch (type) {
    case vision::ElementType::float32:
      return "<f4";
    case vision::ElementType::float16:
      return "<f2";
    case vision::ElementType::uint8:
      return "|u1";
  }
  return "";
}

/// The beginning of a .npy file, version 1.0 of NumPy's format: magic, length, a Python dictionary, padded so that the
/// data begin at a multiple of 64 bytes.
std::string npy_header(const vision::InputSpec& input) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::size_t kPreambleBytes = 10;
  constexpr std::size_t kAlignment = 64;
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': (1, 3, {}, {})}}",
                                       numpy_type(input.element), input.height, input.width);
  const std::size_t used = kPreambleBytes + dictionary.size() + 1;
  dictionary.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xFFU);
  header += static_cast<char>(dictionary.size() >> 8U);
  return header + dictionary;
}

base::Status write_npy(const std::string& path, const vision::InputSpec& input, const TensorBuffer& tensor) {
  const std::string header = npy_header(input);
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return file_error("write", path, errno);
  const bool written = std::fwrite(header.data(), 1, header.size(), file) == header.size() &&
                       std::fwrite(tensor.data(), 1, tensor.bytes(), file) == tensor.bytes();
  const int error = errno;
  if (std::fclose(file) != 0 || !written) return file_error("write", path, written ? errno : error);
  return {};
}

/// "name==version" of every package that a requirements file pins.
base::Result<std::vector<std::string>> pinned_packages(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error(Code::unavailable, "cannot read " + path);
  std::vector<std::string> packages;
  for (std::string line; std::getline(file, line);) {
    const std::string word = line.substr(0, line.find(' '));
    if (!word.starts_with('#') && word.find("==") != std::string::npos) packages.push_back(word);
  }
  return packages;
}

base::Status check_same_tensors(const std::vector<TensorSpec>& made, const std::vector<TensorSpec>& wanted) {
  const auto same = [](const TensorSpec& a, const TensorSpec& b) { return a.to_string() == b.to_string(); };
  if (std::equal(made.begin(), made.end(), wanted.begin(), wanted.end(), same)) return {};
  return Error(Code::corrupt, "the quantized model has other inputs or outputs than the original");
}

base::Status check_finite(const TensorSpec& spec, const TensorBuffer& tensor) {
  if (spec.type != ElementType::float32) return {};
  const std::span values(static_cast<const float*>(tensor.data()), tensor.bytes() / sizeof(float));
  if (std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) return {};
  return Error(Code::corrupt, "output " + spec.name + " of the quantized model is not finite");
}

/// One quantize_model(), which holds the lock on the store's downloads.
class Quantization {
 public:
  Quantization(const ModelStore& store, const ModelCard& card, Backend& backend,
               const std::function<void(const QuantizeProgress&)>& progress, const std::stop_token& stop)
      : store_(store), card_(card), backend_(backend), progress_(progress), stop_(stop) {}

  base::Result<QuantizedModel> run(ClipSampler& sampler) {
    const std::string requirements = store_.cards_folder() + "/" + kRequirements;
    QuantizedModel model{card_.name, card_.version, card_.sha256, {}, {}, {}};
    OC_TRY(model.tools, pinned_packages(requirements));
    const std::string downloads = store_.folder() + "/downloads";
    OC_TRY_STATUS(ensure_folder(downloads));
    OC_TRY(const auto lock, FolderLock::acquire(downloads));
    progress_({"prepare Python", 0, 0});
    OC_TRY(const auto python, PythonEnvironment::create(downloads, stop_));
    OC_TRY_STATUS(python.pip("install", {"-r", requirements}, stop_));
    const std::string calibration = python.folder() + "/calibration";
    OC_TRY(model.calibration, write_calibration(sampler, calibration));
    progress_({"quantize", 0, 0});
    const std::string made = python.folder() + "/int8.onnx";
    OC_TRY_STATUS(python.run({store_.cards_folder() + "/" + kScript, store_.path_of(card_), calibration, made}, stop_));
    progress_({"try", 0, 0});
    OC_TRY_STATUS(try_out(made));
    OC_TRY(model.sha256, sha256_of_file(made));
    OC_TRY_STATUS(install(made, model));
    return model;
  }

 private:
  base::Result<std::vector<ClipSample>> write_calibration(ClipSampler& sampler, const std::string& folder) {
    OC_TRY_STATUS(ensure_folder(folder));
    vision::Preprocessor preprocessor(card_.input);
    OC_TRY(auto tensor, TensorBuffer::allocate(preprocessor.output_bytes()));
    int count = 0;
    const auto write_picture = [&](const media::Frame& frame) -> base::Status {
      OC_TRY([[maybe_unused]] const auto letterbox, preprocessor.run(frame, tensor.data()));
      OC_TRY_STATUS(write_npy(fmt::format("{}/{:06}.npy", folder, count), card_.input, tensor));
      progress_({"calibrate", ++count, sampler.planned_frames()});
      return {};
    };
    OC_TRY(auto samples, sampler.run(write_picture, stop_));
    sample_.emplace(std::move(tensor));
    return samples;
  }

  base::Status try_out(const std::string& path) {
    OC_TRY(const auto original, backend_.load(store_.path_of(card_), {}));
    OC_TRY(const auto made, backend_.load(path, {}));
    OC_TRY_STATUS(check_same_tensors(made->inputs(), original->inputs()));
    OC_TRY_STATUS(check_same_tensors(made->outputs(), original->outputs()));
    OC_TRY(const auto binding, made->make_binding());
    TensorBuffer& input = binding->input(0);
    if (input.bytes() != sample_->bytes()) {
      return Error(Code::invalid, "model " + card_.name + " does not fit its card: its input has another size");
    }
    std::memcpy(input.data(), sample_->data(), input.bytes());
    OC_TRY_STATUS(made->run(*binding));
    for (std::size_t i = 0; i < made->outputs().size(); ++i) {
      OC_TRY_STATUS(check_finite(made->outputs()[i], binding->output(i)));
    }
    return {};
  }

  // The record is what makes weights count, so it comes last; what it named before is removed after that.
  base::Status install(const std::string& made, const QuantizedModel& model) {
    const auto former = load_quantized_model(store_, card_);
    OC_TRY_STATUS(install_file(made, store_.weights_path(model.sha256), model.sha256, stop_));
    OC_TRY_STATUS(install_text(to_yaml(model), quantized_record_path(store_, card_)));
    if (former && former->sha256 != model.sha256) {
      std::error_code ignored;
      std::filesystem::remove(store_.weights_path(former->sha256), ignored);
    }
    return {};
  }

  const ModelStore& store_;
  const ModelCard& card_;
  Backend& backend_;
  const std::function<void(const QuantizeProgress&)>& progress_;
  const std::stop_token& stop_;
  std::optional<TensorBuffer> sample_;  ///< the last picture of the calibration
};

}  // namespace

base::Result<QuantizedModel> quantize_model(const ModelStore& store, const ModelCard& card, ClipSampler& calibration,
                                            Backend& backend,
                                            const std::function<void(const QuantizeProgress&)>& progress,
                                            const std::stop_token& stop) {
  OC_TRY_STATUS(store.verify(card));
  auto made = Quantization(store, card, backend, progress, stop).run(calibration);
  if (made || made.error().code() == Code::cancelled) return made;
  return std::move(made).error().with_context("cannot quantize " + card.name);
}

}  // namespace ocelli::infer
