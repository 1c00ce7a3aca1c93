#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/cause.hpp>
#include <lamina/diagnostics/data_evidence.hpp>
#include <lamina/diagnostics/scientific.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// From where on evidence about data counts as a fault.
struct DataThresholds {
  double largest_class = 0.9;
  double mean = 1.5;  ///< of a channel, in its deviations
  double least_deviation = 0.2;
  double most_deviation = 4;
  double label_information = 3.5;  ///< the least there must be, in standard deviations of chance
};

namespace detail {

[[nodiscard]] inline bool is_constant(const ChannelEvidence& channel) {
  return channel.deviation <= 1e-6 * std::max(1.0, std::abs(channel.mean));
}

}  // namespace detail

/// What is wrong with images and labels: the root first.
[[nodiscard]] inline Diagnosis diagnose(const DataEvidence& data, const DataThresholds& thresholds = {}) {
  Diagnosis diagnosis;
  const auto add = [&](Cause cause, std::string where, std::string evidence, std::string remedy) {
    diagnosis.findings.push_back({cause, std::move(where), std::move(evidence), std::move(remedy)});
  };
  if (!data.finite) add(Cause::not_finite, "images", "a pixel is NaN or infinite", "look for it in the data set");
  if (data.classes > 1 && data.largest_class > thresholds.largest_class) {
    add(Cause::single_class, "labels",
        detail::scientific(100 * data.largest_class) + " % of the labels are the same: there is nothing to tell apart",
        "read the labels again, or weigh the classes");
  }
  for (std::size_t c = 0; c < data.channels.size() && data.finite; ++c) {
    const auto& [mean, deviation] = data.channels[c];
    const std::string where = "channel " + std::to_string(c) + " of the images";
    if (detail::is_constant(data.channels[c])) {
      add(Cause::constant_channel, where, "every pixel of it is " + detail::scientific(mean), "read the images again");
    } else if (std::abs(mean) > thresholds.mean * deviation || deviation < thresholds.least_deviation ||
               deviation > thresholds.most_deviation) {
      add(Cause::unnormalized_images, where,
          "mean " + detail::scientific(mean) + " and deviation " + detail::scientific(deviation) + ", not 0 and 1",
          "normalise the images (measure_normalization)");
    }
  }
  if (data.label_information_measured && data.label_information < thresholds.label_information) {
    add(Cause::unrelated_labels, "labels",
        "neither class means nor neighbours among " + std::to_string(data.images) +
            " images tell the labels better than chance: " + detail::scientific(data.label_information) +
            " standard deviations beyond it",
        "see that images and labels are in the same order; or the task needs more than these see");
  }
  std::ranges::stable_sort(diagnosis.findings, {}, &Finding::cause);
  return diagnosis;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
