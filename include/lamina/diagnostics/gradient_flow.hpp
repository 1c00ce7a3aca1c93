#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/diagnostics/gradient_norms.hpp>
#include <lamina/diagnostics/tensor_pieces.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Gradient of one parameter tensor, averaged over training steps.
struct TensorFlow {
  Name name;              ///< as in Network::parameters: "4.branch.0.weight"
  std::string kind{};     ///< of its layer: "conv"
  bool is_weight = true;  ///< it has two dimensions or more, which no bias and nothing of batch norm has
  double mean_abs = 0;    ///< mean over steps of the mean |g|
  double l2_norm = 0;     ///< mean over steps of the L2 norm of g
  double max_abs = 0;     ///< largest |g| of any step
};

/// The weight tensors of a flow in its order. Vanishing gradients show in them; biases and batch norms have gradients
/// of another magnitude.
[[nodiscard]] inline std::vector<TensorFlow> weight_tensors(std::span<const TensorFlow> flow) {
  std::vector<TensorFlow> weights;
  std::ranges::copy_if(flow, std::back_inserter(weights), &TensorFlow::is_weight);
  return weights;
}

/// Collects how the gradient of each parameter tensor fares from the network's output to its input (Glorot and Bengio
/// 2010), and stops training when a gradient is not finite. Reads the gradients once a step and never allocates while
/// it does.
class GradientFlow {
 public:
  /// @param parameters  Network::parameters
  /// @throws ArgumentError  for tensors with gaps between them
  [[gnu::cold]] explicit GradientFlow(std::span<const Segment> parameters)
      : segments_(parameters.begin(), parameters.end()),
        pieces_(pieces_of(parameters)),
        piece_norms_(pieces_.size()),
        step_(segments_.size()),
        sums_(segments_.size()) {
    for (const Segment& segment : segments_) size_ += segment.size();
    require_consecutive(segments_, size_);
  }

  /// Adds the gradients of one step: Model::gradients() after backward().
  /// @param step  for the error alone
  /// @param team  shares the work; the bits do not depend on it
  /// @throws NonFiniteError  "step 17: the gradient of conv 4.branch.0.weight is not finite", naming of all such
  /// tensors
  ///                         the nearest to the output: backward reached it first. This object is then as before.
  /// @throws ArgumentError   when the gradients are not those of the parameters
  template <class T>
  void add(std::span<const T> gradients, Index step, const Team& team = Team(1)) {
    // Composed only to be thrown: a message allocates, and this runs in every step.
    if (std::ssize(gradients) != size_)
      throw ArgumentError(message("gradient flow takes ", size_, " gradients, got ", gradients.size()));
    measure(gradients, team);
    for (std::size_t i = segments_.size(); i-- > 0;) {
      if (!is_finite(step_[i].sum_abs)) throw_not_finite(segments_[i], step);
    }
    double squares = 0;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      squares += step_[i].sum_squares;
      sums_[i].mean_abs += step_[i].sum_abs / static_cast<double>(segments_[i].size());
      sums_[i].l2_norm += std::sqrt(step_[i].sum_squares);
      sums_[i].max_abs = std::max(sums_[i].max_abs, step_[i].max_abs);
    }
    step_norm_ = std::sqrt(squares);
    ++steps_;
  }

  /// L2 norm of the gradients of all parameters together in the step that was added last; 0 before the first.
  [[nodiscard]] double step_norm() const { return step_norm_; }

  /// Steps added since construction or reset().
  [[nodiscard]] Index steps() const { return steps_; }

  /// The flow of all parameter tensors over these steps, input first.
  /// @throws ArgumentError  before the first step
  [[nodiscard]] std::vector<TensorFlow> average() const {
    require(steps_ > 0, "gradient flow has no average before its first step");
    std::vector<TensorFlow> flow;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      flow.push_back({.name = segments_[i].name,
                      .kind = std::string(segments_[i].kind),
                      .is_weight = segments_[i].rank >= 2,
                      .mean_abs = sums_[i].mean_abs / static_cast<double>(steps_),
                      .l2_norm = sums_[i].l2_norm / static_cast<double>(steps_),
                      .max_abs = sums_[i].max_abs});
    }
    return flow;
  }

  /// What has been collected, for checkpoints: three values a tensor.
  [[nodiscard]] std::vector<double> sums() const {
    std::vector<double> values;
    for (const Sums& sum : sums_) values.insert(values.end(), {sum.mean_abs, sum.l2_norm, sum.max_abs});
    return values;
  }

  /// Continues from the sums() and steps() of another object for the same parameters.
  /// @throws ArgumentError  for another number of values, a negative number of steps
  void restore(std::span<const double> sums, Index steps) {
    require(sums.size() == 3 * sums_.size(),
            "gradient flow takes " + std::to_string(3 * sums_.size()) + " sums, got " + std::to_string(sums.size()));
    require(steps >= 0, "the number of steps must not be negative, got " + std::to_string(steps));
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] = {sums[3 * i], sums[3 * i + 1], sums[3 * i + 2]};
    steps_ = steps;
  }

  /// Forgets all steps: call it at the start of an epoch.
  void reset() {
    std::fill(sums_.begin(), sums_.end(), Sums{});
    step_norm_ = 0;
    steps_ = 0;
  }

 private:
  struct Sums {
    double mean_abs = 0;
    double l2_norm = 0;
    double max_abs = 0;
  };

  template <class T>
  void measure(std::span<const T> gradients, const Team& team) {
    team.for_each(std::ssize(pieces_), [&](Index i, Index) {
      const TensorPiece& piece = pieces_[static_cast<std::size_t>(i)];
      piece_norms_[static_cast<std::size_t>(i)] = gradient_norms(gradients.data() + piece.offset, piece.size);
    });
    std::fill(step_.begin(), step_.end(), GradientNorms{});
    for (std::size_t i = 0; i < pieces_.size(); ++i) step_[pieces_[i].tensor].add(piece_norms_[i]);
  }

  [[noreturn, gnu::cold]] static void throw_not_finite(const Segment& segment, Index step) {
    throw NonFiniteError(
        message("step ", step, ": the gradient of ", segment.kind, " ", segment.name.view(), " is not finite"));
  }

  std::vector<Segment> segments_;
  std::vector<TensorPiece> pieces_;
  std::vector<GradientNorms> piece_norms_;
  std::vector<GradientNorms> step_;
  std::vector<Sums> sums_;
  Index size_ = 0;
  double step_norm_ = 0;
  Index steps_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
