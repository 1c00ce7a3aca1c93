#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/diagnostics/gradient_norms.hpp>
#include <lamina/diagnostics/tensor_pieces.hpp>
#include <lamina/diagnostics/tensor_update.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Collects how far steps of an optimiser, of any kind, move each parameter tensor beside its length. Measuring
/// allocates nothing, and its bits do not depend on the team.
///
///     updates.before(model.parameters(), team);
///     optimizer.step(...);
///     updates.after(model.parameters(), team);
template <class T>
class UpdateRatios {
 public:
  /// @param parameters  Network::parameters
  /// @throws ArgumentError  for tensors with gaps between them
  explicit UpdateRatios(std::span<const Segment> parameters)
      : segments_(parameters.begin(), parameters.end()),
        pieces_(pieces_of(parameters)),
        piece_norms_(pieces_.size()),
        step_(segments_.size()),
        sums_(segments_.size()) {
    Index size = 0;
    for (const Segment& segment : segments_) size += segment.size();
    require_consecutive(segments_, size);
    before_ = Buffer<T>(size);
  }

  /// Remembers the parameters in front of a step.
  /// @throws ArgumentError  another number of them
  void before(std::span<const T> parameters, const Team& team) {
    check(parameters);
    for_pieces(team, [&](const TensorPiece& piece, Norms&) {
      std::copy_n(parameters.data() + piece.offset, piece.size, before_.data() + piece.offset);
    });
  }

  /// Adds the step that made these of them.
  /// @throws ArgumentError  another number of them
  void after(std::span<const T> parameters, const Team& team) {
    check(parameters);
    for_pieces(team, [&](const TensorPiece& piece, Norms& norms) {
      T* const moved = before_.data() + piece.offset;
      const T* const now = parameters.data() + piece.offset;
      for (Index i = 0; i < piece.size; ++i) moved[i] = now[i] - moved[i];
      norms = {gradient_norms(moved, piece.size).sum_squares, gradient_norms(now, piece.size).sum_squares};
    });
    std::fill(step_.begin(), step_.end(), Norms{});
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      step_[pieces_[i].tensor].update += piece_norms_[i].update;
      step_[pieces_[i].tensor].weight += piece_norms_[i].weight;
    }
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      sums_[i].update += std::sqrt(step_[i].update);
      sums_[i].weight += std::sqrt(step_[i].weight);
    }
    ++steps_;
  }

  /// The updates of all parameter tensors over the steps since construction or reset(), input first; none before the
  /// first step.
  [[nodiscard]] std::vector<TensorUpdate> average() const {
    std::vector<TensorUpdate> updates;
    for (std::size_t i = 0; i < segments_.size() && steps_ > 0; ++i) {
      // What moves has weights behind the step.
      updates.push_back({.name = segments_[i].name,
                         .kind = std::string(segments_[i].kind),
                         .is_weight = segments_[i].rank >= 2,
                         .ratio = sums_[i].weight > 0 ? sums_[i].update / sums_[i].weight : 0});
    }
    return updates;
  }

  /// What has been collected, for checkpoints: the steps, then two values a tensor.
  [[nodiscard]] std::vector<double> sums() const {
    std::vector<double> values{static_cast<double>(steps_)};
    for (const Norms& sum : sums_) values.insert(values.end(), {sum.update, sum.weight});
    return values;
  }
  /// Values that sums() gives.
  [[nodiscard]] std::size_t size() const { return 2 * sums_.size() + 1; }

  /// Continues from the sums() of another object for the same parameters.
  /// @throws ArgumentError  for another number of values
  void restore(std::span<const double> sums) {
    require(sums.size() == size(),
            "update ratios take " + std::to_string(size()) + " sums, got " + std::to_string(sums.size()));
    steps_ = static_cast<Index>(sums.front());
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] = {sums[1 + 2 * i], sums[2 + 2 * i]};
  }

  /// Forgets all steps: call it at the start of an epoch.
  void reset() {
    std::fill(sums_.begin(), sums_.end(), Norms{});
    steps_ = 0;
  }

 private:
  /// Of how far a tensor has moved, and of the tensor: squared norms of a piece or a step, norms in sums.
  struct Norms {
    double update = 0;
    double weight = 0;
  };

  template <class Body>
  void for_pieces(const Team& team, const Body& body) {
    team.for_each(std::ssize(pieces_), [&](Index i, Index) {
      body(pieces_[static_cast<std::size_t>(i)], piece_norms_[static_cast<std::size_t>(i)]);
    });
  }

  void check(std::span<const T> parameters) const {
    if (std::ssize(parameters) == before_.size()) return;
    throw ArgumentError(message("update ratios take ", before_.size(), " parameters, got ", parameters.size()));
  }

  std::vector<Segment> segments_;
  std::vector<TensorPiece> pieces_;
  std::vector<Norms> piece_norms_;
  std::vector<Norms> step_;
  std::vector<Norms> sums_;
  Buffer<T> before_;  // and behind a step how far it moved them
  Index steps_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
