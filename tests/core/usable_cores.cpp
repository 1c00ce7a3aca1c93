#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include <lamina/core/usable_cores.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

using namespace lamina;

namespace {

/// A folder of control groups.
class Files {
 public:
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = folder_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] std::string root() const { return folder_.path().string(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("usable cores: the tightest quota of a control group and those around it counts") {
  const Files files;
  CHECK(std::isinf(detail::processor_quota(files.root(), "/a/b")));
  files.write("cpu.max", "max 100000\n");
  CHECK(std::isinf(detail::processor_quota(files.root(), "/a/b")));
  files.write("a/cpu.max", "150000 100000\n");
  files.write("a/b/cpu.max", "400000 100000\n");
  CHECK(detail::processor_quota(files.root(), "/a/b") == 1.5);
  CHECK(detail::processor_quota(files.root(), "/a") == 1.5);
  CHECK(std::isinf(detail::processor_quota(files.root(), "")));
}

TEST_CASE("usable cores: control groups of the first version have their quota in two files") {
  const Files files;
  files.write("cpu.cfs_quota_us", "-1\n");
  files.write("cpu.cfs_period_us", "100000\n");
  CHECK(std::isinf(detail::processor_quota(files.root(), "")));
  files.write("cpu.cfs_quota_us", "250000\n");
  CHECK(detail::processor_quota(files.root(), "") == 2.5);
}

TEST_CASE("usable cores: the control group of the processors is found among others") {
  const Files files;
  files.write("2", "0::/user.slice/job\n");
  files.write("1", "9:cpuset:/s\n5:memory:/m\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/n\n0::/late\n");
  files.write("root", "0::/\n");
  CHECK(detail::control_group(files.root() + "/2") == "/user.slice/job");
  CHECK(detail::control_group(files.root() + "/1") == "/docker/x");
  CHECK(detail::control_group(files.root() + "/root").empty());
  CHECK(detail::control_group(files.root() + "/none").empty());
}

#if defined(__linux__)
TEST_CASE("usable cores: a thread that may use one core has one") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
  CHECK(usable_cores() == 1);
  REQUIRE(sched_setaffinity(0, sizeof(before), &before) == 0);
  CHECK(usable_cores() >= 1);
  CHECK(usable_cores() <= CPU_COUNT(&before));
}
#endif
