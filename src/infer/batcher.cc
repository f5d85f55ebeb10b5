#include "infer/batcher.h"

#include <algorithm>
#include <stop_token>
#include <string>
#include <utility>

#include "base/check.h"

namespace ocelli::infer {
namespace {

using base::Code;
using base::Error;

/// The requests are gone when it returns, with all that their functions hold.
void end_all(std::vector<BatchRequest>&& requests, Code code, const std::string& message) {
  const std::vector<BatchRequest> ended = std::move(requests);
  for (const auto& request : ended) request.done(Error(code, message));
}

}  // namespace

base::Result<std::unique_ptr<Batcher>> Batcher::create(std::shared_ptr<Session> session, const BatcherConfig& config,
                                                       const base::Clock& clock, std::function<void()> wake) {
  OC_CHECK(config.max_batch > 0 && config.max_waiting_per_stream > 0 && config.max_waiting >= config.max_batch);
  const auto& inputs = session->inputs();
  if (inputs.size() != 1 || inputs[0].shape.empty()) {
    return Error(Code::unsupported, "only models with one input can be batched");
  }
  const auto& shape = inputs[0].shape;
  if (std::any_of(shape.begin() + 1, shape.end(), [](std::int64_t size) { return size < 0; })) {
    return Error(Code::unsupported, "input " + inputs[0].to_string() + " has an open size besides the batch");
  }
  if (config.max_batch > 1 && shape[0] >= 0) {
    return Error(Code::unsupported, "input " + inputs[0].to_string() + " has no open batch: run it with batch 1");
  }
  OC_TRY(auto binding, session->make_open_binding());
  return std::unique_ptr<Batcher>(new Batcher(std::move(session), std::move(binding), config, clock, std::move(wake)));
}

Batcher::Batcher(std::shared_ptr<Session> session, std::unique_ptr<OpenBinding> binding, const BatcherConfig& config,
                 const base::Clock& clock, std::function<void()> wake)
    : session_(std::move(session)),
      binding_(std::move(binding)),
      config_(config),
      clock_(clock),
      wake_(std::move(wake)),
      shape_(session_->inputs()[0].shape) {}

Batcher::~Batcher() {
  close();
}

base::Status Batcher::submit(BatchRequest request) {
  {
    const base::MutexLock lock(mutex_);
    if (closed_) return Error(Code::cancelled, "the batcher is closed");
    const auto known = waiting_.find(request.stream);
    const std::size_t of_stream = known == waiting_.end() ? 0 : known->second.size();
    if (of_stream >= config_.max_waiting_per_stream || waiting_count_ >= config_.max_waiting) {
      ++counts_.refused;
      return Error(Code::exhausted, "the model is busy: " + std::to_string(waiting_count_) + " pictures wait, " +
                                        std::to_string(of_stream) + " of this stream");
    }
    waiting_[request.stream].push_back({std::move(request), clock_.now()});
    ++waiting_count_;
  }
  wake_();
  return {};
}

void Batcher::cancel(StreamId stream) {
  Batch ended;
  {
    const base::MutexLock lock(mutex_);
    if (const auto known = waiting_.find(stream); known != waiting_.end()) {
      for (auto& waiting : known->second) ended.push_back(std::move(waiting.request));
      waiting_.erase(known);
      waiting_count_ -= ended.size();
      counts_.cancelled += ended.size();
    }
  }
  end_all(std::move(ended), Code::cancelled, "the stream was removed");
  const base::MutexLock lock(mutex_);
  ran_.wait(mutex_, std::stop_token(), [&]() OC_REQUIRES(mutex_) {
    return std::find(running_.begin(), running_.end(), stream) == running_.end();
  });
}

void Batcher::close() {
  Batch ended;
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    for (auto& [stream, queue] : waiting_) {
      for (auto& waiting : queue) ended.push_back(std::move(waiting.request));
    }
    waiting_.clear();
    waiting_count_ = 0;
    counts_.cancelled += ended.size();
  }
  end_all(std::move(ended), Code::cancelled, "the batcher is closed");
  const base::MutexLock lock(mutex_);
  ran_.wait(mutex_, std::stop_token(), [&]() OC_REQUIRES(mutex_) { return running_.empty(); });
}

