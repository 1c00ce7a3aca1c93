/// Times a training step of VGG08 or VGG38 BN+RC in dlib on random images, and prints the line of JSON that bench_step
/// prints for Lamina, without GFLOP/s:
///
///     OMP_NUM_THREADS=2 dlib_vgg --model vgg38-bn-rc
///
/// The networks are those of Lamina, less the biases in front of a batch norm, which have no effect. A step is forward,
/// softmax and cross-entropy, backward and Adam. dlib computes convolutions by im2col and the BLAS it is linked with,
/// whose threads are all that it uses; OpenBLAS is a fast one.
#include <cstddef>
#include <cstdint>
#include <dlib/dnn.h>
#include <exception>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include <cxxopts.hpp>
#include <nlohmann/json.hpp>

#include "timing.hpp"

namespace {

// dlib writes networks from the last layer to the first.
template <class Below>
using Convolution = dlib::add_layer<dlib::con_<32, 3, 3, 1, 1, 1, 1>, Below>;
template <class Below>
using Activation = dlib::leaky_relu<Below>;
template <class Below>
using Normalization = dlib::bn_con<Below>;
template <class Below>
using NoNormalization = Below;
template <class Below>
using Pool = dlib::avg_pool<2, 2, 2, 2, Below>;

template <template <class> class Norm, class Below>
using HalfReduction = Activation<Norm<Convolution<Below>>>;
template <template <class> class Norm, class Below>
using Reduction = HalfReduction<Norm, Pool<HalfReduction<Norm, Below>>>;
template <class Below>
using Block =
    Activation<dlib::add_prev1<Normalization<Convolution<Activation<Normalization<Convolution<dlib::tag1<Below>>>>>>>>;
template <class Below>
using Blocks = dlib::repeat<5, Block, Below>;

using Images = dlib::input<dlib::matrix<dlib::rgb_pixel>>;
using Entry = Activation<Normalization<Convolution<Images>>>;
template <class Below>
using Head = dlib::loss_multiclass_log<dlib::fc<100, dlib::avg_pool_everything<Below>>>;

template <class Below>
using PlainStage = Reduction<NoNormalization, Below>;
template <class Below>
using DeepStage = Reduction<Normalization, Blocks<Below>>;

using Vgg08 = Head<PlainStage<PlainStage<PlainStage<Entry>>>>;
using Vgg38BnRc = Head<DeepStage<DeepStage<DeepStage<Entry>>>>;

struct Options {
  std::string model;
  int batch_size = 100;
  int threads = 0;  ///< for the report
  int steps = 10;
};

std::vector<dlib::matrix<dlib::rgb_pixel>> random_images(int count) {
  std::mt19937 random;
  const auto byte = [&random] { return static_cast<std::uint8_t>(random()); };
  std::vector<dlib::matrix<dlib::rgb_pixel>> images(static_cast<std::size_t>(count));
  for (auto& image : images) {
    image.set_size(32, 32);
    for (auto& pixel : image) pixel = {byte(), byte(), byte()};
  }
  return images;
}

struct Measurement {
  std::vector<double> times;  ///< in milliseconds and ascending order
  std::size_t parameters = 0;
};

template <class Network>
Measurement measure(const Options& options) {
  const auto images = random_images(options.batch_size);
  std::vector<unsigned long> labels(images.size());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i % 100;
  Network network;
  dlib::disable_duplicative_biases(network);  // those before a batch norm
  dlib::resizable_tensor input;
  network.to_tensor(images.begin(), images.end(), input);
  std::vector<dlib::adam> solvers(Network::num_computational_layers, dlib::adam(0, 0.9F, 0.999F));
  auto times = lamina::bench::time_steps(options.steps, [&] {
    network.compute_parameter_gradients(input, labels.begin());
    network.update_parameters(solvers, 1e-3);
  });
  return {std::move(times), dlib::count_parameters(network)};
}

/// Of the whole program, in units of 10^6 bytes.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

Options parse_options(int argc, const char* const* argv) {
  cxxopts::Options definition("dlib_vgg", "Times a training step of a VGG network in dlib.");
  definition.add_options()                                                                              //
      ("model", "vgg08 or vgg38-bn-rc", cxxopts::value<std::string>())                                  //
      ("batch-size", "images in a step", cxxopts::value<int>()->default_value("100"))                   //
      ("threads", "OMP_NUM_THREADS decides; only reported", cxxopts::value<int>()->default_value("0"))  //
      ("steps", "steps to measure", cxxopts::value<int>()->default_value("10"))                         //
      ("mode", "train", cxxopts::value<std::string>()->default_value("train"));
  const auto flags = definition.parse(argc, argv);
  const Options options{.model = flags["model"].as<std::string>(),
                        .batch_size = flags["batch-size"].as<int>(),
                        .threads = flags["threads"].as<int>(),
                        .steps = flags["steps"].as<int>()};
  if (options.batch_size < 1 || options.steps < 1) throw std::invalid_argument("batch size and steps must be positive");
  if (flags["mode"].as<std::string>() != "train") throw std::invalid_argument("--mode must be train");
  return options;
}

Measurement measure(const Options& options) {
  if (options.model == "vgg08") return measure<Vgg08>(options);
  if (options.model == "vgg38-bn-rc") return measure<Vgg38BnRc>(options);
  throw std::invalid_argument("--model must be vgg08 or vgg38-bn-rc");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv);
    const auto [times, parameters] = measure(options);
    const double median = lamina::bench::median(times);
    const nlohmann::ordered_json line{
        {"model", options.model},           {"mode", "train"},
        {"batch_size", options.batch_size}, {"threads", options.threads},
        {"parameters", parameters},         {"step_ms_median", median},
        {"step_ms_min", times.front()},     {"images_per_second", options.batch_size / median * 1e3},
        {"peak_rss_mb", peak_memory()}};
    std::cout << line.dump() << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "dlib_vgg: " << error.what() << "\n";
    return 1;
  }
}
