#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/network/model.hpp>
#include <lamina/optimizers/argument_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Which average of the weights a trainer keeps and measures beside them. It is what the best epoch is chosen by from
/// its first weights on.
class WeightAveraging {
 public:
  enum class Kind { none, exponential, stochastic };

  /// None.
  WeightAveraging() = default;

  /// An exponential moving average, of parameters and running statistics: after each step, from the second on,
  /// average = decay average + (1 - decay) weights (Polyak and Juditsky 1992; torch.optim.swa_utils.AveragedModel).
  /// @throws ArgumentError  a decay outside [0, 1)
  [[nodiscard]] static WeightAveraging exponential(double decay) {
    require_below_one("the decay of the moving average", decay);
    return {Kind::exponential, decay, 1};
  }

  /// Stochastic weight averaging: the mean of the weights behind each epoch from `first_epoch` on, counted from 1,
  /// whose batch norm statistics are measured again on the epoch's batches (Izmailov et al., "Averaging weights leads
  /// to wider optima and better generalization", UAI 2018). Measuring takes a forward pass over the training images an
  /// epoch.
  /// @throws ArgumentError  an epoch below 1
  [[nodiscard]] static WeightAveraging stochastic(Index first_epoch) {
    require_positive("the first epoch of stochastic weight averaging", first_epoch);
    return {Kind::stochastic, 0, first_epoch};
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] double decay() const { return decay_; }
  [[nodiscard]] Index first_epoch() const { return first_epoch_; }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    switch (kind_) {
      case Kind::exponential:
        return describe("ExponentialAverage", {{"decay", decay_}});
      case Kind::stochastic:
        return describe("StochasticAverage", {{"first_epoch", first_epoch_}});
      default:
        return "none";
    }
  }

 private:
  WeightAveraging(Kind kind, double decay, Index first_epoch) : kind_(kind), decay_(decay), first_epoch_(first_epoch) {}

  Kind kind_ = Kind::none;
  double decay_ = 0;
  Index first_epoch_ = 1;
};

/// An average of the weights of a model, as a model. Without averaging it holds none, and add() does nothing.
template <class Network, class T>
class WeightAverage {
 public:
  /// @param model  of the same network
  WeightAverage(const WeightAveraging& averaging, const Model<Network, T>& model)
      : averaging_(averaging) {
    if (averaging.kind() != WeightAveraging::Kind::none) average_.emplace(model);
  }

  /// Adds the weights as they are: the first become the average. Allocates nothing; the bits are the same on any team.
  void add(const Model<Network, T>& model, const Team& team) {
    if (!average_) return;
    const bool exponential = averaging_.kind() == WeightAveraging::Kind::exponential;
    const double share = count_ == 0 ? 1 : exponential ? 1 - averaging_.decay() : 1 / static_cast<double>(count_ + 1);
    move(average_->parameters(), model.parameters(), share, team);
    move(average_->statistics(), model.statistics(), share, team);
    ++count_;
  }

  /// How many weights it is of; there is no average before the first.
  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] Model<Network, T>& model() { return *average_; }
  [[nodiscard]] const Model<Network, T>& model() const { return *average_; }

  /// Continues from another average of the same kind.
  /// @pre averaging is of some kind
  void restore(const Model<Network, T>& average, Index count) {
    std::ranges::copy(average.parameters(), average_->parameters().begin());
    std::ranges::copy(average.statistics(), average_->statistics().begin());
    count_ = count;
  }

 private:
  static void move(std::span<T> average, std::span<const T> values, double share, const Team& team) {
    team.for_parts(std::ssize(average), [&](Range range, Index) {
      for (auto i = static_cast<std::size_t>(range.begin); i < static_cast<std::size_t>(range.end); ++i) {
        const double old = static_cast<double>(average[i]);
        average[i] = share == 1 ? values[i] : static_cast<T>(old + share * (static_cast<double>(values[i]) - old));
      }
    });
  }

  WeightAveraging averaging_;
  std::optional<Model<Network, T>> average_;
  Index count_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
