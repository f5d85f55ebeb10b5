#include "infer/binding_pool.h"

#include <utility>

#include "infer/backend.h"

namespace ocelli::infer {

struct BindingLease::Slot {
  std::unique_ptr<Binding> binding;
  vision::PaddingMark padding;
};

Binding& BindingLease::operator*() const {
  return *slot_->binding;
}

Binding* BindingLease::operator->() const {
  return slot_->binding.get();
}

vision::PaddingMark& BindingLease::padding() const {
  return slot_->padding;
}

void BindingLease::GiveBack::operator()(Slot* slot) const {
  pool->give_back(slot);
}

double PoolCounts::hit_rate() const {
  const std::uint64_t loans = hits + misses;
  return loans == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(loans);
}

BindingPool::BindingPool() = default;
BindingPool::~BindingPool() = default;

BindingPool::Slot* BindingPool::take_idle() {
  const base::MutexLock lock(mutex_);
  if (idle_.empty()) return nullptr;
  Slot* const slot = idle_.back();
  idle_.pop_back();
  ++hits_;
  return slot;
}

base::Result<BindingLease> BindingPool::take(const std::function<base::Result<std::unique_ptr<Binding>>()>& make) {
  if (Slot* const slot = take_idle()) {
    hit_counter_.add();
    return BindingLease({slot, {this}});
  }
  auto made = std::make_unique<Slot>();
  OC_TRY(made->binding, make());
  Slot* const slot = made.get();
  {
    const base::MutexLock lock(mutex_);
    slots_.push_back(std::move(made));
    idle_.reserve(slots_.size());  // so that giving back never allocates
    binding_gauge_.set(static_cast<double>(slots_.size()));
  }
  miss_counter_.add();
  return BindingLease({slot, {this}});
}

void BindingPool::give_back(Slot* slot) {
  const base::MutexLock lock(mutex_);
  idle_.push_back(slot);
}

PoolCounts BindingPool::counts() const {
  const base::MutexLock lock(mutex_);
  return {hits_, slots_.size(), slots_.size()};
}

void BindingPool::publish(base::Metrics& metrics, const std::string& model) {
  const base::MetricLabels labels{{"model", model}};
  hit_counter_ = metrics.counter("ocelli_tensor_pool_hits_total", "Runs whose tensors were there", labels);
  miss_counter_ = metrics.counter("ocelli_tensor_pool_misses_total", "Runs whose tensors had to be made", labels);
  binding_gauge_ = metrics.gauge("ocelli_tensor_pool_bindings", "Sets of tensors, in use or not", labels);
  const PoolCounts before = counts();
  hit_counter_.add(static_cast<double>(before.hits));
  miss_counter_.add(static_cast<double>(before.misses));
  binding_gauge_.set(static_cast<double>(before.bindings));
}

}  // namespace ocelli::infer
