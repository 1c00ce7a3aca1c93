#pragma once

#include <algorithm>
#include <cstdlib>
#include <omp.h>
#include <string>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/parallel_region.hpp>
#include <lamina/core/partition.hpp>
#include <lamina/core/usable_cores.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// As many threads as OpenMP has been told to take, by OMP_NUM_THREADS or omp_set_num_threads, else the usable cores.
/// OpenMP does not tell a number that was set from the processors' own where they are the same: then it is the cores.
[[nodiscard]] inline int default_threads() {
  const int threads = omp_get_max_threads();
  if (std::getenv("OMP_NUM_THREADS") != nullptr || threads != omp_get_num_procs()) return threads;
  return std::min(threads, usable_cores());
}

}  // namespace detail

/// A number of OpenMP threads that share loops. It owns nothing: the threads are OpenMP's.
///
/// Who calls from inside of a loop's body or of a parallel region that is not the team's runs its loops alone.
class Team {
 public:
  /// @param threads  0 for as many as OpenMP has been told to take, else as many as there are cores to use
  /// @throws ArgumentError when negative
  explicit Team(int threads = 0) : threads_(threads == 0 ? detail::default_threads() : threads) {
    // The message is made only when it is thrown: inference makes teams of one, and must not allocate.
    if (threads < 0) throw ArgumentError("the number of threads must not be negative, got " + std::to_string(threads));
  }

  [[nodiscard]] int threads() const { return threads_; }

  /// Calls body(task, thread) for every task in 0 ... tasks - 1. Each thread takes tasks one after another, first of
  /// its own contiguous share, then those of others that are behind; `thread` in 0 ... threads() - 1 is a number that
  /// no other thread of this loop has at the same time. A loop in the body of another runs alone, as thread 0, on each
  /// of that loop's threads. The threads work in the caller's floating-point mode. The result of `body` must not depend
  /// on `thread`.
  /// @throws what a call of `body` threw first; tasks that had not begun then are left out
  template <class Body>
  void for_each(Index tasks, const Body& body) const {
    if (tasks > 0) detail::run_loop(threads_, tasks, detail::LoopBody(body));
  }

  /// Calls body(range, thread) for fixed parts of 0 ... total - 1: for element-wise work.
  template <class Body>
  void for_parts(Index total, const Body& body) const {
    const Partition partition{total};
    for_each(partition.parts(), [&](Index part, Index thread) { body(partition[part], thread); });
  }

  /// Calls body() on the calling thread, while the team's threads stand by for its loops: a loop begins and ends faster
  /// than one that calls them together by itself, and no loop waits for a thread that has no part in it. Around a step
  /// of training, or around all of them. Scopes nest: an inner one uses the threads of the outer one. Parallel regions
  /// that `body` opens with OpenMP's own means have one thread.
  /// @throws what `body` throws
  template <class Body>
  void together(const Body& body) const {
    detail::run_together(threads_, detail::ScopeBody(body));
  }

 private:
  int threads_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
