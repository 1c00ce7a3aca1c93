// Prints the bits that training and inference leave. Built with and without PRECOMPILED.
#include <cstdint>
#include <iostream>
#include <vector>

#include <lamina/lamina.hpp>
#ifdef PRECOMPILED
#include <lamina/models/vgg_precompiled.hpp>
#endif

using namespace lamina;

namespace {

/// FNV-1a.
std::uint64_t hash(const float* values, Index count) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(values);
  std::uint64_t result = 14695981039346656037U;
  for (Index i = 0; i < count * static_cast<Index>(sizeof(float)); ++i) result = (result ^ bytes[i]) * 1099511628211U;
  return result;
}

template <class Network>
void print_bits() {
  constexpr Index batch = 3;
  Tensor<float> images(batch, Network::input_shape);
  RandomStream random(1, RandomPurpose::test);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<float>(random.normal());

  Model<Network> model(1);
  TrainingStep step(model, Adam<float>(Network::parameter_count), batch, Team(2));
  for (int i = 0; i < 2; ++i) step(images.view(), std::vector<Label>{0, 1, 2}, 1e-3);
  FrozenWorkspace<Network> workspace(batch, Team(2));
  const auto output = freeze(model).infer(workspace, images.view());
  std::cout << std::hex << hash(model.parameters().data(), Network::parameter_count) << " "
            << hash(output.data, output.size()) << "\n";
}

}  // namespace

int main() {
  print_bits<Vgg08>();
  print_bits<Vgg38BnRc>();
}
