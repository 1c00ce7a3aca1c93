#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <lamina/data/prefetcher.hpp>

#include "../catch.hpp"

using lamina::Prefetcher;

TEST_CASE("prefetcher: items come in order, whoever is slower") {
  const auto [producer_ms, consumer_ms] = GENERATE(std::pair{0, 0}, std::pair{2, 0}, std::pair{0, 2});
  int produced = 0;
  Prefetcher<int> prefetcher(-1, [&, pause = producer_ms](int& item) {
    std::this_thread::sleep_for(std::chrono::milliseconds(pause));
    item = produced++;
  });
  for (int expected = 0; expected < 30; ++expected) {
    REQUIRE(prefetcher.next() == expected);
    std::this_thread::sleep_for(std::chrono::milliseconds(consumer_ms));
  }
}

TEST_CASE("prefetcher: the next item is made without being asked for, and the one in use is left alone") {
  std::atomic<int> produced = 0;
  Prefetcher<int> prefetcher(-1, [&](int& item) { item = produced++; });
  const int& first = prefetcher.next();
  while (produced < 2) std::this_thread::yield();  // hangs, and so fails, when the next item is not begun
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(first == 0);
  CHECK(produced == 2);
  CHECK(prefetcher.next() == 1);
}

TEST_CASE("prefetcher: an exception reaches the caller in its turn, and again on every later call") {
  int produced = 0;
  Prefetcher<int> prefetcher(-1, [&](int& item) {
    if (produced == 3) throw std::runtime_error("no more");
    item = produced++;
  });
  for (int expected = 0; expected < 3; ++expected) REQUIRE(prefetcher.next() == expected);
  CHECK_THROWS_WITH(prefetcher.next(), "no more");
  CHECK_THROWS_WITH(prefetcher.next(), "no more");
}

TEST_CASE("prefetcher: it ends cleanly in every state") {
  const auto produce = [](int& item) { ++item; };
  SECTION("at once") { const Prefetcher<int> prefetcher(0, produce); }
  SECTION("with an item ready") {
    const Prefetcher<int> prefetcher(0, produce);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  SECTION("after use") {
    Prefetcher<int> prefetcher(0, produce);
    CHECK(prefetcher.next() == 1);
  }
  SECTION("while an item is produced") {
    std::atomic<bool> begun = false;
    const Prefetcher<int> prefetcher(0, [&](int&) {
      begun = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
    while (!begun) std::this_thread::yield();
  }
  SECTION("with an exception nobody took") {
    const Prefetcher<int> prefetcher(0, [](int&) { throw std::runtime_error("unseen"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST_CASE("prefetcher: begins anew at what it is told, whatever has been produced") {
  int last = 0;
  Prefetcher<int> prefetcher(0, [&](int& item) { item = ++last; });
  for (int begin = 0; begin < 50; ++begin) {
    prefetcher.restart([&] { last = 100 * begin; });
    for (int i = 1; i <= begin % 4; ++i) REQUIRE(prefetcher.next() == 100 * begin + i);
  }
}

TEST_CASE("prefetcher: an error stays one when it begins anew") {
  Prefetcher<int> prefetcher(0, [](int&) { throw std::runtime_error("no more"); });
  CHECK_THROWS_WITH(prefetcher.next(), "no more");
  prefetcher.restart([] {});
  CHECK_THROWS_WITH(prefetcher.next(), "no more");
}
