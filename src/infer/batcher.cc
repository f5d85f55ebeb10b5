#include "infer/batcher.h"

#include <algorithm>
#include <bit>
#include <stop_token>
#include <string>
#include <utility>

#include "base/check.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

void* Batcher::Place::input() const {
  return round_->input + round_.get_deleter().index * round_->batcher->picture_bytes_;
}

base::Status Batcher::Place::run() {
  return round_->batcher->run(*round_, round_.get_deleter().index);
}

std::span<const std::byte> Batcher::Place::output(std::size_t index) const {
  const TensorView& all = round_->binding->output(index);
  const std::size_t bytes = all.element_count() * element_bytes(all.type) / round_->size;
  return {static_cast<const std::byte*>(all.data) + round_.get_deleter().index * bytes, bytes};
}

void Batcher::Place::Leave::operator()(Round* round) const {
  round->batcher->leave(*round, index);
}

base::Result<std::unique_ptr<Batcher>> Batcher::create(std::shared_ptr<Session> session, const BatcherConfig& config) {
  OC_CHECK(config.max_batch > 0);
  const auto& inputs = session->inputs();
  if (inputs.size() != 1 || inputs[0].shape.empty()) {
    return Error(Code::unsupported, "only models with one input can be batched");
  }
  const auto& shape = inputs[0].shape;
  if (std::any_of(shape.begin() + 1, shape.end(), [](std::int64_t size) { return size < 0; })) {
    return Error(Code::unsupported, "input " + inputs[0].to_string() + " has an open size besides the batch");
  }
  if (shape[0] >= 0) {
    return Error(Code::unsupported, "input " + inputs[0].to_string() + " has no open batch: run it with batch 1");
  }
  std::unique_ptr<Batcher> batcher(new Batcher(std::move(session), config));
  for (Round& round : batcher->rounds_) OC_TRY_STATUS(batcher->prepare(round));
  return batcher;
}

Batcher::Batcher(std::shared_ptr<Session> session, const BatcherConfig& config)
    : session_(std::move(session)), config_(config), picture_bytes_(session_->inputs()[0].bytes()) {}

Batcher::~Batcher() {
  close();
}

base::Status Batcher::prepare(Round& round) {
  round.batcher = this;
  round.is_written.resize(config_.max_batch);
  OC_TRY(round.binding, session_->make_open_binding());
  OC_TRY(void* const input, shape_input(round, config_.max_batch));
  round.input = static_cast<std::byte*>(input);
  return {};
}

base::Result<void*> Batcher::shape_input(Round& round, std::size_t pictures) const {
  auto shape = session_->inputs()[0].shape;
  shape[0] = static_cast<std::int64_t>(pictures);
  return round.binding->shape_input(0, shape);
}

Batcher::Round* Batcher::open_round() {
  Round* empty = nullptr;
  for (Round& round : rounds_) {
    if (round.stage != Stage::collecting || round.taken == config_.max_batch) continue;
    // Who comes while the model is free must not make those late who are ready.
    if (round.written > 0 && !is_running_) continue;
    if (round.taken > 0) return &round;  // rather than begin another
    empty = &round;
  }
  return empty;
}

base::Result<Batcher::Place> Batcher::take() {
  const auto deadline = std::chrono::steady_clock::now() + config_.patience;
  const base::MutexLock lock(mutex_);
  if (queue_.size() >= config_.max_waiting) {
    ++counts_.refused;
    return Error(Code::exhausted, "the model is busy: " + std::to_string(queue_.size()) + " pictures wait for a place");
  }
  const std::uint64_t ticket = ++last_ticket_;
  queue_.push_back(ticket);
  const bool is_my_turn = changed_.wait_until(mutex_, std::stop_token(), deadline, [&]() OC_REQUIRES(mutex_) {
    return is_closed_ || (queue_.front() == ticket && open_round() != nullptr);
  });
  queue_.erase(std::find(queue_.begin(), queue_.end(), ticket));
  changed_.notify_all();  // who is first in the queue now
  if (is_closed_) return Error(Code::cancelled, "the batcher is closed");
  if (!is_my_turn) {
    ++counts_.timed_out;
    return Error(Code::timeout, "the model was busy: no place in a batch in time");
  }
  Round& round = *open_round();
  ++round.held;
  return Place(std::unique_ptr<Round, Place::Leave>(&round, Place::Leave{round.taken++}));
}

void Batcher::close() {
  const base::MutexLock lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

BatcherCounts Batcher::counts() const {
  const base::MutexLock lock(mutex_);
  auto counts = counts_;
  counts.waiting = queue_.size();
  return counts;
}

bool Batcher::is_complete(const Round& round) const {
  return round.stage == Stage::collecting && round.written == round.taken;
}

base::Status Batcher::run(Round& round, std::size_t index) {
  {
    const base::MutexLock lock(mutex_);
    OC_CHECK(!round.is_written[index]);
    round.is_written[index] = true;
    ++round.written;
    changed_.notify_all();
    changed_.wait(mutex_, std::stop_token(), [&]() OC_REQUIRES(mutex_) {
      return round.stage == Stage::done || (is_complete(round) && !is_running_);
    });
    if (round.stage == Stage::done) return round.outcome;
    round.stage = Stage::running;
    round.size = std::min(std::bit_ceil(round.taken), config_.max_batch);
    is_running_ = true;
    ++counts_.runs;
    counts_.pictures += round.taken;
  }
  auto outcome = run_now(round, *this);
  const base::MutexLock lock(mutex_);
  round.outcome = std::move(outcome);
  round.stage = Stage::done;
  is_running_ = false;
  changed_.notify_all();
  return round.outcome;
}

base::Status Batcher::run_now(Round& round, const Batcher& batcher) {
  OC_TRY([[maybe_unused]] const void* input, batcher.shape_input(round, round.size));
  return round.binding->run();
}

void Batcher::leave(Round& round, std::size_t index) {
  const base::MutexLock lock(mutex_);
  if (!round.is_written[index]) {  // given up: whatever is there runs with the others, and nobody looks at the result
    round.is_written[index] = true;
    ++round.written;
  }
  if (--round.held == 0) {
    round.stage = Stage::collecting;
    round.taken = round.written = 0;
    std::fill(round.is_written.begin(), round.is_written.end(), false);
  }
  changed_.notify_all();
}

}  // namespace ocelli::infer
