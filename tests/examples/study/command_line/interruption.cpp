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
  const int signal = GENERATE(SIGINT, SIGTERM);
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

TEST_CASE("interruption: leaves the signals as they were") {
  void (*const before)(int) = std::signal(SIGTERM, SIG_IGN);
  { const study::Interruption interruption; }
  CHECK(std::signal(SIGTERM, before) == SIG_IGN);
}
