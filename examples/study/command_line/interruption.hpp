#pragma once

#include <array>
#include <csignal>
#include <cstddef>

namespace study {

/// Turns the first SIGINT, SIGTERM or SIGHUP into a wish that a program can ask for. The next SIGINT or SIGTERM ends it
/// as ever; a hangup does not, as it may come twice, from the system and from the shell, or with SIGTERM at shutdown.
/// A SIGHUP that is ignored stays ignored: that is what nohup asks for. One object at a time.
class Interruption {
 public:
  Interruption() {
    signal_ = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) {
      signal_ = signal;
      std::signal(SIGINT, SIG_DFL);
      std::signal(SIGTERM, SIG_DFL);
      std::signal(SIGHUP, SIG_IGN);
    };
    action.sa_flags = SA_RESTART;
    // Until the handler is done no other signal comes between.
    sigemptyset(&action.sa_mask);
    for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], nullptr, &before_[i]);
      const bool stays_ignored = kSignals[i] == SIGHUP && before_[i].sa_handler == SIG_IGN;
      if (!stays_ignored) sigaction(kSignals[i], &action, nullptr);
    }
  }
  ~Interruption() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// The signal that came, or 0.
  [[nodiscard]] int signal() const { return signal_; }

 private:
  static constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};

  // A handler can reach nothing else.
  static inline volatile std::sig_atomic_t signal_ = 0;
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace study
