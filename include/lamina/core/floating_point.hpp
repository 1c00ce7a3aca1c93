#pragma once

#include <cstdint>

#include <lamina/core/instruction_set.hpp>

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The calling thread's floating-point control bits, without the flags of exceptions that have happened; 0 where the
/// processor has none that we know.
[[nodiscard]] inline std::uint64_t floating_point_mode() {
#if defined(__SSE__) || defined(_M_X64)
  return _mm_getcsr() & ~0x3FU;
#elif defined(__aarch64__)
  std::uint64_t mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}

/// Sets the control bits and leaves the flags as they are.
inline void set_floating_point_mode([[maybe_unused]] std::uint64_t mode) {
#if defined(__SSE__) || defined(_M_X64)
  _mm_setcsr((_mm_getcsr() & 0x3FU) | static_cast<unsigned>(mode));
#elif defined(__aarch64__)
  asm volatile("msr fpcr, %0" ::"r"(mode));
#endif
}

/// The mode with subnormal numbers read and written as zero: arithmetic on them is a hundred times slower, and the
/// squared gradients of a plain VGG38 (1e-36) reach them.
[[nodiscard]] inline std::uint64_t flushing(std::uint64_t mode) {
#if defined(__SSE__) || defined(_M_X64)
  return mode | 0x8040U;
#elif defined(__aarch64__)
  return mode | (std::uint64_t{1} << 24);
#else
  return mode;
#endif
}

/// Sets the calling thread's floating-point mode and restores the earlier one at the end of the scope.
class ScopedFloatingPointMode {
 public:
  explicit ScopedFloatingPointMode(std::uint64_t mode) : before_(floating_point_mode()) {
    set_floating_point_mode(mode);
  }
  ~ScopedFloatingPointMode() { set_floating_point_mode(before_); }
  ScopedFloatingPointMode(const ScopedFloatingPointMode&) = delete;
  ScopedFloatingPointMode& operator=(const ScopedFloatingPointMode&) = delete;

 private:
  std::uint64_t before_;
};

/// Flushes subnormal numbers to zero for the scope, on this thread and on the team it calls (Team hands it on).
class FlushSubnormals : ScopedFloatingPointMode {
 public:
  FlushSubnormals() : ScopedFloatingPointMode(flushing(floating_point_mode())) {}
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
