#include "study/run_folder/folder_lock.hpp"

#include "../../../catch.hpp"
#include "../../../data/temporary_folder.hpp"

using study::FolderLock;

namespace {

/// Why fail_to_lock() fails.
int reason = 0;

int fail_to_lock(int /*file*/, int /*operation*/) {
  errno = reason;
  return -1;
}

}  // namespace

TEST_CASE("folder lock: a folder belongs to one at a time") {
  const TemporaryFolder folder;
  {
    const FolderLock lock(folder.path());
    CHECK(lock.warning().empty());
    CHECK_THROWS_WITH(FolderLock(folder.path()),
                      folder.path().string() + ": another program is running in this folder");
  }
  CHECK_NOTHROW(FolderLock(folder.path()));
}

TEST_CASE("folder lock: a file system without locks is a warning and no error") {
  const TemporaryFolder folder;
  reason = GENERATE(ENOLCK, ENOSYS, EOPNOTSUPP);
  const FolderLock lock(folder.path(), fail_to_lock);
  CHECK_THAT(lock.warning(), ContainsSubstring(folder.path().string() + ": cannot be locked: ") &&
                                 ContainsSubstring("; nothing keeps another program out of this folder"));
}

TEST_CASE("folder lock: any other failure is refused with its reason") {
  const TemporaryFolder folder;
  reason = EIO;
  CHECK_THROWS_WITH(FolderLock(folder.path(), fail_to_lock),
                    folder.path().string() + ": cannot be locked: Input/output error");
  const auto none = folder.path() / "none";
  CHECK_THROWS_WITH(FolderLock(none), none.string() + ": cannot be locked: No such file or directory");
}
