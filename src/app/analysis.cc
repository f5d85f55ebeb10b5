#include "app/analysis.h"

#include <utility>

#include "app/annotated_video.h"
#include "app/contact_sheet.h"
#include "app/record_setup.h"
#include "app/result_files.h"
#include "app/summary.h"
#include "engine/recorded_stream.h"

namespace ocelli::app {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{100};

class EventCounter final : public events::EventSink {
 public:
  base::Status accept(const events::Event& event) override {
    ++by_type_[std::string(events::event_type_name(event.type))];
    return {};
  }
  std::map<std::string, std::uint64_t> take() { return std::move(by_type_); }

 private:
  std::map<std::string, std::uint64_t> by_type_;
};

/// The sinks of one analysis. A failing sink is remembered here, so that a full disk is not mistaken for a bad input.
class Results {
 public:
  base::Status open(const AnalysisConfig& config, const std::vector<std::string>& labels);
  base::Status finish();
  void connect(engine::StreamServices& services);

  std::vector<std::string> paths() const;
  std::vector<std::string> warnings() const;
  EventCounter& counter() { return counter_; }

 private:
  template <class File>
  void add_track_file(std::unique_ptr<File> file) {
    track_sinks_.push_back(file.get());
    files_.push_back(std::move(file));
  }

  std::vector<std::unique_ptr<ResultFile>> files_;
  std::vector<events::EventSink*> event_sinks_;
  std::vector<events::TrackSink*> track_sinks_;
  EventCounter counter_;
};

base::Status Results::open(const AnalysisConfig& config, const std::vector<std::string>& labels) {
  OC_TRY_STATUS(ensure_output_folder(config.folder));
  for (const auto name : kResultNames) OC_TRY_STATUS(remove_file(config.folder + "/" + std::string(name)));
  event_sinks_.push_back(&counter_);
  if (config.formats.contains(ResultFormat::jsonl)) {
    OC_TRY(auto file, EventFile::create(config.folder + "/events.jsonl"));
    event_sinks_.push_back(file.get());
    files_.push_back(std::move(file));
  }
  if (config.formats.contains(ResultFormat::mot)) {
    OC_TRY(auto file, MotFile::create(config.folder + "/tracks.csv"));
    add_track_file(std::move(file));
  }
  if (config.formats.contains(ResultFormat::coco)) {
    OC_TRY(auto file, CocoFile::create(config.folder + "/coco.json", labels));
    add_track_file(std::move(file));
  }
  if (config.pictures == AnalysisConfig::Pictures::annotated) {
    add_track_file(std::make_unique<AnnotatedVideo>(config.folder, config.stream.rules, labels));
    add_track_file(std::make_unique<ContactSheet>(config.folder, config.stream.rules, labels));
  }
  return {};
}

base::Status Results::finish() {
  for (const auto& file : files_) OC_TRY_STATUS(file->finish());
  return {};
}

void Results::connect(engine::StreamServices& services) {
  services.event_sinks = event_sinks_;
  services.track_sinks = track_sinks_;
}

std::vector<std::string> Results::paths() const {
  std::vector<std::string> paths;
  for (const auto& file : files_) {
    for (auto& path : file->paths()) paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> Results::warnings() const {
  std::vector<std::string> warnings;
  for (const auto& file : files_) {
    for (auto& warning : file->warnings()) warnings.push_back(warning);
  }
  return warnings;
}

std::optional<double> share_done(const engine::StreamStatus& status, const engine::StreamConfig& config) {
  if (!status.info || !status.info->duration) return std::nullopt;
  const double begin = config.from ? media::to_seconds(*config.from) : 0;
  const double whole = std::chrono::duration<double>(*status.info->duration).count();
  const double end = config.to ? std::min(whole, media::to_seconds(*config.to)) : whole;
  if (end <= begin) return std::nullopt;
  return (media::to_seconds(status.position) - begin) / (end - begin);
}

/// Shows progress until the stream ends; passes a stop request on.
void watch(engine::Stream& stream, const AnalysisConfig& config, base::Clock& clock, const std::stop_token& stop) {
  using State = engine::LifeState;
  Progress progress(config.stream.name, "frames", config.progress, clock);
  for (auto status = stream.status(); status.state != State::ended && status.state != State::failed;
       status = stream.status()) {
    progress.update(static_cast<double>(status.frames_analysed), share_done(status, config.stream));
    if (!stream.wait_for(kProgressInterval) && stop.stop_requested()) stream.stop();
  }
}

/// Null where nothing is recorded.
base::Result<std::unique_ptr<engine::RunRecorder>> make_recorder(const AnalysisConfig& config,
                                                                 const AnalysisServices& services,
                                                                 base::Metrics& metrics) {
  if (config.recording.empty()) return std::unique_ptr<engine::RunRecorder>();
  engine::RunRecording recording;
  recording.folder = config.recording;
  OC_TRY(recording.header, make_recording_header(config.model, config.stream, services.model));
  recording.bounds.most_bytes = config.most_recorded_bytes;
  return engine::RunRecorder::create(recording, services.logger, metrics);
}

}  // namespace

base::Result<AnalysisReport> analyse(const AnalysisConfig& config, const AnalysisServices& services,
                                     std::stop_token stop) {
  AnalysisReport report;
  OC_TRY(auto detector, services.model.make_detector());
  Results results;
  OC_TRY_STATUS(results.open(config, detector->labels()));
  base::Metrics metrics;
  media::HardwareDevices hardware;
  engine::StreamServices stream_services{
      services.clock, services.workers, services.logger, metrics, services.tracer, {}, {}, &hardware};
  results.connect(stream_services);
  if (services.store != nullptr) {
    stream_services.event_sinks.push_back(services.store);
    stream_services.track_sinks.push_back(services.store);
  }
  OC_TRY(const auto recorder, make_recorder(config, services, metrics));

  const auto begin = services.clock.now();
  const auto stream =
      recorder ? engine::start_recorded_stream(config.stream, std::move(detector), stream_services, *recorder)
               : engine::Stream::start(config.stream, std::move(detector), stream_services);
  watch(*stream, config, services.clock, stop);
  report.input = stream->wait();
  report.wall_time = services.clock.now() - begin;
  report.status = stream->status();
  report.events_by_type = results.counter().take();
  if (report.status.sink_failed) return report.input.error();
  OC_TRY_STATUS(results.finish());
  if (recorder) OC_TRY_STATUS(recorder->close());
  report.files = results.paths();
  report.warnings = results.warnings();
  OC_TRY_STATUS(write_summary(config, services.model, report));
  report.files.push_back(config.folder + "/summary.json");
  if (recorder) report.files.push_back(config.recording);
  return report;
}

}  // namespace ocelli::app
