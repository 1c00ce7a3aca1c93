#include <array>
#include <string>
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

}  // namespace

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
        })) == "some.safetensors: tensor '3.bias': expected F32, found I32");
  CHECK(refusal(changed_file([](StoredTensor& tensor) {
          if (tensor.name == "3.bias") tensor.name = "4.bias";
        })) == "some.safetensors: the network has no tensor '4.bias'");
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
