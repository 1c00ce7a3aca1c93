#pragma once

#include <csignal>
#include <sys/resource.h>

/// For as long as it lives, no file of this process grows beyond so many bytes: writes fail as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : before_(limit()), signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    const rlimit now{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  static rlimit limit() {
    rlimit value{};
    getrlimit(RLIMIT_FSIZE, &value);
    return value;
  }

  rlimit before_;
  void (*signal_)(int);
};
