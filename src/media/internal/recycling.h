#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace ocelli::media::internal {

/// Objects of a C library that are dear to make and cheap to clear, used again and again, such as the shells around
/// FFmpeg's reference-counted buffers. Thread-safe; keeps as many as were ever out at once.
template <class T, T* (*kMake)(), void (*kClear)(T*), void (*kFree)(T**)>
class Shells {
 public:
  Shells() = default;
  ~Shells() {
    for (T* shell : idle_) kFree(&shell);
  }
  Shells(const Shells&) = delete;
  Shells& operator=(const Shells&) = delete;

  /// Null when memory has run out.
  T* take() OC_EXCLUDES(mutex_) {
    {
      const base::MutexLock lock(mutex_);
      if (!idle_.empty()) {
        T* shell = idle_.back();
        idle_.pop_back();
        return shell;
      }
    }
    return kMake();
  }

  void give_back(T* shell) OC_EXCLUDES(mutex_) {
    kClear(shell);
    const base::MutexLock lock(mutex_);
    idle_.push_back(shell);
  }

 private:
  base::Mutex mutex_;
  std::vector<T*> idle_ OC_GUARDED_BY(mutex_);
};

/// Blocks of one size. Thread-safe; keeps as many as were ever out at once.
class Blocks {
 public:
  Blocks() = default;
  ~Blocks() {
    for (void* block : idle_) ::operator delete(block);
  }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  void* take(std::size_t bytes) OC_EXCLUDES(mutex_) {
    {
      const base::MutexLock lock(mutex_);
      OC_CHECK(bytes_ == 0 || bytes_ == bytes);
      bytes_ = bytes;
      if (!idle_.empty()) {
        void* block = idle_.back();
        idle_.pop_back();
        return block;
      }
    }
    return ::operator new(bytes);
  }

  void give_back(void* block) OC_EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    idle_.push_back(block);
  }

 private:
  base::Mutex mutex_;
  std::size_t bytes_ OC_GUARDED_BY(mutex_) = 0;
  std::vector<void*> idle_ OC_GUARDED_BY(mutex_);
};

/// Lets std::shared_ptr take its control block (and std::allocate_shared the object with it) from Blocks. One kind of
/// object per Blocks.
template <class T>
class BlockAllocator {
 public:
  using value_type = T;  // NOLINT(readability-identifier-naming): the name that the standard asks of an allocator

  explicit BlockAllocator(std::shared_ptr<Blocks> blocks) : blocks_(std::move(blocks)) {}
  template <class U>
  explicit BlockAllocator(const BlockAllocator<U>& other) : blocks_(other.blocks()) {}

  T* allocate(std::size_t count) {
    OC_CHECK(count == 1);
    return static_cast<T*>(blocks_->take(sizeof(T)));
  }
  void deallocate(T* object, std::size_t) { blocks_->give_back(object); }

  const std::shared_ptr<Blocks>& blocks() const { return blocks_; }
  template <class U>
  bool operator==(const BlockAllocator<U>& other) const {
    return blocks_ == other.blocks();
  }

 private:
  std::shared_ptr<Blocks> blocks_;  // co-owned by the control blocks in it, which may outlive their maker
};

}  // namespace ocelli::media::internal
