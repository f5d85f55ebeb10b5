#include "app/classification.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "media/address.h"
#include "media/decoder.h"
#include "media/source.h"

namespace ocelli::app {
namespace {

constexpr std::size_t kPoolFrames = 32;  // a decoder may hold many frames back for reordering

std::string line_of(const std::string& input, const media::Frame& frame, const infer::Classification& classes,
                    const std::vector<std::string>& labels) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& [class_id, score] : classes) {
    list.push_back({{"label", labels[static_cast<std::size_t>(class_id)]}, {"class", class_id}, {"score", score}});
  }
  const nlohmann::ordered_json line{{"input", media::redact_url(input)},
                                    {"frame", frame.info().sequence},
                                    {"time_s", std::round(media::to_seconds(frame.time()) * 1000) / 1000},
                                    {"width", frame.width()},
                                    {"height", frame.height()},
                                    {"classes", std::move(list)}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// Feeds the decoder until it gives a frame; `end_of_stream` after the last.
base::Result<media::FramePtr> next_frame(media::Source& source, media::Decoder& decoder) {
  while (true) {
    auto frame = decoder.receive();
    if (frame || frame.error().code() != base::Code::need_input) return frame;
    auto packet = source.read();
    if (packet) {
      // A damaged packet is skipped: the next one may do.
      [[maybe_unused]] const auto sent = decoder.send(*packet);
    } else if (packet.error().code() == base::Code::end_of_stream) {
      OC_TRY_STATUS(decoder.drain());
    } else {
      return packet.error();
    }
  }
}

}  // namespace

base::Result<ClassificationJob> ClassificationJob::create(const ClassificationConfig& config,
                                                          const LoadedModel& model) {
  OC_TRY(auto head, infer::make_classification_head(model.card));
  OC_TRY(auto runner, infer::TaskRunner<infer::Classification>::create(model.card, model.session, std::move(head)));
  OC_TRY_STATUS(ensure_output_folder(config.folder));
  OC_TRY(auto file, AtomicFile::create(config.folder + "/classes.jsonl"));
  return ClassificationJob(config, std::move(file), model, std::move(runner));
}

bool ClassificationJob::wanted(const media::Frame& frame) {
  if (config_.from && frame.time() < *config_.from) return false;
  if (due_ && frame.time() < *due_) return false;
  if (config_.max_fps) {
    const auto interval = media::from_seconds(1 / *config_.max_fps).time_since_epoch();
    due_ = due_ ? std::max(*due_ + interval, frame.time()) : frame.time() + interval;
  }
  return true;
}

base::Status ClassificationJob::classify(const std::string& input, const media::Frame& frame) {
  OC_TRY(const auto classes, runner_.run(frame, nullptr));
  if (!classes.empty()) {
    ++best_[classes.front().class_id];
    scores_[classes.front().class_id] = classes.front().score;
  }
  auto written = file_.write(line_of(input, frame, classes, labels_));
  file_failed_ = !written;
  return written;
}

base::Result<ClassificationReport> ClassificationJob::run(const std::string& input, base::Clock& clock,
                                                          const std::stop_token& stop) {
  due_.reset();
  best_.clear();
  scores_.clear();
  OC_TRY(const auto source, media::Source::open({input}, clock, stop));
  media::FramePool pool(kPoolFrames);
  OC_TRY(const auto decoder, media::Decoder::create(*source, {}, pool, clock, {}));
  ClassificationReport report;
  bool decoded = false;
  while (true) {
    if (stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
    const auto frame = next_frame(*source, *decoder);
    if (!frame && frame.error().code() != base::Code::end_of_stream) return frame.error();
    if (!frame) break;
    decoded = true;
    if (config_.to && (*frame)->time() >= *config_.to) break;
    if (!wanted(**frame)) continue;
    OC_TRY_STATUS(classify(input, **frame));
    ++report.frames;
  }
  if (!decoded) {
    return base::Error(base::Code::corrupt, "no picture of " + media::redact_url(input) + " can be decoded");
  }
  const auto most =
      std::max_element(best_.begin(), best_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != best_.end()) {
    report.label = labels_[static_cast<std::size_t>(most->first)];
    report.label_frames = most->second;
    report.score = scores_[most->first];
  }
  return report;
}

}  // namespace ocelli::app
