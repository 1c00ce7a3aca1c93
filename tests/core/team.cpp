#include <atomic>
#include <vector>

#include <lamina/core/team.hpp>

#include "../catch.hpp"

using namespace lamina;

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

TEST_CASE("team: gives each thread a run of tasks in order") {
  std::vector<Index> thread_of(100);
  Team(4).for_each(100, [&](Index task, Index thread) { thread_of[static_cast<std::size_t>(task)] = thread; });
  CHECK(std::is_sorted(thread_of.begin(), thread_of.end()));
}

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

TEST_CASE("team: of no given size is OpenMP's, and a negative one is refused") {
  CHECK(Team().threads() == omp_get_max_threads());
  CHECK(Team(3).threads() == 3);
  CHECK_THROWS_AS(Team(-1), ArgumentError);
  CHECK_THROWS_WITH(Team(-1), "the number of threads must not be negative, got -1");
}
