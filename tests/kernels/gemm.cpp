#include <lamina/kernels/gemm.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using test::random_buffer;

namespace {

constexpr Index kRows[] = {0, 1, 3, 4, 5, 6, 7, 12, 13, 29};
constexpr double kUntouched = -77;

/// Calls check(constant) for each of the sizes.
template <Index... Sizes, class Check>
void for_sizes(const Check& check) {
  (check(std::integral_constant<Index, Sizes>{}), ...);
}

template <class T, Index Depth, Index Columns>
struct Packed {
  Buffer<T> plain = random_buffer<T>(Depth * Columns, 1);
  Buffer<T> packed = Buffer<T>(kernels::packed_size<T, Depth, Columns>);
  Packed() { kernels::pack_panels<T, Depth, Columns>(plain.data(), Columns, 1, packed.data()); }
};

/// C = A B + bias against the plain loops; what lies between and behind C's rows stays as it was.
template <class T, Index Depth, Index Columns, Index AStride, Index CStride>
void check_product(Index rows) {
  const Packed<T, Depth, Columns> b;
  const auto a = random_buffer<T>(rows * AStride + Depth, 2);
  auto bias = random_buffer<T>(kernels::Tiling<T, Columns>::padded, 3);
  Buffer<T> c((rows + 1) * CStride);
  c.fill(static_cast<T>(kUntouched));
  kernels::product<T, Depth, Columns, AStride, CStride>(rows, a.data(), b.packed.data(), bias.data(), c.data());
  for (Index row = 0; row <= rows; ++row) {
    for (Index n = 0; n < CStride; ++n) {
      if (row == rows || n >= Columns) {
        REQUIRE(c[row * CStride + n] == static_cast<T>(kUntouched));
        continue;
      }
      test::Sum sum;
      sum.add(bias[n]);
      for (Index k = 0; k < Depth; ++k) sum.add(a[row * AStride + k], b.plain[k * Columns + n]);
      CAPTURE(Depth, Columns, rows, row, n);
      REQUIRE(sum.agrees(c[row * CStride + n]));
    }
  }
}

/// C += A^T B against the plain loops.
template <class T, Index Rows, Index Columns>
void check_outer_products(Index depth) {
  constexpr Index padded = kernels::Tiling<T, Columns>::padded;
  const auto a = random_buffer<T>(depth * Rows + Rows, 1);
  const auto b = random_buffer<T>(depth * Columns + Columns, 2);
  const auto before = random_buffer<T>(Rows * padded, 3);
  Buffer<T> b_padded(depth * padded + padded);
  kernels::pad_rows<T, Columns>(depth, b.data(), b_padded.data());
  Buffer<T> c = before;
  kernels::add_outer_products<T, Rows, Columns>(depth, a.data(), b_padded.data(), c.data());
  for (Index row = 0; row < Rows; ++row) {
    for (Index n = 0; n < Columns; ++n) {
      test::Sum sum;
      sum.add(before[row * padded + n]);
      for (Index k = 0; k < depth; ++k) sum.add(a[k * Rows + row], b[k * Columns + n]);
      CAPTURE(Rows, Columns, depth, row, n);
      REQUIRE(sum.agrees(c[row * padded + n]));
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("gemm: the product is the plain loops' for every width", "", float, double) {
  for (const Index rows : kRows) {
    for_sizes<1, 2, 3, 5, 7, 8, 10, 12, 16, 24, 32, 40, 100>(
        [&]<Index Columns>(std::integral_constant<Index, Columns>) {
          check_product<TestType, 7, Columns, 7, Columns>(rows);
        });
  }
}

TEMPLATE_TEST_CASE("gemm: the product is the plain loops' for every depth", "", float, double) {
  for (const Index rows : kRows) {
    for_sizes<1, 2, 27, 288>([&]<Index Depth>(std::integral_constant<Index, Depth>) {
      check_product<TestType, Depth, 8, Depth, 8>(rows);
      check_product<TestType, Depth, 5, Depth, 5>(rows);
    });
  }
}

TEMPLATE_TEST_CASE("gemm: rows may lie apart", "", float, double) {
  for (const Index rows : kRows) {
    check_product<TestType, 9, 8, 13, 11>(rows);
    check_product<TestType, 9, 5, 9, 32>(rows);
  }
}

TEST_CASE("gemm: a product without bias begins with zero") {
  const Packed<float, 3, 5> b;
  const auto a = random_buffer<float>(4 * 3, 2);
  Buffer<float> zeros(kernels::Tiling<float, 5>::padded);
  Buffer<float> with(4 * 5);
  Buffer<float> without(4 * 5);
  kernels::product<float, 3, 5>(4, a.data(), b.packed.data(), zeros.data(), with.data());
  kernels::product<float, 3, 5>(4, a.data(), b.packed.data(), nullptr, without.data());
  CHECK(std::equal(with.begin(), with.end(), without.begin()));
}

TEMPLATE_TEST_CASE("gemm: packing can transpose", "", float, double) {
  // The transpose of a 6 x 11 matrix, read where it lies, and written out.
  const auto matrix = random_buffer<TestType>(6 * 11, 1);
  Buffer<TestType> transposed(11 * 6);
  for (Index i = 0; i < 6; ++i) {
    for (Index j = 0; j < 11; ++j) transposed[j * 6 + i] = matrix[i * 11 + j];
  }
  Buffer<TestType> packed(kernels::packed_size<TestType, 11, 6>);
  Buffer<TestType> expected(packed.size());
  kernels::pack_panels<TestType, 11, 6>(matrix.data(), 1, 11, packed.data());
  kernels::pack_panels<TestType, 11, 6>(transposed.data(), 6, 1, expected.data());
  CHECK(std::equal(packed.begin(), packed.end(), expected.begin()));
}

TEMPLATE_TEST_CASE("gemm: outer products are the plain loops' for every size", "", float, double) {
  for (const Index depth : {0, 1, 2, 17, 100}) {
    for_sizes<1, 3, 4, 5, 8, 12, 27, 32>([&]<Index Rows>(std::integral_constant<Index, Rows>) {
      check_outer_products<TestType, Rows, 8>(depth);
      check_outer_products<TestType, Rows, 5>(depth);
    });
    for_sizes<1, 3, 10, 16, 24, 40, 100>([&]<Index Columns>(std::integral_constant<Index, Columns>) {
      check_outer_products<TestType, 7, Columns>(depth);
    });
  }
}

TEST_CASE("gemm: before_tile is called before each of product_tiles' tiles") {
  for_sizes<1, 8, 16, 24, 32, 40, 100>([](auto columns) {
    constexpr Index Depth = 8;
    const Packed<float, Depth, columns> b;
    for (const Index rows : kRows) {
      const auto a = random_buffer<float>((rows + 1) * Depth, 2);
      Buffer<float> c((rows + 1) * columns);
      Index calls = 0;
      kernels::product<float, Depth, columns>(rows, a.data(), b.packed.data(), nullptr, c.data(), [&] { ++calls; });
      CAPTURE(columns(), rows);
      CHECK(calls == kernels::product_tiles<float, columns>(rows));
    }
    const auto a = random_buffer<float>(Depth * Depth, 2);
    Buffer<float> padded(Depth * kernels::Tiling<float, columns>::padded);
    Buffer<float> c = padded;
    Index calls = 0;
    kernels::add_outer_products<float, Depth, columns>(Depth, a.data(), padded.data(), c.data(), [&] { ++calls; });
    CHECK(calls == kernels::product_tiles<float, columns>(Depth));
  });
}
