#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lamina/io/model_tensors.hpp>

#include "../catch.hpp"
#include "small_network.hpp"

using namespace lamina;

namespace {

template <class T = float>
TensorFile file_of(const Model<SmallNetwork, T>& model, const std::string& prefix = {}) {
  TensorFile file("some.safetensors");
  add_model(file, model, prefix);
  return file;
}

/// A file of counted_model() in which each tensor became what change() made of it; none where that has no name.
TensorFile changed_file(const auto& change) {
  const TensorFile original = file_of(counted_model());
  TensorFile file("some.safetensors");
  for (StoredTensor tensor : original.tensors()) {
    change(tensor);
    if (!tensor.name.empty()) file.add(std::move(tensor));
  }
  return file;
}

/// What reading says against a file, having left the model as it was.
std::string refusal(const TensorFile& file) {
  Model<SmallNetwork> model(1);
  const Model<SmallNetwork> before = model;
  try {
    read_whole_model(file, model);
    return {};
  } catch (const FileError& error) {
    CHECK(same_values(model, before));
    return error.what();
  }
}

/// A layer of a kind and an order of its own, as a user may write it.
struct OwnConvolution : KeepsShape {
  static constexpr std::string_view kind = "own_convolution";
  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr std::array parameters{
        Segment{.name = "weight", .dims = {2, 1, 3, 2}, .rank = 4, .file_axes = {3, 2, 0, 1}},
        Segment{.name = "gain", .dims = {2, 3}, .rank = 2}};
    template <class T>
    static void forward(const Forward<T>&) {}
    template <class T>
    static void backward(const Backward<T>&) {}
  };
};

/// One that is called as a layer of the library is, and is in its own order.
struct Conv : OwnConvolution {
  static constexpr std::string_view kind = "conv";
  template <Shape Input>
  struct Bound : OwnConvolution::Bound<Input> {
    static constexpr std::array parameters{Segment{.name = "weight", .dims = {2, 1, 3, 2}, .rank = 4}};
  };
};

/// The first tensor of a file as a model with parameters 0, 1, ... writes it.
template <class Network>
StoredTensor first_tensor() {
  Model<Network> model;
  std::iota(model.parameters().begin(), model.parameters().end(), 0.0F);
  TensorFile file;
  add_model(file, model);
  return file.tensors().front();
}

std::vector<float> values_of(const StoredTensor& tensor) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

}  // namespace

