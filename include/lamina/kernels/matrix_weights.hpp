#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/matrix_blocks.hpp>

/// @file
/// The weights of MatrixConvolution as right factors: for each group, block of the depth after block, in panels.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix {

/// A right factor for each group.
template <class T>
struct Factors {
  const T* data = nullptr;
  DepthBlocks blocks{};
  Index columns = 0;

  /// Values of a group's factor.
  [[nodiscard]] constexpr Index size() const { return blocks.depth * Panels<T>::padded(columns); }
  /// Calls part(range, rows of the factor) for the blocks that a range of the depth of a group's factor reaches into.
  template <class Part>
  void for_blocks(Index group, Range depth, const Part& part) const {
    const T* const factor = data + group * size();
    for (Index b = 0; b < blocks.count(); ++b) {
      const Range block = blocks[b];
      const Range rows{std::max(block.begin, depth.begin), std::min(block.end, depth.end)};
      if (rows.size() <= 0) continue;
      part(rows, PanelMatrix<T>{factor + block.begin * Panels<T>::padded(columns),
                                block.size(),
                                columns,
                                {rows.begin - block.begin, rows.end - block.begin}});
    }
  }
};

/// Calls chunk(group, block of the depth, rows in that block) for about `count` shares of a factor's rows.
template <class Chunk>
void for_chunks(const Team* team, Index groups, const DepthBlocks& blocks, const Chunk& chunk) {
  constexpr Index shares = 8;
  const auto task = [&](Index number) {
    const Range block = blocks[number / shares % blocks.count()];
    chunk(number / shares / blocks.count(), block, Share{number % shares, shares}.of(block.size()));
  };
  const Index tasks = groups * blocks.count() * shares;
  if (team == nullptr) {
    for (Index number = 0; number < tasks; ++number) task(number);
  } else {
    team->for_each(tasks, [&](Index number, Index) { task(number); });
  }
}

/// Packs the weights for forward: factors of shape.depth() rows and a group's outputs as columns.
/// @param team  null for this thread alone
template <class T>
void pack_weights(const Team* team, const ConvolutionShape& shape, const T* weights, T* packed) {
  const Index columns = group_outputs(shape);
  const Index padded = Panels<T>::padded(columns);
  for_chunks(team, shape.groups, factor_blocks(shape, shape.depth(), columns),
             [&](Index group, Range block, Range rows) {
               const T* const from = weights + block.begin * shape.outputs() + group * columns;
               pack_rows<T>(block.size(), columns, rows, {from, shape.outputs()},
                            packed + (group * shape.depth() + block.begin) * padded);
             });
}

/// Writes rows `rows` of the panels of `depth` rows whose element (k, n) is value k of row n of the weights, n <
/// columns.
template <class T>
[[gnu::noinline]] void pack_transposed(Index depth, Index columns, Range rows, MatrixRows<const T> weights, T* panels) {
  constexpr Index side = kAlignment / sizeof(T);
  for_panels<T>(columns, {0, columns}, [&](const Panel& panel) {
    T* const to = panels + panel.first * depth;
    for (Index k = rows.begin; k < rows.end; k += side) {
      const Index end = std::min(k + side, rows.end);
      for (Index n = 0; n < panel.width; ++n) {
        const T* const from = weights.from(panel.first + n).data;
        for (Index i = k; i < end; ++i) to[i * panel.width + n] = n < panel.used ? from[i] : T{0};
      }
    }
  });
}

/// Packs the weights for the input gradient of a convolution with stride 1: the factor of gradient_window, which has
/// the kernel's positions in reverse order and for each of them a row for each of a group's outputs.
template <class T>
void pack_gradient_weights(const Team& team, const ConvolutionShape& shape, const T* weights, T* packed) {
  const Index taps = shape.geometry.window.kernel * shape.geometry.window.kernel;
  const Index inputs = group_inputs(shape);
  const Index outputs = group_outputs(shape);
  const Index padded = Panels<T>::padded(inputs);
  for_chunks(
      &team, shape.groups, factor_blocks(shape, taps * outputs, inputs), [&](Index group, Range block, Range rows) {
        T* const to = packed + (group * taps * outputs + block.begin) * padded;
        for (Index k = rows.begin; k < rows.end;) {
          const Index tap = (block.begin + k) / outputs;
          const Index end = std::min(rows.end, (tap + 1) * outputs - block.begin);
          const T* const from = weights + (taps - 1 - tap) * inputs * shape.outputs() + group * outputs;
          pack_transposed<T>(block.size(), inputs, {k, end}, {from + block.begin - tap * outputs, shape.outputs()}, to);
          k = end;
        }
      });
}

/// Packs the weights for the gradients of patches: a group's outputs as rows, shape.depth() columns.
template <class T>
void pack_patch_weights(const Team& team, const ConvolutionShape& shape, const T* weights, T* packed) {
  const Index outputs = group_outputs(shape);
  const Index padded = Panels<T>::padded(shape.depth());
  for_chunks(&team, shape.groups, {outputs}, [&](Index group, Range block, Range rows) {
    pack_transposed<T>(block.size(), shape.depth(), rows, {weights + group * outputs + block.begin, shape.outputs()},
                       packed + (group * outputs + block.begin) * padded);
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix
