#include "tally.hpp"

#include <algorithm>
#include <cstdio>

namespace lamina::bench {

namespace {

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string percent(int part, int all) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", all == 0 ? 0.0 : 100.0 * part / all);
  return text;
}

}  // namespace

void Tally::add(const ValidationCase& validated, std::uint64_t seed, const Diagnosis& verdict) {
  const auto& cause = validated.trouble.cause;
  Row& row = cause ? faults_[*cause] : healthy_;
  ++row.cases;
  const std::string root = verdict.healthy() ? "healthy" : std::string(to_string(verdict.findings.front().cause));
  const bool right = cause ? !verdict.healthy() && verdict.findings.front().cause == *cause : verdict.healthy();
  row.found += right;
  row.listed += cause && std::ranges::any_of(verdict.findings, [&](const Finding& f) { return f.cause == *cause; });
  if (right) return;
  ++row.others[root];
  misses_.push_back(validated.network + ", seed " + std::to_string(seed) + ", " + validated.trouble.what + ": " +
                    (verdict.healthy() ? "healthy" : verdict.findings.front().text()));
}

std::string Tally::text() const {
  std::string text = padded("fault", 28) + "   cases   found    rate  taken for\n";
  int cases = 0, found = 0, listed = 0;
  const auto line = [&](std::string name, const Row& row) {
    text += padded(std::move(name), 28) + padded("   " + std::to_string(row.cases), 11) +
            padded(std::to_string(row.found), 8) + padded(percent(row.found, row.cases), 8);
    for (const auto& [other, times] : row.others) text += " " + std::to_string(times) + " " + other + ";";
    text += "\n";
  };
  for (const auto& [cause, row] : faults_) {
    line(std::string(to_string(cause)), row);
    cases += row.cases;
    found += row.found;
    listed += row.listed;
  }
  line("healthy", healthy_);
  text += "\n" + std::to_string(faults_.size()) +
          " kinds of fault; found with the right cause: " + std::to_string(found) + " of " + std::to_string(cases) +
          " (" + percent(found, cases) + "), the right cause among others: " + percent(listed, cases) +
          "\nfalse alarms: " + std::to_string(healthy_.cases - healthy_.found) + " of " +
          std::to_string(healthy_.cases) + " (" + percent(healthy_.cases - healthy_.found, healthy_.cases) + ")\n";
  if (!misses_.empty()) text += "\nmisses:\n";
  for (const std::string& miss : misses_) text += "  " + miss + "\n";
  return text;
}

}  // namespace lamina::bench
