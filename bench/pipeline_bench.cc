// What does ocelli add to decoding and to the model itself? For every frame of a clip: the time of the whole pipeline
// (decode, gate, preprocess, model, head, tracker, rules), and in turn with it one bare run of the same ONNX Runtime
// session over the same tensor. Overhead = frame - decode - bare run, as a share of the frame.
// usage: pipeline_bench CLIP [FRAMES=150] [MODEL=yolov8n]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/executor.h"
#include "engine/pipeline.h"
#include "infer/backend.h"
#include "infer/detector.h"
#include "infer/model_store.h"
#include "media/decoder.h"
#include "media/source.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file
using Nanoseconds = std::chrono::nanoseconds;

struct Sample {
  Nanoseconds frame, decode, preprocess, inference, bare_run;
};

double median_ms(const std::vector<Sample>& samples, Nanoseconds Sample::* field) {
  std::vector<double> values;
  for (const auto& sample : samples) values.push_back(std::chrono::duration<double, std::milli>(sample.*field).count());
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

base::Result<std::vector<Sample>> measure(const std::string& clip, std::size_t frames, const std::string& model) {
  base::SystemClock clock;
  OC_TRY(const auto store, infer::ModelStore::open({}));
  OC_TRY(const auto card, store.card(model));
  OC_TRY_STATUS(store.verify(card));
  OC_TRY(const auto backend, infer::make_onnx_backend());
  OC_TRY(auto loaded, backend->load(store.path_of(card), {}));
  const std::shared_ptr<infer::Session> session = std::move(loaded);
  OC_TRY(auto bare, session->make_binding());
  OC_TRY(auto detector, infer::Detector::create(card, session));

  engine::StreamConfig config;
  config.name = "bench";
  config.rules.lines = {{.name = "line", .from = {0.5F, 0}, .to = {0.5F, 1}, .labels = {}}};
  config.rules.zones = {{.name = "zone", .corners = {{0.2F, 0.2F}, {0.8F, 0.2F}, {0.8F, 0.8F}}, .labels = {}}};
  base::Metrics metrics;
  base::Executor workers("unused", 1);
  const engine::StreamServices services{clock, workers, base::Logger::null(), metrics, nullptr, {}, {}};
  media::FramePool pool(16);
  engine::Pipeline pipeline(config, std::move(detector), services, pool, [] { return false; });

  OC_TRY(auto source, media::Source::open({clip}, clock, {}));
  OC_TRY(auto decoder, media::Decoder::create(*source, {}, pool, clock, {}));
  OC_TRY_STATUS(pipeline.change_decoder(std::move(decoder)));

  constexpr std::size_t kWarmUp = 5;
  std::vector<Sample> samples;
  while (samples.size() < frames + kWarmUp) {
    auto packet = source->read();
    if (!packet) break;
    const auto before = pipeline.counts();
    OC_TRY_STATUS(pipeline.consume(*packet));
    const auto& after = pipeline.counts();
    if (after.frames_analysed != before.frames_analysed + 1) continue;  // the decoder held it back
    const auto begin = std::chrono::steady_clock::now();
    OC_TRY_STATUS(session->run(*bare));
    samples.push_back({after.total_time - before.total_time, after.decode_time - before.decode_time,
                       after.preprocess_time - before.preprocess_time, after.inference_time - before.inference_time,
                       std::chrono::steady_clock::now() - begin});
  }
  if (samples.size() <= kWarmUp) return base::Error(base::Code::invalid, "the clip is too short to measure");
  samples.erase(samples.begin(), samples.begin() + kWarmUp);
  return samples;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: pipeline_bench CLIP [FRAMES=150] [MODEL=yolov8n]\n");
    return 2;
  }
  const auto frames = static_cast<std::size_t>(argc > 2 ? std::atoi(argv[2]) : 150);
  const auto samples = measure(argv[1], frames, argc > 3 ? argv[3] : "yolov8n");
  if (!samples) {
    std::fprintf(stderr, "pipeline_bench: %s\n", samples.error().message().c_str());
    return 1;
  }
  const double frame = median_ms(*samples, &Sample::frame);
  const double decode = median_ms(*samples, &Sample::decode);
  const double preprocess = median_ms(*samples, &Sample::preprocess);
  const double inference = median_ms(*samples, &Sample::inference);
  const double bare = median_ms(*samples, &Sample::bare_run);
  const double rest = frame - decode - preprocess - inference;
  std::printf("%zu frames, medians in ms (share of the frame)\n", samples->size());
  std::printf("  frame                          %8.2f\n", frame);
  std::printf("  decode                         %8.2f  (%4.1f %%)\n", decode, 100 * decode / frame);
  std::printf("  preprocess                     %8.2f  (%4.1f %%)\n", preprocess, 100 * preprocess / frame);
  std::printf("  model run inside the pipeline  %8.2f  (%4.1f %%)\n", inference, 100 * inference / frame);
  std::printf("  head, tracker, rules, rest     %8.2f  (%4.1f %%)\n", rest, 100 * rest / frame);
  std::printf("  bare ONNX Runtime run, in turn %8.2f\n", bare);
  std::printf("overhead by the pipeline's own clock  %5.2f %% of the frame (frame - decode - run inside)\n",
              100 * (frame - decode - inference) / frame);
  std::printf("overhead against the bare run         %5.2f %% of the frame (frame - decode - bare run)\n",
              100 * (frame - decode - bare) / frame);
  return 0;
}
