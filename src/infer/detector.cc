#include "infer/detector.h"

#include <utility>

#include "infer/detection_head.h"
#include "infer/task_runner.h"

namespace ocelli::infer {
namespace {

class CardDetector final : public Detector {
 public:
  CardDetector(const ModelCard& card, TaskRunner<Detections> runner)
      : runner_(std::move(runner)), labels_(card.labels), class_groups_(card.class_groups) {}

  base::Result<std::vector<Detection>> detect(const media::Frame& frame, base::Tracer* tracer) override {
    return runner_.run(frame, tracer);
  }
  const RunTimes& last_times() const override { return runner_.last_times(); }
  const std::vector<std::string>& labels() const override { return labels_; }
  const std::vector<int>& class_groups() const override { return class_groups_; }

 private:
  TaskRunner<Detections> runner_;
  std::vector<std::string> labels_;
  std::vector<int> class_groups_;
};

}  // namespace

base::Result<std::unique_ptr<Detector>> Detector::create(const ModelCard& card, std::shared_ptr<Session> session,
                                                         std::shared_ptr<Batcher> batcher) {
  OC_TRY(auto head, make_detection_head(card));
  OC_TRY(auto runner, TaskRunner<Detections>::create(card, std::move(session), std::move(head), std::move(batcher)));
  return std::unique_ptr<Detector>(std::make_unique<CardDetector>(card, std::move(runner)));
}

}  // namespace ocelli::infer
