#include "study/text/append_file.hpp"

#include <lamina/core/error.hpp>

#include "../../../catch.hpp"
#include "../../../data/temporary_folder.hpp"
#include "../../../io/full_disk.hpp"
#include "../../../io/text_file.hpp"

using namespace study;
using lamina::FileError;

TEST_CASE("append file: what was appended is there while the file is still open") {
  const TemporaryFolder folder;
  AppendFile file(folder.path() / "log");
  file.append("one\n");
  CHECK(read_text(file.path()) == "one\n");
  file.append("two\n");
  CHECK(read_text(file.path()) == "one\ntwo\n");
}

TEST_CASE("append file: an append that meets a full disk leaves nothing of itself, and the next one follows on") {
  const TemporaryFolder folder;
  AppendFile file(folder.path() / "log");
  file.append("one\n");
  {
    const FullDisk limit(6);
    CHECK_THROWS_AS(file.append("too long\n"), FileError);
  }
  CHECK(read_text(file.path()) == "one\n");
  file.append("two\n");
  CHECK(read_text(file.path()) == "one\ntwo\n");
}

TEST_CASE("append file: goes on at the end of a file that is there") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "log";
  AppendFile(path).append("one\n");
  AppendFile file = AppendFile::at_end_of(path);
  {
    const FullDisk limit(6);
    CHECK_THROWS_AS(file.append("too long\n"), FileError);
  }
  file.append("two\n");
  file.sync();
  CHECK(read_text(path) == "one\ntwo\n");
}

TEST_CASE("append file: what is not there cannot be continued, and is not made") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(AppendFile::at_end_of(folder.path() / "log"),
                    (folder.path() / "log").string() + ": cannot be opened for writing: No such file or directory");
  CHECK(std::filesystem::is_empty(folder.path()));
}
