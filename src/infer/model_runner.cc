#include "infer/model_runner.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ocelli::infer {
namespace {

using SteadyClock = std::chrono::steady_clock;  // measures the machine, so not the injected clock

ElementType tensor_type(vision::ElementType type) {
  switch (type) {
    case vision::ElementType::float32:
      return ElementType::float32;
    case vision::ElementType::float16:
      return ElementType::float16;
    case vision::ElementType::uint8:
      return ElementType::uint8;
  }
  return ElementType::float32;
}

TensorSpec expected_input(const vision::InputSpec& input, const std::string& name) {
  TensorSpec spec{name, tensor_type(input.element), {1, 3, input.height, input.width}};
  if (input.layout == vision::TensorLayout::interleaved) spec.shape = {1, input.height, input.width, 3};
  return spec;
}

base::Status check_input(const ModelCard& card, const Session& session) {
  if (session.inputs().size() != 1) {
    return misfit(card.name, std::to_string(session.inputs().size()) + " inputs", "one");
  }
  const TensorSpec& input = session.inputs()[0];
  const TensorSpec expected = expected_input(card.input, input.name);
  const bool batch_fits = !input.shape.empty() && (input.shape[0] == 1 || input.shape[0] < 0);
  const bool rest_fits =
      input.shape.size() == 4 && std::equal(input.shape.begin() + 1, input.shape.end(), expected.shape.begin() + 1);
  if (batch_fits && rest_fits && input.type == expected.type) return {};
  return misfit(card.name, "input " + input.to_string(), expected.to_string());
}

}  // namespace

base::Result<ModelRunner> ModelRunner::create(const ModelCard& card, std::shared_ptr<Session> session,
                                              std::shared_ptr<Batcher> batcher) {
  OC_TRY_STATUS(check_input(card, *session));
  if (!batcher) {
    OC_TRY([[maybe_unused]] const auto binding,
           session->lease_binding());  // a model that cannot be bound is refused here
  }
  return ModelRunner(card, std::move(session), std::move(batcher));
}

base::Result<ModelOutput> ModelRunner::run(const media::Frame& frame, const vision::PixelRegion& region,
                                           base::Tracer* tracer, RunTimes& times) {
  if (batcher_) return run_in_batch(frame, region, tracer, times);
  OC_TRY(auto binding, session_->lease_binding());
  vision::Letterbox letterbox;
  const auto begin = SteadyClock::now();
  {
    const base::TraceSpan span(tracer, "preprocess");
    OC_TRY(letterbox, preprocessor_.run(frame, region, binding->input(0).data(), &binding.padding()));
  }
  const auto preprocessed = SteadyClock::now();
  {
    const base::TraceSpan span(tracer, "inference");
    OC_TRY_STATUS(session_->run(*binding));
  }
  times.preprocess = preprocessed - begin;
  times.run = SteadyClock::now() - preprocessed;
  return ModelOutput(std::move(binding), letterbox);
}

base::Result<ModelOutput> ModelRunner::run_in_batch(const media::Frame& frame, const vision::PixelRegion& region,
                                                    base::Tracer* tracer, RunTimes& times) {
  const auto asked = SteadyClock::now();
  OC_TRY(auto place, batcher_->take());
  const auto begin = SteadyClock::now();
  vision::Letterbox letterbox;
  {
    const base::TraceSpan span(tracer, "preprocess");
    OC_TRY(letterbox, preprocessor_.run(frame, region, place.input()));
  }
  const auto preprocessed = SteadyClock::now();
  {
    const base::TraceSpan span(tracer, "inference");
    OC_TRY_STATUS(place.run());
  }
  times.preprocess = preprocessed - begin;
  times.run = SteadyClock::now() - preprocessed + (begin - asked);
  return ModelOutput(std::move(place), letterbox);
}

}  // namespace ocelli::infer
