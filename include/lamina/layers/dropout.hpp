#pragma once

#include <algorithm>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Probability that a value is dropped.
struct DropProbability {
  double value = 0.5;
};

/// Dropout (Srivastava et al. 2014): in training each value is zero with probability p, else divided by 1 - p;
/// otherwise nothing happens. The mask is a function of seed, step, layer and place, so that backward draws it again
/// instead of keeping it.
template <DropProbability P>
struct BasicDropout : KeepsShape {
  static_assert(P.value >= 0 && P.value < 1, "Lamina: the probability of dropout must lie in [0, 1)");

  static constexpr std::string_view kind = "dropout";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      if (pass.training) {
        mask(pass.team, pass.random, pass.input, pass.output);
      } else {
        std::copy_n(pass.input.data, pass.input.size(), pass.output.data);
      }
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (!pass.input_gradient.empty()) mask(pass.team, pass.random, pass.output_gradient, pass.input_gradient);
    }

   private:
    /// Four values share one call of the generator.
    template <class T>
    static void mask(const Team& team, const RandomPosition& random, TensorView<const T> from, TensorView<T> to) {
      constexpr auto threshold = static_cast<std::uint32_t>(P.value * 0x1p32);
      constexpr T scale = static_cast<T>(1 / (1 - P.value));
      const Index size = from.size();
      team.for_parts((size + 3) / 4, [&](Range groups, Index) {
        for (Index group = groups.begin; group < groups.end; ++group) {
          const auto words = philox({static_cast<std::uint32_t>(group), random.layer, random.step,
                                     static_cast<std::uint32_t>(RandomPurpose::dropout)},
                                    random.seed);
          for (Index i = 4 * group; i < std::min(4 * group + 4, size); ++i) {
            to.data[i] = words[static_cast<std::size_t>(i % 4)] < threshold ? T{0} : from.data[i] * scale;
          }
        }
      });
    }
  };
};

/// Dropout of half the values.
using Dropout = BasicDropout<DropProbability{}>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
