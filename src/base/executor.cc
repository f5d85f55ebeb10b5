#include "base/executor.h"

#include <algorithm>
#include <pthread.h>

#include "base/check.h"

namespace ocelli::base {
namespace {

void name_this_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace

Executor::Executor(const std::string& name, std::size_t worker_count) {
  OC_CHECK(worker_count > 0);
  workers_.reserve(worker_count);
  for (std::size_t i = 0; i < worker_count; ++i) {
    workers_.emplace_back([this, thread_name = name + "-" + std::to_string(i)](std::stop_token stop) {
      name_this_thread(thread_name);
      work(std::move(stop));
    });
  }
}

Executor::~Executor() {
  close();
}

void Executor::close() {
  for (auto& worker : workers_) worker.request_stop();
  for (auto& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
}

void Executor::enqueue(Strand* strand) {
  {
    const MutexLock lock(mutex_);
    switch (strand->state_) {
      case Strand::State::idle:
        strand->state_ = Strand::State::ready;
        ready_.push_back(strand);
        break;
      case Strand::State::running:
        strand->state_ = Strand::State::running_woken;
        break;
      case Strand::State::ready:
      case Strand::State::running_woken:
      case Strand::State::closed:
        return;
    }
  }
  ready_or_idle_.notify_all();
}

void Executor::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    Strand* strand = nullptr;
    {
      const MutexLock lock(mutex_);
      if (!ready_or_idle_.wait(mutex_, stop, [this]() OC_REQUIRES(mutex_) { return !ready_.empty(); })) return;
      strand = ready_.front();
      ready_.pop_front();
      strand->state_ = Strand::State::running;
    }
    const StepOutcome outcome = strand->step_();
    {
      const MutexLock lock(mutex_);
      const bool more = outcome == StepOutcome::again || strand->state_ == Strand::State::running_woken;
      if (strand->state_ != Strand::State::closed) {
        strand->state_ = more ? Strand::State::ready : Strand::State::idle;
        if (more) ready_.push_back(strand);
      } else {
        strand->state_ = Strand::State::idle;  // tells the waiting destructor that the step is over
      }
    }
    ready_or_idle_.notify_all();
  }
}

Strand::Strand(Executor& executor, std::function<StepOutcome()> step) : executor_(executor), step_(std::move(step)) {}

Strand::~Strand() {
  const MutexLock lock(executor_.mutex_);
  auto& ready = executor_.ready_;
  ready.erase(std::remove(ready.begin(), ready.end(), this), ready.end());
  if (state_ == State::running || state_ == State::running_woken) {
    state_ = State::closed;
    executor_.ready_or_idle_.wait(executor_.mutex_, {}, [this] { return state_ == State::idle; });
  }
}

void Strand::wake() {
  executor_.enqueue(this);
}

}  // namespace ocelli::base
