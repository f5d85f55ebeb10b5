#include "app/summary.h"

#include <chrono>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/atomic_file.h"

namespace ocelli::app {
namespace {

using Json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string_view outcome(const base::Status& input) {
  if (input) return "complete";
  return input.error().code() == base::Code::cancelled ? "interrupted" : "failed";
}

/// Milliseconds per analysed frame.
double per_frame_ms(std::chrono::nanoseconds sum, std::uint64_t frames) {
  return frames == 0 ? 0 : 1000 * seconds(sum) / static_cast<double>(frames);
}

}  // namespace

base::Status write_summary(const AnalysisConfig& config, const infer::LoadedModel& model,
                           const AnalysisReport& report) {
  const auto& status = report.status;
  Json input{{"url", media::redact_url(config.stream.source.url)}, {"outcome", outcome(report.input)}};
  if (!report.input && report.input.error().code() != base::Code::cancelled) {
    input["reason"] = report.input.error().message();
  }
  if (status.info) {
    input["container"] = status.info->container;
    input["codec"] = status.info->codec;
    input["width"] = status.info->width;
    input["height"] = status.info->height;
    input["fps"] = status.info->frames_per_second;
  }
  const Json frames{{"decoded", status.frames_decoded},
                    {"analysed", status.frames_analysed},
                    {"dropped", status.frames_dropped},
                    {"left_out_damaged", status.frames_damaged},
                    {"corrupt_packets", status.packets_corrupt}};
  const Json time{{"wall_s", seconds(report.wall_time)},
                  {"media_s", media::to_seconds(status.position)},
                  {"decode_ms_per_frame", per_frame_ms(status.decode_time, status.frames_analysed)},
                  {"preprocess_ms_per_frame", per_frame_ms(status.preprocess_time, status.frames_analysed)},
                  {"inference_ms_per_frame", per_frame_ms(status.inference_time, status.frames_analysed)},
                  {"pipeline_ms_per_frame", per_frame_ms(status.total_time, status.frames_analysed)}};
  Json summary{{"camera", config.stream.name},
               {"input", input},
               {"model",
                {{"name", model.card.name},
                 {"sha256", model.deployment.weights_sha256},
                 {"precision", infer::precision_name(model.deployment.precision)},
                 {"licence", model.card.licence}}},
               {"frames", frames},
               {"events", report.events_by_type},
               {"time", time}};
  if (!report.warnings.empty()) summary["warnings"] = report.warnings;
  OC_TRY(auto file, AtomicFile::create(config.folder + "/summary.json"));
  OC_TRY_STATUS(file.write(summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  return file.commit();
}

std::string describe(const AnalysisConfig& config, const AnalysisReport& report) {
  const auto& status = report.status;
  const double wall_s = seconds(report.wall_time);
  std::string text =
      fmt::format("{}: {} frames in {:.1f} s ({:.1f} per second)", config.stream.name, status.frames_analysed, wall_s,
                  wall_s > 0 ? static_cast<double>(status.frames_analysed) / wall_s : 0);
  if (status.frames_damaged > 0) text += fmt::format(", {} left out as damaged", status.frames_damaged);
  if (status.frames_dropped > 0) text += fmt::format(", {} dropped", status.frames_dropped);
  if (status.packets_corrupt > 0) text += fmt::format(", {} damaged packets skipped", status.packets_corrupt);
  text += "\n  per frame:";
  fmt::format_to(std::back_inserter(text), " decode {:.1f} ms, preprocess {:.1f} ms, inference {:.1f} ms\n",
                 per_frame_ms(status.decode_time, status.frames_analysed),
                 per_frame_ms(status.preprocess_time, status.frames_analysed),
                 per_frame_ms(status.inference_time, status.frames_analysed));
  text += "  events:";
  if (report.events_by_type.empty()) text += " none";
  const char* separator = " ";
  for (const auto& [type, count] : report.events_by_type) {
    text += fmt::format("{}{} {}", separator, count, type);
    separator = ", ";
  }
  text += '\n';
  for (const auto& warning : report.warnings) text += "  note: " + warning + "\n";
  for (const auto& file : report.files) text += "  " + file + "\n";
  return text;
}

}  // namespace ocelli::app
