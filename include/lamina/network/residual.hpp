#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <lamina/kernels/elementwise.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/requirements.hpp>

namespace lamina {

/// Layers on the shortcut of a residual block whose branch changes the shape.
template <class... Specifications>
struct Projection {};

namespace detail {

/// Parameters or statistics of a branch and a projection behind each other, with their prefixes.
template <std::size_t N, std::size_t M>
[[nodiscard]] constexpr std::array<Segment, N + M> join_segments(const std::array<Segment, N>& branch,
                                                                 const std::array<Segment, M>& projection) {
  std::array<Segment, N + M> all;
  for (std::size_t i = 0; i < N; ++i) {
    all[i] = branch[i];
    all[i].name = Name("branch.").append(branch[i].name);
  }
  for (std::size_t i = 0; i < M; ++i) {
    all[N + i] = projection[i];
    all[N + i].name = Name("projection.").append(projection[i].name);
    all[N + i].offset += total_size(branch);
  }
  return all;
}

/// The shortcut without layers.
template <Shape Input>
struct Identity : LayerDefaults<Input> {
  template <class T>
  static void forward(const Forward<T>&) {}
  template <class T>
  static void backward(const Backward<T>&) {}
};

/// A residual block bound to its input: output = branch(input) + shortcut(input).
template <class Branch, class Shortcut, bool HasProjection>
struct BoundResidual : LayerDefaults<Branch::input_shape, Branch::output_shape> {
  static constexpr auto parameters = join_segments(Branch::parameters, Shortcut::parameters);
  static constexpr auto statistics = join_segments(Branch::statistics, Shortcut::statistics);
  static constexpr bool needs_input = Branch::needs_input || Shortcut::needs_input;
  static constexpr Index multiply_adds = Branch::multiply_adds + Shortcut::multiply_adds;

  template <class T>
  static constexpr Index saved(Index batch) {
    return branch_output<T>(batch) + shortcut_output<T>(batch) + branch_saved<T>(batch) +
           Shortcut::template saved<T>(batch);
  }
  template <class T>
  static constexpr Index scratch(Index batch, Index threads) {
    return temporary<T>(batch) +
           std::max(Branch::template scratch<T>(batch, threads), Shortcut::template scratch<T>(batch, threads));
  }

  template <class T>
  static void forward(const Forward<T>& pass) {
    const Index batch = pass.input.batch;
    Forward<T> branch = pass;
    branch.scratch = pass.scratch + temporary<T>(batch);
    if (pass.training) {
      branch.saved = pass.saved + branch_output<T>(batch) + shortcut_output<T>(batch);
      if constexpr (Branch::needs_output) branch.output.data = pass.saved;
    }
    Branch::forward(branch);
    const T* shortcut_values = pass.input.data;
    if constexpr (HasProjection) {
      Forward<T> shortcut = branch;
      shortcut.random.layer += 512;
      shortcut.parameters += total_size(Branch::parameters);
      shortcut.statistics += total_size(Branch::statistics);
      if (pass.training) {
        shortcut.updated_statistics += total_size(Branch::statistics);
        shortcut.saved += branch_saved<T>(batch);
      }
      const bool keep = pass.training && Shortcut::needs_output;
      shortcut.output.data = keep ? pass.saved + branch_output<T>(batch) : pass.scratch;
      Shortcut::forward(shortcut);
      shortcut_values = shortcut.output.data;
    }
    kernels::add<T>(pass.team, pass.output.size(), branch.output.data, shortcut_values, pass.output.data);
  }

  template <class T>
  static void backward(const Backward<T>& pass) {
    const Index batch = pass.output_gradient.batch;
    Backward<T> branch = pass;
    branch.scratch = pass.scratch + temporary<T>(batch);
    branch.output.data = pass.saved;
    branch.saved = pass.saved + branch_output<T>(batch) + shortcut_output<T>(batch);
    Branch::backward(branch);
    const T* shortcut_gradient = pass.output_gradient.data;
    if constexpr (HasProjection) {
      Backward<T> shortcut = branch;
      shortcut.random.layer += 512;
      shortcut.parameters += total_size(Branch::parameters);
      shortcut.gradients += total_size(Branch::parameters);
      shortcut.output.data = pass.saved + branch_output<T>(batch);
      shortcut.saved += branch_saved<T>(batch);
      if (!pass.input_gradient.empty()) shortcut.input_gradient.data = pass.scratch;
      Shortcut::backward(shortcut);
      shortcut_gradient = pass.scratch;
    }
    if (pass.input_gradient.empty()) return;
    kernels::add<T>(pass.team, pass.input_gradient.size(), pass.input_gradient.data, shortcut_gradient,
                    pass.input_gradient.data);
  }

 private:
  template <class T>
  static constexpr Index output_size(Index batch) {
    return aligned_size<T>(batch * Branch::output_shape.size());
  }
  /// The sum overwrites the branch's output, unless the branch needs it for backward; likewise the projection's.
  template <class T>
  static constexpr Index branch_output(Index batch) {
    return Branch::needs_output ? output_size<T>(batch) : 0;
  }
  template <class T>
  static constexpr Index shortcut_output(Index batch) {
    return HasProjection && Shortcut::needs_output ? output_size<T>(batch) : 0;
  }
  template <class T>
  static constexpr Index branch_saved(Index batch) {
    return aligned_size<T>(Branch::template saved<T>(batch));
  }
  /// Holds the projection's output in forward and its input gradient in backward.
  template <class T>
  static constexpr Index temporary(Index batch) {
    return HasProjection ? aligned_size<T>(batch * std::max(Branch::input_shape.size(), Branch::output_shape.size()))
                         : 0;
  }
};

}  // namespace detail

/// Residual block (He, Zhang, Ren and Sun 2016): output = branch(input) + input. The branch must keep the shape; one
/// that does not needs layers on the shortcut too: Residual<Projection<Conv2d<64, 1, ConvOptions{.stride = 2}>>, ...>.
/// Parameters are named "branch.index.name" and "projection.index.name".
template <class... Branch>
struct Residual {
  static constexpr std::string_view kind = "residual";

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return detail::chain_shapes<Branch...>(input).back();
  }

  template <class At, Shape Input>
  struct Requires : ChainRequirements<At, Input, Branch...>,
                    ResidualBranchKeepsShape<At, Residual, Input, output(Input), output(Input) == Input> {};

  template <Shape Input>
  struct Bound : detail::BoundResidual<Chain<Input, Branch...>, detail::Identity<Input>, false> {
    /// Tells fusion what lies between the two ends of the shortcut.
    using IdentityBranch = Chain<Input, Branch...>;
  };
};

template <class... Shortcut, class... Branch>
struct Residual<Projection<Shortcut...>, Branch...> {
  static constexpr std::string_view kind = "residual";

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return detail::chain_shapes<Branch...>(input).back();
  }

  [[nodiscard]] static constexpr Shape shortcut_output(const Shape& input) {
    return detail::chain_shapes<Shortcut...>(input).back();
  }

  template <class At, Shape Input>
  struct Requires : ChainRequirements<At, Input, Branch...>,
                    ChainRequirements<typename ProjectionPosition<At>::type, Input, Shortcut...>,
                    ResidualBranchKeepsShape<At, Residual, shortcut_output(Input), output(Input),
                                             shortcut_output(Input) == output(Input)> {};

  template <Shape Input>
  struct Bound : detail::BoundResidual<Chain<Input, Branch...>, Chain<Input, Shortcut...>, true> {};
};

}  // namespace lamina
