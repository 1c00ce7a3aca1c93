#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>

#include <lamina/core/block_queue.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/partition.hpp>
#include <lamina/core/waiting.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// The body of a loop without its type, so that what shares it out is compiled once. It refers to the body.
class LoopBody {
 public:
  template <class Body>
  explicit LoopBody(const Body& body)
      : body_(&body), run_([](const void* erased, Range tasks, Index thread) {
          const Body& typed = *static_cast<const Body*>(erased);
          for (Index task = tasks.begin; task < tasks.end; ++task) typed(task, thread);
        }) {}

  void operator()(Range tasks, Index thread) const { run_(body_, tasks, thread); }

 private:
  const void* body_;
  void (*run_)(const void*, Range, Index);
};

/// The body of a scope without its type. It refers to the body.
class ScopeBody {
 public:
  template <class Body>
  explicit ScopeBody(const Body& body)
      : body_(&body), run_([](const void* erased) { (*static_cast<const Body*>(erased))(); }) {}

  void operator()() const { run_(body_); }

 private:
  const void* body_;
  void (*run_)(const void*);
};

/// The threads of one OpenMP region: a leader, which runs the body of a scope, and others, which stand by for its
/// loops. A loop is cut into blocks of tasks. Each thread takes those of its own share first, so that a tensor's pieces
/// stay in the same caches from loop to loop, and then those that others have not begun: a thread that the system has
/// suspended holds up no more than its one block. The loop is over when all blocks are done, wherever the other threads
/// are.
class Crew {
 public:
  /// The crew that the calling thread leads; null while it leads none and inside of a loop's body.
  [[nodiscard]] static Crew*& led() {
    thread_local Crew* crew = nullptr;
    return crew;
  }

  /// Runs the body on the calling thread, thread 0 of so many. Keeps what it throws for finish().
  void lead(int threads, ScopeBody body) {
    threads_ = threads;
    led() = this;
    try {
      body();
    } catch (...) {
      failure_ = std::current_exception();
    }
    led() = nullptr;
    announce(kDismissed);
  }

  /// Does a share of the leader's loops until its body is done.
  void stand_by(Index thread) {
    const ScopedFloatingPointMode scope(floating_point_mode());
    std::uint32_t news = 0;
    Patience patience;
    while (true) {
      wait_while(news_, news, patience);
      news = news_.load(std::memory_order_acquire);
      if (news == kDismissed) break;
      take_part(thread);
    }
    gone_.fetch_add(1, std::memory_order_release);
  }

  /// Throws what the leader's body threw. On the leader's thread, behind the end of the region.
  void finish() {
    // The region's end has seen to that, but checkers of races know no OpenMP.
    while (gone_.load(std::memory_order_acquire) != threads_ - 1) pause();
    if (failure_) std::rethrow_exception(failure_);
  }

  /// Shares out a loop, on the leader's thread.
  /// @param threads  the largest number of threads that take part
  /// @throws what a task threw first; tasks that had not begun then are left out
  void run(Index threads, Index tasks, const LoopBody& body) {
    publish(std::min<Index>(threads, threads_), tasks, body);
    led() = nullptr;
    take_part(0);
    for (std::int32_t left; (left = blocks_left_.load(std::memory_order_acquire)) != 0;)
      wait_while(blocks_left_, left, patience_);
    led() = this;
    if (!failed_.load(std::memory_order_relaxed)) return;
    failed_.store(false, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(loop_.failure, nullptr));
  }

 private:
  static constexpr std::uint32_t kDismissed = std::numeric_limits<std::uint32_t>::max();
  static constexpr Index kMostQueues = 64;     ///< threads beyond that share queues
  static constexpr Index kBlocksAThread = 16;  ///< small enough that the last one is not waited for long

  /// What a thread needs that has taken a block. It does not change before that block is done.
  struct Loop {
    const LoopBody* body = nullptr;
    Index tasks = 0;
    Index blocks = 0;
    std::uint64_t mode = 0;      ///< floating-point mode of the leader
    std::exception_ptr failure;  ///< written by the thread that sets failed_
  };

  void publish(Index threads, Index tasks, const LoopBody& body) {
    const Index blocks = std::min({tasks, threads * kBlocksAThread, BlockQueue::kMostBlocks});
    loop_ = {.body = &body, .tasks = tasks, .blocks = blocks, .mode = floating_point_mode(), .failure = nullptr};
    blocks_left_.store(static_cast<std::int32_t>(blocks), std::memory_order_relaxed);
    const Index queues = std::min(threads, kMostQueues);
    queues_.store(static_cast<std::uint32_t>(queues), std::memory_order_relaxed);
    for (Index i = 0; i < queues; ++i) queue(i).fill(Share{i, queues}.of(blocks), threads);
    const std::uint32_t next = news_.load(std::memory_order_relaxed) + 1;
    announce(next == kDismissed ? 1 : next);
  }

  void announce(std::uint32_t news) {
    // Sequentially consistent: whoever is told that nobody waits must have been seen by those about to.
    news_.store(news, std::memory_order_seq_cst);
    news_.notify_all();
  }

  /// Takes blocks of the loop under way until none is left.
  void take_part(Index thread) {
    const auto queues = static_cast<Index>(queues_.load(std::memory_order_relaxed));
    std::int32_t done = 0;
    for (Index i = 0; i < queues; ++i) {
      BlockQueue& from = queue((thread + i) % queues);
      for (Index block; (block = from.take(thread, i == 0)) != BlockQueue::kNone; ++done) run_block(block, thread);
    }
    if (done > 0 && blocks_left_.fetch_sub(done, std::memory_order_acq_rel) == done) blocks_left_.notify_one();
  }

  void run_block(Index block, Index thread) {
    if (failed_.load(std::memory_order_relaxed)) return;
    set_floating_point_mode(loop_.mode);
    try {
      (*loop_.body)(Share{block, loop_.blocks}.of(loop_.tasks), thread);
    } catch (...) {
      if (!failed_.exchange(true, std::memory_order_relaxed)) loop_.failure = std::current_exception();
    }
  }

  [[nodiscard]] BlockQueue& queue(Index i) { return all_queues_[static_cast<std::size_t>(i)]; }

  int threads_ = 1;
  Patience patience_;  ///< of the leader
  std::exception_ptr failure_;
  Loop loop_;
  alignas(64) std::atomic<std::uint32_t> news_ = 0;  ///< another number for each loop
  std::atomic<std::uint32_t> queues_ = 0;
  alignas(64) std::atomic<std::int32_t> blocks_left_ = 0;  ///< of the loop under way, not done yet
  std::atomic<bool> failed_ = false;
  std::atomic<int> gone_ = 0;  ///< threads that will not touch this object again
  std::array<BlockQueue, kMostQueues> all_queues_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
