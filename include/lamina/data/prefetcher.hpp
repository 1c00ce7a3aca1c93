#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A background thread that produces an endless sequence of items, one ahead of the caller. The items are two, filled
/// again and again: the caller reads one while the thread fills the other.
/// @tparam Item  copyable; what it allocates is allocated once
template <class Item>
class Prefetcher {
 public:
  /// @param item     a fresh item, copied for each of the two
  /// @param produce  fills the next item of the sequence; runs in the background thread only
  Prefetcher(const Item& item, std::function<void(Item&)> produce)
      : produce_(std::move(produce)), items_{item, item}, worker_([this] { work(); }) {}

  /// Waits for an item that is being produced, and drops it.
  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    worker_.join();
  }

  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next item, valid until the next call. Waits while it is not ready.
  /// @throws whatever `produce` threw for this item; every later call throws the same again
  [[nodiscard]] const Item& next() {
    std::unique_lock lock(mutex_);
    const std::size_t wanted = taken_++;
    changed_.notify_all();
    changed_.wait(lock, [&] { return wanted < produced_ || failure_; });
    if (wanted >= produced_) std::rethrow_exception(failure_);
    return items_[wanted % 2];
  }

  /// Drops what has been produced and begins anew, behind a call of `change` in which the background thread rests: it
  /// may change what `produce` reads. The item that next() gave last is no longer valid.
  template <class Change>
  void restart(const Change& change) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !producing_; });
    change();
    produced_ = 0;
    taken_ = 0;
    changed_.notify_all();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      // The caller reads item taken_ - 1, which shares its place with item taken_ + 1.
      changed_.wait(lock, [&] { return stopping_ || produced_ <= taken_; });
      if (stopping_) return;
      producing_ = true;
      lock.unlock();
      std::exception_ptr failure;
      try {
        produce_(items_[produced_ % 2]);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      producing_ = false;
      failure_ = failure;
      if (!failure_) ++produced_;
      changed_.notify_all();
      if (failure_) return;
    }
  }

  std::function<void(Item&)> produce_;
  std::array<Item, 2> items_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t produced_ = 0;  // items ready since the beginning or restart()
  std::size_t taken_ = 0;     // items handed out since then
  bool producing_ = false;
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::thread worker_;  // last: it starts when all it uses is there
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
