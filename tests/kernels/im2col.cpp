#include <vector>

#include <lamina/kernels/im2col.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using kernels::Window;
using kernels::WindowGeometry;
using test::random_buffer;

namespace {

constexpr WindowGeometry geometry_of(const Window& window, Shape input) {
  return {window, input, {window.positions(input.height), window.positions(input.width), 1}};
}

}  // namespace

TEST_CASE("window: its positions are those that fit into the padded image") {
  for (Index kernel = 1; kernel <= 5; ++kernel)
    for (Index stride = 1; stride <= 3; ++stride)
      for (Index padding = 0; padding <= 3; ++padding)
        for (Index dilation = 1; dilation <= 3; ++dilation)
          for (Index size = 1; size <= 9; ++size) {
            const Window window{kernel, stride, padding, dilation};
            Index fitting = 0;
            for (Index first = 0; first + dilation * (kernel - 1) < size + 2 * padding; first += stride) ++fitting;
            CAPTURE(kernel, stride, padding, dilation, size);
            REQUIRE(window.positions(size) == fitting);
          }
}

TEST_CASE("im2col: a patch holds the pixels under the window, row by row, and zeros for the padding") {
  // 1 2 3
  // 4 5 6    two channels: the second is 100 more
  Buffer<float> image(2 * 3 * 2);
  for (Index i = 0; i < 6; ++i) {
    image[2 * i] = static_cast<float>(i + 1);
    image[2 * i + 1] = static_cast<float>(i + 101);
  }
  const auto geometry = geometry_of({.kernel = 2, .padding = 1}, {2, 3, 2});
  std::vector<float> patches(2 * 8);
  kernels::im2col<float, 2, 2>(geometry, image.data(), {4, 6}, patches.data());  // second row of windows, columns 0, 1
  CHECK(patches == std::vector<float>{0, 0, 1, 101, 0, 0, 4, 104, 1, 101, 2, 102, 4, 104, 5, 105});
}

TEST_CASE("im2col: stride moves the window, dilation spreads it, along rows and columns") {
  // Pixel (y, x) of a 5 x 7 image holds 10 y + x.
  Buffer<float> image(5 * 7);
  for (Index i = 0; i < image.size(); ++i) image[i] = static_cast<float>(10 * (i / 7) + i % 7);
  const auto geometry = geometry_of({.kernel = 2, .stride = 2, .dilation = 3}, {5, 7, 1});
  CHECK(geometry.output == Shape{1, 2, 1});
  std::vector<float> patches(2 * 4);
  kernels::im2col<float, 1, 2>(geometry, image.data(), {0, 2}, patches.data());
  CHECK(patches == std::vector<float>{0, 3, 30, 33, 2, 5, 32, 35});
}

TEST_CASE("im2col: col2im is its transpose") {
  // <im2col(x), p> = <x, col2im(p)> for every x and p.
  const Window window = GENERATE(Window{3, 1, 1, 1}, Window{3, 2, 1, 1}, Window{3, 1, 2, 2}, Window{3, 3, 0, 2});
  const auto geometry = geometry_of(window, {8, 7, 3});
  const Index pixels = geometry.output.pixels();
  const auto image = random_buffer<double>(geometry.input.size(), 1);
  const auto other = random_buffer<double>(pixels * 27, 2);
  Buffer<double> patches(pixels * 27);
  Buffer<double> back(geometry.input.size());
  kernels::im2col<double, 3, 3>(geometry, image.data(), {0, pixels}, patches.data());
  kernels::add_col2im<double, 3, 3>(geometry, other.data(), {0, pixels}, back.data());
  test::Sum forward;
  test::Sum backward;
  for (Index i = 0; i < patches.size(); ++i) forward.add(patches[i], other[i]);
  for (Index i = 0; i < image.size(); ++i) backward.add(image[i], back[i]);
  CHECK(std::abs(forward.value - backward.value) <= 2 * forward.tolerance<double>());
}

TEST_CASE("im2col: col2im adds to what is there") {
  const auto geometry = geometry_of({.kernel = 1}, {2, 2, 1});
  const std::vector<float> patches{1, 2, 3, 4};
  std::vector<float> image{10, 20, 30, 40};
  kernels::add_col2im<float, 1, 1>(geometry, patches.data() + 1, {1, 3}, image.data());
  CHECK(image == std::vector<float>{10, 22, 33, 40});
}
