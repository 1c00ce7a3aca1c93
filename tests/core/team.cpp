#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <lamina/core/team.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// Waits for what another thread is to do; false when that takes ten seconds.
template <class Condition>
bool wait_until(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("partition: parts follow each other, cover everything and are as even as can be") {
  const Index total = GENERATE(range(Index{1}, Index{200}));
  const Index most_parts = GENERATE(Index{8}, Partition::kMostParts);
  const Partition partition{total, most_parts};
  CHECK(partition.parts() == std::min(total, most_parts));
  Index end = 0;
  for (Index part = 0; part < partition.parts(); ++part) {
    REQUIRE(partition[part].begin == end);
    end = partition[part].end;
    REQUIRE(partition[part].size() >= total / partition.parts());
    REQUIRE(partition[part].size() <= total / partition.parts() + 1);
  }
  CHECK(end == total);
}

TEST_CASE("partition: nothing has no parts") { CHECK(Partition{0}.parts() == 0); }

TEST_CASE("team: does every task once, on threads that exist") {
  const int threads = GENERATE(1, 2, 3, 4, 7);
  const Index tasks = GENERATE(0, 1, 2, 5, 100);
  std::vector<std::atomic<int>> done(static_cast<std::size_t>(tasks));
  std::atomic<bool> known_threads = true;
  Team(threads).for_each(tasks, [&](Index task, Index thread) {
    ++done[static_cast<std::size_t>(task)];
    if (thread < 0 || thread >= threads) known_threads = false;
  });
  for (const auto& count : done) REQUIRE(count == 1);
  CHECK(known_threads);
}

TEST_CASE("team: one thread does its tasks in order") {
  std::vector<Index> order;
  Team(1).for_each(100, [&](Index task, Index) { order.push_back(task); });
  CHECK(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("team: a thread's own share is contiguous and in order while nobody is behind") {
  const int threads = GENERATE(2, 3);
  std::vector<std::vector<Index>> of_thread(static_cast<std::size_t>(threads));
  std::atomic<int> begun = 0;
  Team(threads).for_each(threads, [&](Index task, Index thread) {
    for (++begun; begun < threads;) std::this_thread::yield();
    of_thread[static_cast<std::size_t>(thread)].push_back(task);
  });
  for (Index thread = 0; thread < threads; ++thread) {
    CHECK(of_thread[static_cast<std::size_t>(thread)] == std::vector<Index>{thread});
  }
}

TEST_CASE("team: the others do what a thread that is held up has not begun") {
  constexpr Index tasks = 32;
  const Index held = GENERATE(Index{0}, tasks - 1);  // the first of a share, and a task that is stolen at once
  std::atomic<Index> done = 0;
  std::atomic<bool> others_came = false;
  Team(2).for_each(tasks, [&](Index task, Index) {
    if (task == held) others_came = wait_until([&] { return done == tasks - 1; });
    ++done;
  });
  CHECK(others_came);
  CHECK(done == tasks);
}

TEST_CASE("team: no two threads have the same number at a time") {
  const int threads = GENERATE(2, 3, 7);
  std::vector<std::atomic<int>> inside(static_cast<std::size_t>(threads));
  std::atomic<bool> alone = true;
  const Team team(threads);
  team.together([&] {
    for (int loop = 0; loop < 200; ++loop) {
      team.for_each(50, [&](Index, Index thread) {
        if (inside[static_cast<std::size_t>(thread)]++ != 0) alone = false;
        --inside[static_cast<std::size_t>(thread)];
      });
    }
  });
  CHECK(alone);
}

TEST_CASE("team: what a loop wrote is there for the next, whoever reads it") {
  const int threads = GENERATE(1, 2, 3, 8);
  const Team team(threads);
  std::vector<Index> values(37, 0);
  team.together([&] {
    for (int loop = 0; loop < 500; ++loop) {
      team.for_each(std::ssize(values), [&](Index task, Index) {
        const Index other = std::ssize(values) - 1 - task;
        if (task <= other) std::swap(values[static_cast<std::size_t>(task)], values[static_cast<std::size_t>(other)]);
      });
      team.for_each(std::ssize(values), [&](Index task, Index) { ++values[static_cast<std::size_t>(task)]; });
    }
  });
  CHECK(values == std::vector<Index>(37, 500));
}

TEST_CASE("team: a scope runs its body once, on the calling thread, and may be nested") {
  const Team team(3);
  int calls = 0;
  team.together([&] {
    team.together([&] {
      ++calls;
      std::atomic<int> done = 0;
      team.for_each(10, [&](Index, Index) { ++done; });
      CHECK(done == 10);
    });
  });
  CHECK(calls == 1);
}

TEST_CASE("team: in another's scope a team uses its own number of threads, as far as there are so many") {
  const int threads = GENERATE(1, 2, 3, 9);
  const Team team(threads);
  std::atomic<bool> known = true;
  std::atomic<int> done = 0;
  Team(4).together([&] {
    for (int loop = 0; loop < 100; ++loop) {
      team.for_each(40, [&](Index, Index thread) {
        if (thread < 0 || thread >= std::min(threads, 4)) known = false;
        ++done;
      });
    }
  });
  CHECK(known);
  CHECK(done == 4000);
}

TEST_CASE("team: a loop in a loop's body runs on the thread that reaches it") {
  const Team team(2);
  std::atomic<int> done = 0;
  std::atomic<bool> same = true;
  const auto outer = [&](Index, Index) {
    const auto caller = std::this_thread::get_id();
    team.for_each(5, [&](Index, Index thread) {
      if (thread != 0 || std::this_thread::get_id() != caller) same = false;
      ++done;
    });
  };
  team.for_each(20, outer);
  team.together([&] { team.for_each(20, outer); });
  CHECK(done == 200);
  CHECK(same);
}

TEST_CASE("team: in a parallel region of the caller's each thread runs its own loops") {
  const Team team(2);
  std::atomic<int> done = 0;
  std::atomic<bool> same = true;
#pragma omp parallel num_threads(2)
  {
    const auto caller = std::this_thread::get_id();
    team.together([&] {
      team.for_each(5, [&](Index, Index thread) {
        if (thread != 0 || std::this_thread::get_id() != caller) same = false;
        ++done;
      });
    });
  }
  CHECK(done == 10);
  CHECK(same);
}

TEST_CASE("team: several threads may use teams at once, and the same one") {
  const Team shared(2);
  std::atomic<int> done = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      const Team own(1 + i);
      for (int loop = 0; loop < 50; ++loop) {
        own.together([&] { own.for_each(10, [&](Index, Index) { ++done; }); });
        shared.for_each(10, [&](Index, Index) { ++done; });
      }
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(done == 4 * 50 * 20);
}

TEST_CASE("team: an exception in a loop reaches the caller, ends the loop and leaves the team usable") {
  const int threads = GENERATE(1, 2, 5);
  const Team team(threads);
  const auto check = [&] {
    std::atomic<int> begun = 0;
    const auto body = [&](Index task, Index) {
      ++begun;
      if (task == 0) throw std::runtime_error("task 0");
      if (threads > 1) wait_until([&] { return begun >= threads; });
    };
    CHECK_THROWS_WITH(team.for_each(10000, body), "task 0");
    CHECK(begun < 10000);
    std::atomic<int> done = 0;
    team.for_each(100, [&](Index, Index) { ++done; });
    CHECK(done == 100);
  };
  check();
  team.together([&] {
    check();
    check();
  });
}

TEST_CASE("team: of several exceptions one reaches the caller") {
  CHECK_THROWS_AS(Team(4).for_each(100, [](Index, Index) { throw std::runtime_error("one"); }), std::runtime_error);
}

TEST_CASE("team: an exception in a scope reaches the caller") {
  const Team team(2);
  CHECK_THROWS_WITH(team.together([] { throw std::runtime_error("out"); }), "out");
  CHECK_THROWS_WITH(
      team.together([&] { team.for_each(9, [](Index, Index) { throw std::runtime_error("out of a loop"); }); }),
      "out of a loop");
  std::atomic<int> done = 0;
  team.for_each(100, [&](Index, Index) { ++done; });
  CHECK(done == 100);
}

TEST_CASE("team: threads that wait sleep, and come when they are needed") {
  const Team team(2);
  std::clock_t busy = 0;
  std::atomic<int> begun = 0;
  std::atomic<bool> came = false;
  team.together([&] {
    team.for_each(2, [](Index, Index) {});
    const std::clock_t before = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    busy = std::clock() - before;
    team.for_each(2, [&](Index, Index) {
      ++begun;
      if (wait_until([&] { return begun == 2; })) came = true;
    });
  });
  CHECK(static_cast<double>(busy) / CLOCKS_PER_SEC < 0.1);  // a spinning thread takes 0.3 s
  CHECK(came);
}

#if defined(__unix__)
TEST_CASE("team: loops run in a child process, whose parent has used the team") {
  const Team team(2);
  std::atomic<int> done = 0;
  team.for_each(100, [&](Index, Index) { ++done; });
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a loop that hangs ends the child by a signal
    done = 0;
    team.for_each(100, [&](Index, Index) { ++done; });
    team.together([&] { team.for_each(100, [&](Index, Index) { ++done; }); });
    _exit(done == 200 ? 0 : 1);
  }
  REQUIRE(child > 0);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

TEST_CASE("team: parts depend on the total, never on the threads") {
  const int threads = GENERATE(1, 2, 5, 40);
  const Index total = GENERATE(0, 1, 31, 32, 33, 1000);
  std::vector<int> first_of_part(static_cast<std::size_t>(total));
  Team(threads).for_parts(total, [&](Range range, Index) { ++first_of_part[static_cast<std::size_t>(range.begin)]; });
  const Partition partition{total};
  Index parts = 0;
  for (Index i = 0; i < total; ++i) {
    if (parts < partition.parts() && partition[parts].begin == i) {
      REQUIRE(first_of_part[static_cast<std::size_t>(i)] == 1);
      ++parts;
    } else {
      REQUIRE(first_of_part[static_cast<std::size_t>(i)] == 0);
    }
  }
  CHECK(parts == partition.parts());
}

TEST_CASE("team: of no given size is as OpenMP has been told, and a negative one is refused") {
  const int before = omp_get_max_threads();
  omp_set_num_threads(before + 3);
  CHECK(Team().threads() == before + 3);
  omp_set_num_threads(before);
  CHECK(Team(3).threads() == 3);
  CHECK_THROWS_AS(Team(-1), ArgumentError);
  CHECK_THROWS_WITH(Team(-1), "the number of threads must not be negative, got -1");
}
