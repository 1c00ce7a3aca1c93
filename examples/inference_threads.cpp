/// Serves one model from several threads. Inference does not change a model, so the threads share it; what they write,
/// each writes into a workspace of its own.
#include <iostream>
#include <thread>
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

using Network = Sequential<Image<32, 32, 3>, Conv2d<16, 3, ConvOptions{.stride = 2}>, BatchNorm, ReLU,  //
                           GlobalAvgPool, Linear<20>>;

int main() {
  const Dataset images = procedural_cifar100({.train = 400, .test = 1}, Cifar100Labels::coarse).train;
  const Classifier<Network> classifier{.normalization = measure_normalization(images, all_images(images))};
  const auto count = static_cast<std::size_t>(images.size());

  // A server's threads take requests one by one: each thread n of four answers images n, n + 4, n + 8, ... Their teams
  // are of one thread, because there are as many threads already as there are processors. No locks are needed.
  constexpr std::size_t kThreads = 4;
  std::vector<Label> answers(count);
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < kThreads; ++n) {
    threads.emplace_back([&, n] {
      InferenceWorkspace<Network> workspace(1, Team(1));
      for (std::size_t i = n; i < count; i += kThreads) {
        answers[i] = predict(classifier, workspace, images.image(static_cast<Index>(i)), 1).best().label;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  // The same answers, one after the other.
  InferenceWorkspace<Network> workspace(1, Team(1));
  std::size_t same = 0;
  for (std::size_t i = 0; i < count; ++i) {
    same += predict(classifier, workspace, images.image(static_cast<Index>(i)), 1).best().label == answers[i] ? 1 : 0;
  }
  std::cout << same << " of " << count << " answers are those of a single thread\n";
}