BatcherCounts Batcher::counts() const {
  const base::MutexLock lock(mutex_);
  return counts_;
}

std::optional<base::SteadyTime> Batcher::due() const {
  if (waiting_count_ == 0) return std::nullopt;
  auto first = base::SteadyTime::max();
  auto deadline = base::SteadyTime::max();
  for (const auto& [stream, queue] : waiting_) {
    first = std::min(first, queue.front().since);
    for (const auto& waiting : queue) deadline = std::min(deadline, waiting.request.deadline);
  }
  if (waiting_count_ >= config_.max_batch) return first;
  return std::min(first + config_.max_wait, deadline - run_time_);
}

Batcher::Batch Batcher::take_late(base::SteadyTime now) {
  Batch late;
  for (auto stream = waiting_.begin(); stream != waiting_.end();) {
    auto& queue = stream->second;
    for (auto waiting = queue.begin(); waiting != queue.end();) {
      if (waiting->request.deadline >= now) {
        ++waiting;
        continue;
      }
      late.push_back(std::move(waiting->request));
      waiting = queue.erase(waiting);
    }
    stream = queue.empty() ? waiting_.erase(stream) : std::next(stream);
  }
  waiting_count_ -= late.size();
  counts_.timed_out += late.size();
  return late;
}

Batcher::Batch Batcher::take_batch() {
  Batch batch;
  while (batch.size() < config_.max_batch && waiting_count_ > 0) {
    auto stream = waiting_.upper_bound(last_served_);
    if (stream == waiting_.end()) stream = waiting_.begin();
    last_served_ = stream->first;
    batch.push_back(std::move(stream->second.front().request));
    stream->second.pop_front();
    if (stream->second.empty()) waiting_.erase(stream);
    --waiting_count_;
  }
  for (const auto& request : batch) running_.push_back(request.stream);
  if (!batch.empty()) ++counts_.runs;
  counts_.pictures += batch.size();
  return batch;
}

std::optional<base::SteadyTime> Batcher::run_due() {
  runner_.assert_held();
  const auto begin = clock_.now();
  Batch late;
  Batch batch;
  {
    const base::MutexLock lock(mutex_);
    late = take_late(begin);
    for (const auto& request : late) running_.push_back(request.stream);
    if (const auto time = due(); time && *time <= begin) batch = take_batch();
  }
  end_all(std::move(late), Code::timeout, "the model was busy until after the deadline");
  const bool runs = !batch.empty();
  if (runs) run(std::move(batch));
  const base::MutexLock lock(mutex_);
  if (runs) run_time_ = clock_.now() - begin;
  running_.clear();
  ran_.notify_all();
  return due();
}

base::Result<void*> Batcher::shape_input(std::size_t pictures) {
  shape_[0] = static_cast<std::int64_t>(pictures);
  return binding_->shape_input(0, shape_);
}

void Batcher::run(Batch batch) {
  const auto input = shape_input(batch.size());
  if (!input) return end_all(std::move(batch), input.error().code(), input.error().message());
  const std::size_t picture_bytes = session_->inputs()[0].bytes();
  std::vector<base::Result<vision::Letterbox>> seen;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    seen.push_back(batch[i].fill(static_cast<std::byte*>(*input) + i * picture_bytes));
  }
  const auto ran = binding_->run();
  if (!ran) return end_all(std::move(batch), ran.error().code(), ran.error().message());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (seen[i]) {
      batch[i].done(ModelOutput(*binding_, {i, batch.size()}, *seen[i]));
    } else {
      batch[i].done(seen[i].error());  // its place in the batch held whatever was there; nobody looks at that
    }
  }
}

}  // namespace ocelli::infer
