#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/command.h"
#include "app/decoder_trial.h"
#include "app/print.h"
#include "base/processor.h"
#include "infer/backend.h"
#include "infer/model_store.h"
#include "infer/quantized_model.h"
#include "infer/tuned_profile.h"
#include "media/capabilities.h"
#include "media/hardware.h"
#include "vision/preprocess.h"

namespace ocelli::app {
namespace {

/// One thing that was looked at.
struct Finding {
  enum class Verdict { good, note, bad };
  Verdict verdict;
  std::string what;
  std::string detail;
};

/// A folder of its own, removed with what is in it. Its path is empty when none can be made.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ocelli-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Finding check_decoder(const media::DecoderInfo& decoder) {
  using Verdict = Finding::Verdict;
  return {decoder.available ? Verdict::good : Verdict::bad, "decode " + decoder.codec,
          decoder.available ? "software (" + decoder.name + ")" : "this FFmpeg has no decoder for it"};
}

/// Every kind of hardware decoder: whether it opens here, and how fast a short clip then goes beside software.
std::vector<Finding> check_hardware_decoders(base::Clock& clock) {
  using Verdict = Finding::Verdict;
  media::HardwareDevices devices;
  std::vector<Finding> findings;
  std::vector<media::DecodeDevice> opened;
  for (const auto kind : media::hardware_kinds()) {
    const std::string what = "decode " + std::string(media::decode_device_name(kind));
    const auto status = devices.open(kind);
    if (status) {
      opened.push_back(kind);
    } else {
      findings.push_back({Verdict::note, what, "off: " + status.error().message()});
    }
  }
  if (opened.empty()) return findings;
  const TemporaryFolder folder;
  const std::string clip = folder.path() + "/trial.mp4";
  if (const auto written = write_trial_clip(clip); !written) {
    findings.push_back({Verdict::note, "decode trial", "no clip to try decoders with: " + written.error().message()});
    return findings;
  }
  opened.push_back(media::DecodeDevice::software);
  for (const auto kind : opened) {
    const auto trial = try_decoder(clip, kind, devices, clock);
    findings.push_back({trial ? Verdict::good : Verdict::note, "decode " + std::string(media::decode_device_name(kind)),
                        trial ? fmt::format("1080p on one thread: {:.0f} frames/s, {:.0f} with pictures in memory",
                                            trial->frames_per_second, trial->downloaded_frames_per_second)
                              : "opens, but does not decode: " + trial.error().message()});
  }
  return findings;
}

Finding check_backend() {
  const auto backend = infer::make_onnx_backend();
  if (!backend) return {Finding::Verdict::bad, "inference", backend.error().message()};
  return {Finding::Verdict::good, "inference",
          fmt::format("{}, {} threads a run by default", (*backend)->description(), infer::default_intra_op_threads())};
}

/// What ONNX Runtime can compute on besides the processor.
std::vector<Finding> check_providers() {
  std::vector<Finding> findings;
  const auto backend = infer::make_onnx_backend();
  if (!backend) return findings;  // told already
  for (const auto provider : {infer::Provider::cuda, infer::Provider::tensorrt, infer::Provider::openvino}) {
    const auto status = (*backend)->check_provider(provider);
    findings.push_back({status ? Finding::Verdict::good : Finding::Verdict::note,
                        "provider " + std::string(infer::provider_name(provider)),
                        status ? "can be used" : status.error().message()});
  }
  return findings;
}

Finding check_openvino() {
  const auto backend = infer::make_openvino_backend();
  if (!backend) return {Finding::Verdict::note, "inference OpenVINO", backend.error().message()};
  const auto bf16 = (*backend)->check_precision(infer::Precision::bf16);
  return {Finding::Verdict::good, "inference OpenVINO",
          (*backend)->description() + (bf16 ? ", computes with bf16" : ": " + bf16.error().message())};
}

/// What `precision: auto` means for a card.
Finding check_tuning(const infer::ModelStore& store, const infer::ModelCard& card) {
  const std::string what = "model " + card.name + " auto";
  const auto profile = infer::load_tuned_profile(store, card);
  if (!profile) return {Finding::Verdict::note, what, "--precision auto is fp32: " + profile.error().message()};
  return {Finding::Verdict::good, what,
          fmt::format("--precision auto is {} {}, threads {}: {:.1f} ms a run, {:.2f} times as fast as fp32, F1 {:.3f}",
                      infer::backend_name(profile->backend), infer::precision_name(profile->precision),
                      profile->threads, profile->run_ms, profile->speed, profile->f1)};
}

std::vector<Finding> check_models() {
  const auto store = infer::ModelStore::open({});
  if (!store) return {{Finding::Verdict::bad, "models", store.error().message()}};
  const auto cards = store->list();
  if (!cards) return {{Finding::Verdict::bad, "models", cards.error().message()}};
  std::vector<Finding> findings;
  for (const auto& card : *cards) {
    const auto status = store->verify(card);
    const bool absent = !status && status.error().code() == base::Code::not_found;
    findings.push_back({status   ? Finding::Verdict::good
                        : absent ? Finding::Verdict::note
                                 : Finding::Verdict::bad,
                        "model " + card.name, status ? "present and intact" : status.error().message()});
    if (!status) continue;
    findings.push_back(check_tuning(*store, card));
    const auto quantized = infer::verify_quantized_model(*store, card);
    if (!quantized && quantized.error().code() == base::Code::not_found) continue;
    findings.push_back({quantized ? Finding::Verdict::good : Finding::Verdict::bad, "model " + card.name + " int8",
                        quantized ? "present and intact, for --precision int8" : quantized.error().message()});
  }
  return findings;
}

void run_doctor(CommandContext& context) {
  std::vector<Finding> findings;
  findings.push_back({Finding::Verdict::good, "processor",
                      fmt::format("{}, {} threads", base::processor_name(), std::thread::hardware_concurrency())});
  findings.push_back({Finding::Verdict::good, "pixel kernels", std::string(vision::simd_target())});
  for (const auto& decoder : media::decoders()) findings.push_back(check_decoder(decoder));
  for (auto& finding : check_hardware_decoders(context.clock)) findings.push_back(std::move(finding));
  findings.push_back({Finding::Verdict::note, "encode video", media::video_encoder_name()});
  findings.push_back(check_backend());
  for (auto& finding : check_providers()) findings.push_back(std::move(finding));
  findings.push_back(check_openvino());
  for (auto& finding : check_models()) findings.push_back(std::move(finding));

  for (const auto& finding : findings) {
    const char* mark = finding.verdict == Finding::Verdict::good   ? "ok  "
                       : finding.verdict == Finding::Verdict::note ? "note"
                                                                   : "BAD ";
    print(stdout, "{}  {:<19} {}\n", mark, finding.what, finding.detail);
    if (finding.verdict == Finding::Verdict::bad) context.exit_code = ExitCode::failed;
  }
}

}  // namespace

void add_doctor_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("doctor", "Say what this machine can do and what is missing");
  command->footer("Exit code 1 when something that every analysis needs is missing.\n\n  ocelli doctor");
  command->callback([&context] { run_doctor(context); });
}

}  // namespace ocelli::app
