#pragma once

#include <algorithm>

#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/simd.hpp>

/// @file
/// Passes over whole tensors, value by value. Any argument may be the same memory as another.

namespace lamina::kernels {

/// result[i] = function(first[i], second[i]) for i < size, a part of the range a task.
template <class T, class Function>
void transform(const Team& team, Index size, const T* first, const T* second, T* result, const Function& function) {
  constexpr Index lanes = kWidestLanes<T>;
  team.for_parts(size, [&](Range range, Index) {
    Index i = range.begin;
    for (; i + lanes <= range.end; i += lanes) {
      store<T, lanes>(result + i,
                      function.template operator()<lanes>(load<T, lanes>(first + i), load<T, lanes>(second + i)));
    }
    for (; i < range.end; ++i) {
      store<T, 1>(result + i, function.template operator()<1>(load<T, 1>(first + i), load<T, 1>(second + i)));
    }
  });
}

/// y = x for x > 0, else slope x. Reads x, writes y. NaN stays NaN.
template <class T>
void leaky_relu(const Team& team, Index size, const T* x, T slope, T* y) {
  transform(team, size, x, x, y, [slope]<Index Lanes>(Vector<T, Lanes> value, Vector<T, Lanes>) {
    return value > 0 ? value : value * slope;
  });
}

/// dx = dy for y > 0, else slope dy; y is the output, which has the input's sign for slope >= 0. Reads y and dy,
/// writes dx.
template <class T>
void leaky_relu_gradient(const Team& team, Index size, const T* y, const T* dy, T slope, T* dx) {
  transform(team, size, y, dy, dx, [slope]<Index Lanes>(Vector<T, Lanes> output, Vector<T, Lanes> gradient) {
    return output > 0 ? gradient : gradient * slope;
  });
}

/// result = values. Reads the values, writes the result.
template <class T>
void copy(const Team& team, Index size, const T* values, T* result) {
  team.for_parts(size,
                 [&](Range range, Index) { std::copy_n(values + range.begin, range.size(), result + range.begin); });
}

/// result = first + second. Reads both, writes the result.
template <class T>
void add(const Team& team, Index size, const T* first, const T* second, T* result) {
  transform(team, size, first, second, result,
            []<Index Lanes>(Vector<T, Lanes> a, Vector<T, Lanes> b) -> Vector<T, Lanes> { return a + b; });
}

}  // namespace lamina::kernels
