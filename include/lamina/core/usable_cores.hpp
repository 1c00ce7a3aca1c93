#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// The number at the beginning of a file; 0 where there is none.
[[nodiscard, gnu::cold]] inline double number_in(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "r");
  double number = 0;
  if (file == nullptr || std::fscanf(file, "%lf", &number) != 1) number = 0;
  if (file != nullptr) std::fclose(file);
  return number;
}

/// The quotient of the two numbers in a file; 0 where it does not begin with two.
[[nodiscard, gnu::cold]] inline double quotient_in(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "r");
  double quota = 0;
  double period = 0;
  const bool found = file != nullptr && std::fscanf(file, "%lf %lf", &quota, &period) == 2 && period > 0;
  if (file != nullptr) std::fclose(file);
  return found ? quota / period : 0;
}

/// Cores' worth of time that a control group of Linux and the groups around it may use; infinity where none has a
/// limit.
/// @param hierarchy  the folder of the outermost group, with the files of version 2 (cpu.max) or 1 (cpu.cfs_quota_us)
/// @param group      the path of the innermost group from there: /a/b
[[nodiscard, gnu::cold]] inline double processor_quota(const std::string& hierarchy, std::string group) {
  double least = std::numeric_limits<double>::infinity();
  while (true) {
    const std::string folder = hierarchy + group;
    const double period = number_in(folder + "/cpu.cfs_period_us");
    for (const double quota :
         {quotient_in(folder + "/cpu.max"), period > 0 ? number_in(folder + "/cpu.cfs_quota_us") / period : 0}) {
      if (quota > 0) least = std::min(least, quota);  // "max" and -1 are no limits
    }
    if (group.empty()) return least;
    group.erase(group.rfind('/'));
  }
}

/// Whether a list such as "cpu,cpuacct" names the processors.
[[nodiscard, gnu::cold]] inline bool names_processors(std::string_view controllers) {
  while (!controllers.empty()) {
    const auto comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

/// The path of this process's control group in a hierarchy; empty for the outermost and where it cannot be read.
/// @param list  as /proc/self/cgroup: lines such as "0::/a/b" (version 2) and "4:cpu,cpuacct:/a/b" (version 1)
[[nodiscard, gnu::cold]] inline std::string control_group(const std::string& list) {
  std::FILE* const file = std::fopen(list.c_str(), "r");
  if (file == nullptr) return {};
  std::string group;
  bool first_version = false;
  std::array<char, 4096> buffer{};
  while (!first_version && std::fgets(buffer.data(), static_cast<int>(buffer.size()), file) != nullptr) {
    std::string_view line(buffer.data());
    line.remove_prefix(std::min(line.find(':') + 1, line.size()));
    const auto colon = std::min(line.find(':'), line.size());
    const std::string_view controllers = line.substr(0, colon);
    first_version = names_processors(controllers);
    if (!first_version && !controllers.empty()) continue;
    const std::string_view path = line.substr(std::min(colon + 1, line.size()));
    group = path.substr(0, path.find_last_not_of("\n/") + 1);
  }
  std::fclose(file);
  return group;
}

}  // namespace detail

/// The number of cores that the calling thread may use: those that its affinity allows, as many as its control group (a
/// container's limit) has time for.
[[nodiscard, gnu::cold]] inline int usable_cores() {
  int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) cores = CPU_COUNT(&allowed);
  const std::string group = detail::control_group("/proc/self/cgroup");
  const double quota =
      std::min(detail::processor_quota("/sys/fs/cgroup", group), detail::processor_quota("/sys/fs/cgroup/cpu", group));
  if (quota < cores) cores = std::max(1, static_cast<int>(std::ceil(quota)));
#endif
  return cores;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
