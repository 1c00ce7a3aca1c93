#include <array>
#include <cstdint>
#include <vector>

#include <lamina/io/tensor_file.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

TensorFile file_of_one() {
  TensorFile file("weights.safetensors");
  file.add<float>("weight", {2, 3}, std::array{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F});
  return file;
}

template <class T>
std::vector<T> read(const TensorFile& file, const std::string& name, const Dimensions& dimensions) {
  std::vector<T> values(6, T{7});
  file.read<T>(name, dimensions, values);
  return values;
}

}  // namespace

TEST_CASE("tensor file: a tensor reads back as it was added") {
  CHECK(read<float>(file_of_one(), "weight", {2, 3}) == std::vector{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F});
}

TEST_CASE("tensor file: a tensor that is missing or another is refused with the file, its name and what was expected") {
  const TensorFile file = file_of_one();
  CHECK_THROWS_WITH(read<float>(file, "bias", {6}), "weights.safetensors: tensor 'bias' is missing");
  CHECK_THROWS_WITH(read<double>(file, "weight", {2, 3}),
                    "weights.safetensors: tensor 'weight': expected F64, found F32");
  CHECK_THROWS_WITH(read<float>(file, "weight", {3, 2}),
                    "weights.safetensors: tensor 'weight': expected 3x2, found 2x3");
  CHECK_THROWS_WITH(read<float>(file, "weight", {}),
                    "weights.safetensors: tensor 'weight': expected a single value, found 2x3");
  std::vector<float> too_few(5);
  CHECK_THROWS_WITH(file.read<float>("weight", {2, 3}, too_few),
                    ContainsSubstring("expected 5 values, found 6 values"));
}

TEST_CASE("tensor file: a tensor whose name is taken, or that is none, is not added") {
  TensorFile file = file_of_one();
  const std::array<float, 2> two{};
  CHECK_THROWS_WITH(file.add<float>("weight", {2}, two), "weights.safetensors: there are two tensors 'weight'");
  CHECK_THROWS_WITH(file.add<float>("bias", {3}, two),
                    "weights.safetensors: tensor 'bias': 8 bytes do not make 3 of type F32");
  CHECK_THROWS_AS(file.add<float>("bias", {-1, -2}, two), FileError);
  CHECK_THROWS_AS(file.add<float>("bias", {Index{1} << 62, 4}, {}), FileError);
  CHECK_THROWS_WITH(file.add({"bias", "F31", {0}, {}}),
                    "weights.safetensors: tensor 'bias': its type 'F31' is unknown");
  CHECK(file.tensors().size() == 1);
}
