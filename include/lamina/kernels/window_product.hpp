#pragma once

#include <cassert>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/patches.hpp>

/// @file
/// The product of patches and weights without a copy of the patches: a kernel row of a patch is one run of memory, and
/// the run of the next position lies one step further. What a copy costs counts where there are few columns.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// C = A B, A having the patches at a range of positions, detail::kListedRows at most. The patches' images must be
/// dense, with as many values behind them as lie from a position to the next.
/// @param product  must not accumulate
template <class T>
void multiply_windows(const Patches<const T>& patches, Range positions, const MatrixProduct<T>& product) {
  assert(positions.size() <= detail::kListedRows);
  const Index step = patches.window.stride * patches.pixel_stride;
  detail::RowPairs<T> pairs;
  Index count = 0;
  const T* from = patches.patch(positions.begin);
  Index left = patches.width - positions.begin % patches.width;  // in the row of the image
  for (Index position = positions.begin; position < positions.end; ++count) {
    // A position at the end of a row has none beside it: the kernels read there, and drop what they sum.
    const bool both = left > 1 && position + 1 < positions.end;
    pairs[static_cast<std::size_t>(count)] = {from, product.c.from(position - positions.begin).data, both};
    const Index done = both ? 2 : 1;
    position += done;
    left -= done;
    from += done * step;
    if (left > 0 || position >= positions.end) continue;
    from = patches.patch(position);
    left = patches.width;
  }
  const detail::RowRuns runs{.count = patches.window.kernel,
                             .length = patches.window.kernel * patches.channels,
                             .stride = patches.row_stride,
                             .step = 1,
                             .second = step};
  detail::multiply_pairs(product, runs, 2 * count, pairs);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
