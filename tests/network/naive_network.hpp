#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include <lamina/layers/layer.hpp>
#include <lamina/network/chain.hpp>

/// @file
/// The truth that the engine is tested against: a network run layer by layer, each by the definition in its own file,
/// on tensors of their own. No plan, no kernel, no memory shared.

namespace lamina::test {

/// A network with parameters and running statistics of its own. It is a visitor (network/chain.hpp): walking the
/// network computes it and writes down, for each operation, how its gradient goes back. The class does not depend on
/// the network, so that layers which several networks have in common are compiled once.
template <class T>
class NaiveNetwork {
 public:
  NaiveNetwork(std::span<const T> parameters, std::span<const T> statistics)
      : parameters_(parameters.begin(), parameters.end()),
        statistics_(statistics.begin(), statistics.end()),
        gradients_(parameters.size()) {}

  /// The output of training, which moves the statistics, or of inference.
  template <class Network>
  const Tensor<T>& forward(TensorView<const T> images, bool training, RandomPosition random = {}) {
    training_ = training;
    random_ = random;
    values_.clear();
    value_gradients_.clear();
    backward_.clear();
    parameter_offset_ = statistics_offset_ = 0;
    layers_ = 0;
    keep(copy_of(images));
    output_ = Network::visit(*this);
    return value(output_);
  }

  /// The gradients of parameters and images, after forward() in training.
  void backward(TensorView<const T> output_gradient) {
    for (const Tensor<T>& each : values_) value_gradients_.emplace_back(each.batch(), each.shape());
    add_to(output_, output_gradient);
    for (std::size_t i = backward_.size(); i-- > 0;) backward_[i]();
  }

  [[nodiscard]] const std::vector<T>& gradients() const { return gradients_; }
  [[nodiscard]] const std::vector<T>& statistics() const { return statistics_; }
  [[nodiscard]] const Tensor<T>& input_gradient() const { return value_gradients_.front(); }

  template <class Specification, Shape Input>
  int layer(int input, const Name& /*prefix*/) {
    using Bound = typename Specification::template Bound<Input>;
    const Index batch = value(input).batch();
    // Identity, and Flatten of a vector, are not counted: the numbers choose the masks of dropout.
    const bool counted = Bound::role != LayerRole::reshape || Bound::output_shape != Input;
    RandomPosition random = random_;
    random.layer = static_cast<std::uint32_t>(layers_);
    if (counted) ++layers_;
    T* const parameters = parameters_.data() + parameter_offset_;
    T* const gradients = gradients_.data() + parameter_offset_;
    T* const statistics = statistics_.data() + statistics_offset_;
    parameter_offset_ += total_size(Bound::parameters);
    statistics_offset_ += total_size(Bound::statistics);
    std::vector<T> saved(static_cast<std::size_t>(Bound::template saved<T>(batch)));
    std::vector<T> scratch(static_cast<std::size_t>(Bound::template scratch<T>(batch, 1)));

    Tensor<T> output(batch, Bound::output_shape);
    Bound::forward(Forward<T>{.team = team_,
                              .training = training_,
                              .random = random,
                              .parameters = parameters,
                              .statistics = statistics,
                              .updated_statistics = training_ ? statistics : nullptr,
                              .saved = training_ ? saved.data() : nullptr,
                              .scratch = scratch.data(),
                              .input = std::as_const(value(input)).view(),
                              .output = output.view()});
    const int result = keep(std::move(output));
    backward_.push_back([=, this, saved = std::move(saved)] {
      std::vector<T> memory(scratch);
      Tensor<T> input_gradient(batch, Input);
      Bound::backward(Backward<T>{.team = team_,
                                  .random = random,
                                  .parameters = parameters,
                                  .gradients = gradients,
                                  .saved = saved.data(),
                                  .scratch = memory.data(),
                                  .input = std::as_const(value(input)).view(),
                                  .output = std::as_const(value(result)).view(),
                                  .output_gradient = std::as_const(gradient(result)).view(),
                                  .input_gradient = input_gradient.view()});
      add_to(input, input_gradient.view());
    });
    return result;
  }

  int add(int first, int second) {
    Tensor<T> sum(value(first).batch(), value(first).shape());
    sum.view().matrix() = value(first).view().matrix() + value(second).view().matrix();
    const int result = keep(std::move(sum));
    backward_.push_back([=, this] {
      add_to(first, gradient(result).view());
      add_to(second, gradient(result).view());
    });
    return result;
  }

  int scale(int input, int factors) {
    const Index pixels = value(input).shape().pixels();
    Tensor<T> product(value(input).batch(), value(input).shape());
    for (Index i = 0; i < product.view().pixels(); ++i) {
      product.view().matrix().row(i) =
          value(input).view().matrix().row(i).cwiseProduct(value(factors).view().matrix().row(i / pixels));
    }
    const int result = keep(std::move(product));
    backward_.push_back([=, this] {
      for (Index i = 0; i < gradient(result).view().pixels(); ++i) {
        const auto dy = gradient(result).view().matrix().row(i);
        gradient(input).view().matrix().row(i) += dy.cwiseProduct(value(factors).view().matrix().row(i / pixels));
        gradient(factors).view().matrix().row(i / pixels) += dy.cwiseProduct(value(input).view().matrix().row(i));
      }
    });
    return result;
  }

  int concatenate(std::span<const int> values, const Shape& shape) {
    const std::vector<int> operands(values.begin(), values.end());
    Tensor<T> joined(value(operands.front()).batch(), shape);
    Index channel = 0;
    for (const int operand : operands) {
      const Index channels = value(operand).shape().channels;
      joined.view().matrix().middleCols(channel, channels) = value(operand).view().matrix();
      channel += channels;
    }
    const int result = keep(std::move(joined));
    backward_.push_back([=, this] {
      Index first = 0;
      for (const int operand : operands) {
        const Index channels = value(operand).shape().channels;
        add_to(operand, gradient(result).view().channels(first, channels));
        first += channels;
      }
    });
    return result;
  }

 private:
  [[nodiscard]] Tensor<T>& value(int id) { return values_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] Tensor<T>& gradient(int id) { return value_gradients_[static_cast<std::size_t>(id)]; }

  int keep(Tensor<T> tensor) {
    values_.push_back(std::move(tensor));
    return static_cast<int>(values_.size()) - 1;
  }

  [[nodiscard]] static Tensor<T> copy_of(TensorView<const T> view) {
    Tensor<T> tensor(view.batch, view.shape);
    tensor.view().matrix() = view.matrix();
    return tensor;
  }

  /// What reaches a value from one of its readers.
  void add_to(int id, TensorView<const T> part) { gradient(id).view().matrix() += part.matrix(); }

  Team team_{1};
  std::vector<T> parameters_;
  std::vector<T> statistics_;
  std::vector<T> gradients_;
  std::vector<Tensor<T>> values_;
  std::vector<Tensor<T>> value_gradients_;
  std::vector<std::function<void()>> backward_;
  int output_ = 0;
  bool training_ = false;
  RandomPosition random_{};
  Index parameter_offset_ = 0;
  Index statistics_offset_ = 0;
  int layers_ = 0;
};

}  // namespace lamina::test
