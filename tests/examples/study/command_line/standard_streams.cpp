#include "study/command_line/standard_streams.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "../../../catch.hpp"

namespace {

/// The number that the next file gets which is opened.
int next_descriptor() {
  const int file = open("/dev/null", O_RDONLY);
  close(file);
  return file;
}

bool is_dev_null(int file) {
  struct stat found {};
  struct stat expected {};
  return fstat(file, &found) == 0 && stat("/dev/null", &expected) == 0 && found.st_rdev == expected.st_rdev;
}

}  // namespace

TEST_CASE("standard streams: one that is closed leads nowhere, and no other file gets its number") {
  const int stream = GENERATE(STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
  const int kept = dup(stream);
  close(stream);
  study::open_standard_streams();
  const bool nowhere = is_dev_null(stream);
  const int next = next_descriptor();
  dup2(kept, stream);
  close(kept);
  CHECK(nowhere);
  CHECK(next > STDERR_FILENO);
}

TEST_CASE("standard streams: those that are open stay as they are, and nothing else is opened") {
  struct stat before {};
  struct stat after {};
  const int next = next_descriptor();
  REQUIRE(fstat(STDOUT_FILENO, &before) == 0);
  study::open_standard_streams();
  REQUIRE(fstat(STDOUT_FILENO, &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(next_descriptor() == next);
}
