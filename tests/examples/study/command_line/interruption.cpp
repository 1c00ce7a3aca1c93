#include "study/command_line/interruption.hpp"

#include "../../../catch.hpp"

namespace {

/// Whether a signal ends the program.
bool is_deadly(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

}  // namespace

TEST_CASE("interruption: the first signal is a wish, any second one ends the program") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  {
    const study::Interruption interruption;
    CHECK(interruption.signal() == 0);
    std::raise(signal);
    CHECK(interruption.signal() == signal);
    CHECK(is_deadly(SIGINT));
    CHECK(is_deadly(SIGTERM));
  }
  const study::Interruption next;
  CHECK(next.signal() == 0);
}

TEST_CASE("interruption: a hangup after the first signal changes nothing") {
  const int first = GENERATE(SIGTERM, SIGHUP);
  const study::Interruption interruption;
  std::raise(first);
  std::raise(SIGHUP);
  CHECK(interruption.signal() == first);
}

TEST_CASE("interruption: a hangup that is ignored stays ignored") {
  void (*const before)(int) = std::signal(SIGHUP, SIG_IGN);
  {
    const study::Interruption interruption;
    std::raise(SIGHUP);
    CHECK(interruption.signal() == 0);
  }
  CHECK(std::signal(SIGHUP, before) == SIG_IGN);
}

TEST_CASE("interruption: leaves the signals as they were") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  void (*const before)(int) = std::signal(signal, SIG_IGN);
  {
    const study::Interruption interruption;
    if (signal != SIGHUP) std::raise(signal);
  }
  CHECK(std::signal(signal, before) == SIG_IGN);
}
