#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// Tells the processor that the calling thread spins.
inline void pause() {
#if defined(__SSE__) || defined(_M_X64)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// How long a thread spins before it sleeps. Where sleeps turn out to be short it spins longer, because to be woken
/// takes as long; where they are long, another program has the core that the wait is for, and spinning would keep this
/// one from it.
class Patience {
 public:
  using Microseconds = std::chrono::duration<double, std::micro>;
  [[nodiscard]] Microseconds spinning() const { return spinning_; }
  /// @param time  of a wait in which the thread slept
  void slept(Microseconds time) { spinning_ = time < kMost ? std::min(kMost, spinning_ * 1.25) : kLeast; }

 private:
  static constexpr Microseconds kLeast{50};
  static constexpr Microseconds kMost{400};
  Microseconds spinning_ = kLeast;
};

/// Waits while the value is `old`: spins for a time in which most waits end, then sleeps. Whoever changes the value
/// notifies.
template <class T>
void wait_while(const std::atomic<T>& value, T old, Patience& patience) {
  static_assert(sizeof(T) == sizeof(std::int32_t), "the system can wait for such values without a detour");
  const auto spinning = patience.spinning();
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() - start < spinning);
  value.wait(old, std::memory_order_acquire);
  patience.slept(std::chrono::steady_clock::now() - start);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
