#include "infer/dispatcher.h"

#include <algorithm>
#include <chrono>

#include "base/parallel.h"

namespace ocelli::infer {
namespace {

bool wanted(const Detection& detection, const CropRule& rule) {
  return rule.class_ids.empty() ||
         std::find(rule.class_ids.begin(), rule.class_ids.end(), detection.class_id) != rule.class_ids.end();
}

vision::PixelRegion region_for(const vision::PixelBox& box, const CropRule& rule, const media::Frame& frame) {
  const float x = rule.margin * box.width;
  const float y = rule.margin * box.height;
  return vision::region_of({box.left - x, box.top - y, box.width + 2 * x, box.height + 2 * y}, frame.width(),
                           frame.height());
}

}  // namespace

base::Result<std::size_t> Dispatcher::add_to_group(const std::optional<Cut>& cut, const ModelCard& card,
                                                   std::shared_ptr<Session> session, std::unique_ptr<AnyHead> head) {
  OC_CHECK(!cut || cut->source < heads_.size());
  OC_TRY_STATUS(head->attach(*session));
  auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& known) {
    return &known.runner.session() == session.get() && known.input == card.input && known.cut == cut;
  });
  if (group == groups_.end()) {
    OC_TRY(auto runner, ModelRunner::create(card, std::move(session)));
    const std::size_t depth = cut ? group_of(cut->source).depth + 1 : 0;
    levels_.resize(std::max(levels_.size(), depth + 1));
    levels_[depth].push_back(groups_.size());
    groups_.push_back({cut, card.input, std::move(runner), {}, depth});
    group = groups_.end() - 1;
  }
  group->tasks.push_back(heads_.size());
  heads_.push_back(std::move(head));
  return heads_.size() - 1;
}

const Dispatcher::Group& Dispatcher::group_of(std::size_t task) const {
  return *std::find_if(groups_.begin(), groups_.end(), [task](const Group& group) {
    return std::find(group.tasks.begin(), group.tasks.end(), task) != group.tasks.end();
  });
}

void Dispatcher::run_on_region(Group& group, const media::Frame& frame, std::size_t index,
                               const vision::PixelRegion& region, base::Tracer* tracer) {
  RunTimes times;
  const auto output = group.runner.run(frame, region, tracer, times);
  const base::TraceSpan span(tracer, "head");
  const auto begin = std::chrono::steady_clock::now();
  for (const std::size_t task : group.tasks) heads_[task]->add(output, index, region);
  group.times.preprocess += times.preprocess;
  group.times.run += times.run;
  group.times.head += std::chrono::steady_clock::now() - begin;
}

std::size_t Dispatcher::run_on_crops(Group& group, const media::Frame& frame, base::Tracer* tracer) {
  const CropRule& rule = group.cut->rule;
  const auto detections = heads_[group.cut->source]->detections();
  if (!detections) {
    for (const std::size_t task : group.tasks) heads_[task]->fail(detections.error());
    return 0;
  }
  std::size_t cut = 0;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < detections->size(); ++i) {
    if (!wanted((*detections)[i], rule)) continue;
    const auto region = region_for((*detections)[i].box, rule, frame);
    if (std::min(region.width, region.height) < rule.least_side_px) continue;
    if (cut == rule.max_crops) {
      ++left_out;
      continue;
    }
    run_on_region(group, frame, i, region, tracer);
    ++cut;
  }
  return left_out;
}

void Dispatcher::run_group(Group& group, const media::Frame& frame, base::Tracer* tracer) {
  group.times = {};
  group.left_out = 0;
  for (const std::size_t task : group.tasks) heads_[task]->begin();
  if (group.cut) {
    group.left_out = run_on_crops(group, frame, tracer);
  } else {
    run_on_region(group, frame, 0, whole(frame), tracer);
  }
}

TaskResponse Dispatcher::run(const media::Frame& frame, base::Tracer* tracer, base::Executor* helpers) {
  for (const auto& level : levels_) {
    const auto run_one = [&](std::size_t index) { run_group(groups_[level[index]], frame, tracer); };
    if (helpers != nullptr) {
      base::run_side_by_side(*helpers, level.size(), run_one);
    } else {
      for (std::size_t index = 0; index < level.size(); ++index) run_one(index);
    }
  }
  TaskResponse response;
  response.results_.resize(heads_.size());
  response.times_.resize(heads_.size());
  for (const auto& group : groups_) {
    for (const std::size_t task : group.tasks) {
      response.results_[task] = heads_[task]->finish(group.left_out);
      response.times_[task] = group.times;
    }
  }
  return response;
}

}  // namespace ocelli::infer