TEST_CASE("model tensors: a layer says in which order files have its parameters, whatever it is called") {
  const StoredTensor own = first_tensor<Sequential<Image<1, 1, 2>, OwnConvolution>>();
  CHECK(own.dimensions == Dimensions{2, 3, 2, 1});
  CHECK(values_of(own) == std::vector<float>{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11});
  const StoredTensor as_it_is = first_tensor<Sequential<Image<1, 1, 2>, Conv>>();
  CHECK(as_it_is.dimensions == Dimensions{2, 1, 3, 2});
  CHECK(values_of(as_it_is) == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

TEST_CASE("model tensors: a model reads back bit for bit, also behind a prefix and in double") {
  const auto check = []<class T>(const Model<SmallNetwork, T>& model, const std::string& prefix) {
    Model<SmallNetwork, T> read;
    read_model(file_of(model, prefix), read, prefix);
    CHECK(same_values(read, model));
  };
  check(counted_model(), "");
  check(Model<SmallNetwork>(3), "best.");
  check(counted_model<double>(), "best.");
}

TEST_CASE("model tensors: names, dimensions and order are those of PyTorch's state_dict") {
  std::vector<std::pair<std::string, Dimensions>> found;
  const TensorFile file = file_of(counted_model());
  for (const StoredTensor& tensor : file.tensors()) found.emplace_back(tensor.name, tensor.dimensions);
  CHECK(found == std::vector<std::pair<std::string, Dimensions>>{{"0.weight", {2, 3, 2, 2}},
                                                                 {"1.weight", {2}},
                                                                 {"1.bias", {2}},
                                                                 {"2.branch.0.weight", {2, 2, 1, 1}},
                                                                 {"2.branch.0.bias", {2}},
                                                                 {"2.projection.0.weight", {2, 2, 1, 1}},
                                                                 {"2.projection.0.bias", {2}},
                                                                 {"3.weight", {3, 2}},
                                                                 {"3.bias", {3}},
                                                                 {"1.running_mean", {2}},
                                                                 {"1.running_var", {2}}});
}

TEST_CASE("model tensors: weights are stored in PyTorch's order") {
  const TensorFile file = file_of(counted_model());
  // In the model: kernel row, kernel column, input, output. In the file: output, input, kernel row, kernel column.
  std::array<float, 24> convolution{};
  file.read<float>("0.weight", {2, 3, 2, 2}, convolution);
  CHECK(convolution == std::array<float, 24>{0, 6, 12, 18, 2, 8, 14, 20, 4, 10, 16, 22,  //
                                             1, 7, 13, 19, 3, 9, 15, 21, 5, 11, 17, 23});
  // In the model: input, output. In the file: output, input.
  std::array<float, 6> linear{};
  file.read<float>("3.weight", {3, 2}, linear);
  CHECK(linear == std::array<float, 6>{40, 43, 41, 44, 42, 45});
  std::array<float, 2> variance{};
  file.read<float>("1.running_var", {2}, variance);
  CHECK(variance == std::array{102.0F, 103.0F});
}

TEST_CASE("model tensors: a tensor that is missing, another or too many is refused, and the model is as before") {
  CHECK(refusal(changed_file([](StoredTensor&) {})).empty());
  CHECK(refusal(changed_file([](StoredTensor& tensor) {
          if (tensor.name == "1.running_var") tensor.name.clear();
        })) == "some.safetensors: tensor '1.running_var' is missing");
  CHECK(refusal(changed_file([](StoredTensor& tensor) {
          if (tensor.name == "0.weight") tensor.dimensions = {2, 2, 3, 2};
        })) == "some.safetensors: tensor '0.weight': expected 2x3x2x2, found 2x2x3x2");
  CHECK(refusal(changed_file([](StoredTensor& tensor) {
          if (tensor.name == "3.bias") tensor.type = "I32";
        })) == "some.safetensors: tensor '3.bias': expected F64, F32, F16 or BF16, found I32");
  CHECK(refusal(changed_file([](StoredTensor& tensor) {
          if (tensor.name == "3.bias") tensor.name = "4.bias";
        })) == "some.safetensors: the network has no tensor '4.bias'; tensor '3.bias' is missing");
}

TEST_CASE("model tensors: PyTorch's counters of batches are passed over, beside a batch norm alone") {
  TensorFile file = file_of(counted_model());
  file.add<std::int64_t>("1.num_batches_tracked", {}, std::array<std::int64_t, 1>{7});
  CHECK(refusal(file).empty());
  file.add<std::int64_t>("3.num_batches_tracked", {}, std::array<std::int64_t, 1>{7});
  CHECK(refusal(file) == "some.safetensors: the network has no tensor '3.num_batches_tracked'");
}

TEST_CASE("model tensors: a part of a file is read whatever else is in there") {
  TensorFile file = file_of(counted_model(), "best.");
  file.add<float>("moments", {1}, std::array{1.0F});
  Model<SmallNetwork> model(1);
  read_model(file, model, "best.");
  CHECK(same_values(model, counted_model()));
}

namespace {

/// A file of counted_model(), each tensor with values of so many bytes that encode() makes of a number.
TensorFile encoded_file(const std::string& type, std::size_t size, std::uint64_t (*encode)(float)) {
  return changed_file([&](StoredTensor& tensor) {
    std::vector<std::byte> bytes;
    for (const float value : values_of(tensor)) {
      const std::uint64_t bits = encode(value);
      const auto* const first = reinterpret_cast<const std::byte*>(&bits);
      bytes.insert(bytes.end(), first, first + size);
    }
    tensor.type = type;
    tensor.bytes = bytes;
  });
}

/// binary16 of a whole number from 1 to 2048, and of 0.
std::uint64_t half_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return value == 0 ? 0 : ((bits >> 23U) - 127U + 15U) << 10U | (bits >> 13U & 0x3FFU);
}

}  // namespace

TEST_CASE("model tensors: a model of another floating-point type is converted") {
  const TensorFile half = encoded_file("F16", 2, half_of);
  const TensorFile bfloat = encoded_file("BF16", 2, [](float value) -> std::uint64_t {
    return std::bit_cast<std::uint32_t>(value) >> 16U;  // whole numbers up to 256 fit
  });
  const TensorFile wide =
      encoded_file("F64", 8, [](float value) { return std::bit_cast<std::uint64_t>(double{value}); });
  for (const TensorFile* file : {&half, &bfloat, &wide}) {
    INFO(file->tensors().front().type);
    Model<SmallNetwork> model(1);
    read_whole_model(*file, model);
    CHECK(same_values(model, counted_model()));
    Model<SmallNetwork, double> in_double(1);
    read_whole_model(*file, in_double);
    CHECK(same_values(in_double, counted_model<double>()));
  }
}

TEST_CASE(
    "model tensors: a number that float cannot hold is refused, and a model that is to go on takes its own type") {
  const TensorFile huge = encoded_file("F64", 8, [](float) { return std::bit_cast<std::uint64_t>(1e300); });
  CHECK(refusal(huge) == "some.safetensors: tensor '0.weight': value 0 is too large for F32");
  Model<SmallNetwork, double> model;
  CHECK_THROWS_WITH(read_model(file_of(counted_model()), model),
                    "some.safetensors: tensor '0.weight': expected F64, found F32");
}

TEST_CASE("model tensors: a prefix of all names can be stripped, and a file that needs it says so") {
  const TensorFile file = file_of(counted_model(), "module.");
  Model<SmallNetwork> model(1);
  read_whole_model(file, model, {.prefix = "module."});
  CHECK(same_values(model, counted_model()));
  CHECK(refusal(file) ==
        "some.safetensors: the network has no tensor 'module.0.weight'; it has one behind the prefix 'module.' "
        "(LoadOptions::prefix)");
  TensorFile mixed = file;
  mixed.add<float>("other.bias", {1}, std::array{1.0F});
  CHECK_THROWS_WITH(read_whole_model(mixed, model, {.prefix = "module."}),
                    "some.safetensors: tensor 'other.bias' does not begin with the prefix 'module.'");
}
