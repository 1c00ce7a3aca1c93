#pragma once

#include <algorithm>
#include <omp.h>

#if defined(__unix__)
#include <unistd.h>
#endif

#include <lamina/core/crew.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// Whether a parallel region would hang: g++'s OpenMP library waits in a child process for threads that fork() has left
/// with the parent, if the thread that called fork() had opened a region before.
[[nodiscard]] inline bool threads_lost_in_fork() {
#if defined(__unix__) && !defined(__clang__)
  thread_local pid_t process = 0;
  if (process == 0) process = getpid();
  return process != getpid();
#else
  return false;
#endif
}

/// Runs the body on the calling thread, with other OpenMP threads standing by for its loops: in a region that is open
/// already, else in one of its own, else, where OpenMP would nest regions, alone.
inline void run_together(int threads, ScopeBody body) {
  if (threads == 1 || Crew::led() != nullptr || omp_in_parallel() != 0 || threads_lost_in_fork()) return body();
  Crew crew;
#pragma omp parallel num_threads(threads)
  {
    const int thread = omp_get_thread_num();
    if (thread == 0) {
      crew.lead(omp_get_num_threads(), body);
    } else {
      crew.stand_by(thread);
    }
  }
  crew.finish();
}

/// Runs a loop on the threads that stand by, in a region of its own if there is none; a loop of one task or for one
/// thread at once. The body without its type serves all cases, so that each is compiled once.
inline void run_loop(int threads, Index tasks, LoopBody body) {
  if (threads == 1 || tasks == 1) return body({0, tasks}, 0);
  const auto loop = [&] {
    Crew* const crew = Crew::led();
    crew == nullptr ? body({0, tasks}, 0) : crew->run(threads, tasks, body);
  };
  run_together(static_cast<int>(std::min<Index>(threads, tasks)), ScopeBody(loop));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
