#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <lamina/core/error.hpp>

namespace study {

/// Connects those of standard input, output and error that are closed with /dev/null. The system gives the lowest free
/// number to a file that is opened: one of theirs, and what is meant for the terminal would land in a file of results.
/// @throws lamina::FileError when there is no /dev/null
inline void open_standard_streams() {
  int file = 0;
  do {
    file = open("/dev/null", O_RDWR);
    if (file < 0) throw lamina::FileError("/dev/null", "cannot be opened");
  } while (file <= STDERR_FILENO);
  close(file);
}

}  // namespace study
