#pragma once

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

/// Waits while the value is `old`: spins for a time in which most waits end, then sleeps. Whoever changes the value
/// notifies.
template <class T>
void wait_while(const std::atomic<T>& value, T old) {
  static_assert(sizeof(T) == sizeof(std::int32_t), "the system can wait for such values without a detour");
  constexpr std::chrono::microseconds spinning(20);
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() - start < spinning);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
