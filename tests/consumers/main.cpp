#include <lamina/lamina.hpp>

int main() {
  const lamina::Tensor<float> image(1, {32, 32, 3});
  return image.size() == 32 * 32 * 3 ? 0 : 1;
}
