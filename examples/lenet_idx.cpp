/// LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998) on files in the IDX format:
///
///     lenet_idx [FOLDER]
///
/// FOLDER has the four files of MNIST or Fashion-MNIST, unpacked (train-images-idx3-ubyte ...). Without it, the program
/// draws digits itself and writes them to such files first.
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

using LeNet = Sequential<Image<28, 28, 1>, Conv2d<6, 5>, Tanh, AvgPool<2>,            //
                         Conv2d<16, 5, ConvOptions{.padding = 0}>, Tanh, AvgPool<2>,  //
                         Flatten, Linear<120>, Tanh, Linear<84>, Tanh, Linear<10>>;
static_assert(LeNet::parameter_count == 61'706);

using Bytes = std::vector<std::uint8_t>;

/// Appends a digit of seven segments, at a random place of 28x28 pixels with noise.
void draw_digit(std::size_t digit, RandomStream& random, Bytes& images) {
  struct Bar {
    Index y, x, height, width;
  };
  // Top, middle and bottom, then the left and the right of the upper and of the lower half; of each digit, a bit each.
  constexpr std::array<Bar, 7> kBars{
      {{0, 1, 2, 8}, {7, 1, 2, 8}, {14, 1, 2, 8}, {1, 0, 7, 2}, {8, 0, 7, 2}, {1, 8, 7, 2}, {8, 8, 7, 2}}};
  constexpr std::array<unsigned, 10> kLit{0b1111101, 0b1100000, 0b0110111, 0b1100111, 0b1101010,
                                          0b1001111, 0b1011111, 0b1100001, 0b1111111, 0b1101111};
  const std::size_t begin = images.size();
  for (int i = 0; i < 28 * 28; ++i) images.push_back(static_cast<std::uint8_t>(random.below(80)));
  const Index top = random.below(6);
  const Index left = random.below(6);
  for (std::size_t i = 0; i < kBars.size(); ++i) {
    if ((kLit[digit] >> i & 1U) == 0) continue;
    for (Index y = top + kBars[i].y; y < top + kBars[i].y + kBars[i].height; ++y) {
      for (Index x = left + kBars[i].x; x < left + kBars[i].x + kBars[i].width; ++x) {
        images[begin + static_cast<std::size_t>(y * 28 + x)] = 220;
      }
    }
  }
}

/// Writes a magic number and sizes, in four bytes each with the largest first, and then the values.
void write_idx(const std::filesystem::path& path, const std::vector<std::uint32_t>& header, const Bytes& values) {
  std::ofstream out(path, std::ios::binary);
  for (const std::uint32_t number : header) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) out.put(static_cast<char>(number >> shift & 255U));
  }
  out.write(reinterpret_cast<const char*>(values.data()), std::ssize(values));
}

void write_digits(const std::filesystem::path& folder, const std::string& part, std::uint32_t count) {
  RandomStream random(count, RandomPurpose::test);
  Bytes images;
  Bytes labels;
  for (std::uint32_t n = 0; n < count; ++n) {
    labels.push_back(static_cast<std::uint8_t>(n % 10));
    draw_digit(n % 10, random, images);
  }
  write_idx(folder / (part + "-images-idx3-ubyte"), {0x803, count, 28, 28}, images);
  write_idx(folder / (part + "-labels-idx1-ubyte"), {0x801, count}, labels);
}

TrainTestSets read_drawn_digits() {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "lamina_lenet_idx";
  std::filesystem::create_directories(folder);
  write_digits(folder, "train", 3000);
  write_digits(folder, "t10k", 500);
  TrainTestSets digits = read_mnist(folder);
  std::filesystem::remove_all(folder);
  return digits;
}

int main(int argc, char** argv) try {
  const TrainTestSets digits = argc > 1 ? read_mnist(argv[1]) : read_drawn_digits();
  const std::vector<Index> samples = all_images(digits.train);
  const Normalization normalization = measure_normalization(digits.train, samples);
  // No augmentation: a digit is another one, or none, when it is mirrored.
  BatchLoader<float> training(digits.train, samples, normalization, {.batch_size = 50, .augment = false});
  BatchLoader<float> test(digits.test, all_images(digits.test), normalization, LoaderOptions::evaluation());

  Model<LeNet> model;
  TrainingStep step(model, Adam<float>(LeNet::parameter_count), 50, Team{});
  InferenceWorkspace<LeNet> workspace(100, Team{});
  for (int epoch = 1; epoch <= 3; ++epoch) {
    for (Index i = 0; i < training.batches(); ++i) {
      const auto batch = training.next();
      step(batch.images, batch.labels, 2e-3);
    }
    std::cout << "epoch " << epoch << ": test accuracy " << evaluate(model, workspace, test).accuracy << "\n";
  }
} catch (const Error& error) {  // a file that is missing, packed or cut off: one line says which, and what is wrong
  std::cerr << "lenet_idx: " << error.what() << "\n";
  return 1;
}
