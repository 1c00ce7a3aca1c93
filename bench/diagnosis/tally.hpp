#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "validation_case.hpp"

namespace lamina::bench {

/// Counts verdicts against what was done.
class Tally {
 public:
  void add(const ValidationCase& validated, std::uint64_t seed, const Diagnosis& verdict);
  /// The tables: detection of each kind, totals, confusion, and each miss.
  [[nodiscard]] std::string text() const;

 private:
  struct Row {
    int cases = 0;
    int found = 0;                        ///< the right cause is the root
    int listed = 0;                       ///< the right cause is among the findings
    std::map<std::string, int> others{};  ///< what was taken for the root instead
  };

  std::map<Cause, Row> faults_;
  Row healthy_;
  std::vector<std::string> misses_;
};

}  // namespace lamina::bench
