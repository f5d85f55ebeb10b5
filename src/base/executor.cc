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
    if (!make_ready(strand)) return;
  }
  announce();
}

bool Executor::make_ready(Strand* strand) {
  switch (strand->state_) {
    case Strand::State::idle:
      strand->state_ = Strand::State::ready;
      append(strand);
      return true;
    case Strand::State::running:
      strand->state_ = Strand::State::running_woken;
      return true;
    case Strand::State::ready:
    case Strand::State::running_woken:
    case Strand::State::closed:
      break;
  }
  return false;
}

// All, though one would do: pthread_cond_signal() of glibc 2.27 to 2.40 can lose a wake when several threads wait
// (glibc bug 25847), and a lost wake is a camera that never moves again.
void Executor::announce() {
  ready_.notify_all();
}

void Executor::append(Strand* strand) {
  strand->next_ = nullptr;
  (first_ready_ == nullptr ? first_ready_ : last_ready_->next_) = strand;
  last_ready_ = strand;
}

Strand* Executor::take_first() {
  Strand* strand = first_ready_;
  first_ready_ = strand->next_;
  return strand;
}

void Executor::remove(Strand* strand) {
  Strand* before = nullptr;
  for (Strand* ready = first_ready_; ready != strand; ready = ready->next_) before = ready;
  (before == nullptr ? first_ready_ : before->next_) = strand->next_;
  if (last_ready_ == strand) last_ready_ = before;
}

void Executor::set_due(Strand* strand, std::chrono::steady_clock::time_point due) {
  {
    const MutexLock lock(mutex_);
    if (!strand->due_) timed_.push_back(strand);
    strand->due_ = due;
    ++times_set_;
  }
  announce();  // those who wait may wait for a later one
}

void Executor::forget_due(Strand* strand) {
  if (!strand->due_) return;
  strand->due_.reset();
  std::erase(timed_, strand);
}

void Executor::wake_due() {
  if (timed_.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(timed_, [&](Strand* strand) OC_REQUIRES(mutex_) {
    if (*strand->due_ > now) return false;
    strand->due_.reset();
    make_ready(strand);
    return true;
  });
}

bool Executor::wait_for_ready(const std::stop_token& stop) {
  while (true) {
    wake_due();
    if (first_ready_ != nullptr) return true;
    const auto changed = [this, seen = times_set_]()
                             OC_REQUIRES(mutex_) { return first_ready_ != nullptr || times_set_ != seen; };
    if (timed_.empty()) {
      if (!ready_.wait(mutex_, stop, changed)) return false;
    } else {
      const auto first =
          std::min_element(timed_.begin(), timed_.end(), [](auto* a, auto* b) { return *a->due_ < *b->due_; });
      ready_.wait_until(mutex_, stop, *(*first)->due_, changed);
      if (stop.stop_requested()) return false;
    }
  }
}

void Executor::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    Strand* strand = nullptr;
    {
      const MutexLock lock(mutex_);
      if (!wait_for_ready(stop)) return;
      strand = take_first();
      strand->state_ = Strand::State::running;
    }
    const StepOutcome outcome = strand->step_();
    bool more = false;
    bool closed = false;
    {
      const MutexLock lock(mutex_);
      closed = strand->state_ == Strand::State::closed;
      more = !closed && (outcome == StepOutcome::again || strand->state_ == Strand::State::running_woken);
      strand->state_ = more ? Strand::State::ready : Strand::State::idle;
      if (more) append(strand);
    }
    if (more) announce();
    if (closed) idle_.notify_all();  // its destructor waits for the step to be over
  }
}

Strand::Strand(Executor& executor, std::function<StepOutcome()> step) : executor_(executor), step_(std::move(step)) {}

Strand::~Strand() {
  const MutexLock lock(executor_.mutex_);
  executor_.forget_due(this);
  if (state_ == State::ready) executor_.remove(this);
  if (state_ == State::running || state_ == State::running_woken) {
    state_ = State::closed;
    executor_.idle_.wait(executor_.mutex_, {}, [this] { return state_ == State::idle; });
    executor_.forget_due(this);  // the step may have asked
  }
}

void Strand::wake() {
  executor_.enqueue(this);
}

void Strand::wake_after(std::chrono::nanoseconds delay) {
  executor_.set_due(this, std::chrono::steady_clock::now() + delay);
}

}  // namespace ocelli::base
