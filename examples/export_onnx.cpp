/// Writes a network of one's own as an ONNX file, with which ONNX Runtime, OpenVINO and others compute.
///
///     export_onnx [FOLDER]
#include <filesystem>
#include <iostream>

#include <lamina/io/model_file.hpp>
#include <lamina/io/onnx_file.hpp>  // needs onnx and protobuf (Debian: libonnx-dev and libprotobuf-dev)
#include <lamina/lamina.hpp>

using namespace lamina;

/// Some of everything: a shortcut, branches side by side, norms of all kinds, a convolution of each channel by itself,
/// flattened images.
using Network =
    Sequential<Image<16, 16, 3>, Conv2d<8, 3, ConvOptions{.stride = 2, .bias = false}>, BatchNorm, LeakyReLU,  //
               Residual<Conv2d<8, 3>, ReLU, Conv2d<8, 3>>, SiLU,                                               //
               Concat<Identity, Sequential<Conv2d<4, 1>, GELU>>, BatchNorm, MaxPool<2>,                        //
               GroupNorm<3>, ChannelLayerNorm, BasicBatchNorm<BatchNormOptions{.affine = false}>,              //
               Conv2d<12, 3, ConvOptions{.groups = 12}>, Tanh, AvgPool<2>, Flatten, Linear<16>, HardSwish, Linear<16>,
               ReLU6, Linear<16>, HardSigmoid, Linear<16>, Softmax, Linear<5>>;

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  const std::filesystem::path path = folder / "lamina_export.onnx";

  // A model with other norms than those at the start, as training leaves them.
  Model<Network> model(3);
  RandomStream random(4, RandomPurpose::test);
  for (float& value : model.parameters()) value += static_cast<float>(random.uniform(-0.1, 0.1));
  for (float& value : model.statistics()) value += static_cast<float>(random.uniform(-0.25, 0.25));
  save_onnx(path, model);
  std::cout << path.filename().string() << ": " << std::filesystem::file_size(path) << " bytes\n";

  // What the other program must compute. It takes images as (batch, channel, row, column), Lamina as (batch, row,
  // column, channel); both take them normalised.
  if (argc <= 1) return 0;
  Tensor<float> images(2, Network::input_shape);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<float>(random.normal());
  InferenceWorkspace<Network> workspace(2, Team{});
  const TensorView<const float> logits = model.infer(workspace, images.view());
  TensorFile run;
  run.add<float>("images", {2, 16, 16, 3}, {images.data(), static_cast<std::size_t>(images.size())});
  run.add<float>("logits", {2, 5}, {logits.data, static_cast<std::size_t>(logits.size())});
  write_safetensors(folder / "lamina_export.safetensors", run);
}
