#pragma once

#include <algorithm>
#include <omp.h>

#include <lamina/core/error.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/partition.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A number of OpenMP threads that share loops. It owns nothing: the threads are OpenMP's.
class Team {
 public:
  /// @param threads  0 for as many as OpenMP would take (OMP_NUM_THREADS, else all cores)
  /// @throws ArgumentError when negative
  explicit Team(int threads = 0) : threads_(threads == 0 ? omp_get_max_threads() : threads) {
    // The message is made only when it is thrown: inference makes teams of one, and must not allocate.
    if (threads < 0) throw ArgumentError("the number of threads must not be negative, got " + std::to_string(threads));
  }

  [[nodiscard]] int threads() const { return threads_; }

  /// Calls body(task, thread) for every task in 0 ... tasks - 1, each thread a contiguous run of them in order. The
  /// threads work in the caller's floating-point mode. `body` must not throw, nor let its result depend on `thread`.
  template <class Body>
  void for_each(Index tasks, const Body& body) const {
    if (tasks <= 0) return;
    const int threads = static_cast<int>(std::min<Index>(threads_, tasks));
    if (threads == 1) {
      for (Index task = 0; task < tasks; ++task) body(task, Index{0});
      return;
    }
    const auto mode = floating_point_mode();
#pragma omp parallel num_threads(threads)
    {
      const ScopedFloatingPointMode scope(mode);
      const Index thread = omp_get_thread_num();
#pragma omp for schedule(static)
      for (Index task = 0; task < tasks; ++task) body(task, thread);
    }
  }

  /// Calls body(range, thread) for fixed parts of 0 ... total - 1: for element-wise work.
  template <class Body>
  void for_parts(Index total, const Body& body) const {
    const Partition partition{total};
    for_each(partition.parts(), [&](Index part, Index thread) { body(partition[part], thread); });
  }

 private:
  int threads_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
