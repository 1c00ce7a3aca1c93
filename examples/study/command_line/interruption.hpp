#pragma once

#include <csignal>

namespace study {

/// Turns the first SIGINT or SIGTERM into a wish that a program can ask for; the second ends it as ever. One object at
/// a time.
class Interruption {
 public:
  Interruption() {
    signal_ = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) {
      signal_ = signal;
      std::signal(SIGINT, SIG_DFL);
      std::signal(SIGTERM, SIG_DFL);
    };
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &before_int_);
    sigaction(SIGTERM, &action, &before_term_);
  }
  ~Interruption() {
    sigaction(SIGINT, &before_int_, nullptr);
    sigaction(SIGTERM, &before_term_, nullptr);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// The signal that came, or 0.
  [[nodiscard]] int signal() const { return signal_; }

 private:
  // A handler can reach nothing else.
  static inline volatile std::sig_atomic_t signal_ = 0;
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

}  // namespace study
