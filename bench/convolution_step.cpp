/// Times Lamina's 3x3 convolution, forward and backward, at the three image sizes of a VGG network, a line of JSON
/// each:
///
///     OMP_NUM_THREADS=2 convolution_step [STEPS]
///
/// One kernel forms the gradients of the data and of the weights; without those of the data it is also measured, but it
/// always forms those of the weights.
#include "convolution_case.hpp"
#include "convolution_report.hpp"

int main(int argc, char** argv) {
  using namespace lamina::bench;
  return run_convolutions("convolution_step", argc, argv, [](lamina::Index side, int steps) {
    ConvolutionCase<Winograd, kChannels> convolution(side, lamina::Team{});
    const auto time = [&](const char* pass, const auto& step) {
      report("lamina", pass, side, time_steps(steps, step));
    };
    time("forward", [&] { convolution.forward(); });
    time("backward", [&] { convolution.backward(); });
    time("backward_weights", [&] { convolution.backward_weights(); });
  });
}
