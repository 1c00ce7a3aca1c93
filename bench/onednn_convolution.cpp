/// Times oneDNN's 3x3 convolution, forward and backward, at the three image sizes of a VGG network, a line of JSON each,
/// by the direct method and, where oneDNN has it for this processor, by Winograd's:
///
///     OMP_NUM_THREADS=2 onednn_convolution [STEPS]
///
/// oneDNN chooses the memory formats, and everything is brought into them before the clock runs.
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>

#include "convolution_report.hpp"
#include "random_data.hpp"

namespace {

using namespace lamina::bench;
using dnnl::memory;

constexpr auto kFloat = memory::data_type::f32;

/// A 3x3 convolution with padding 1 on random data.
class Convolution {
 public:
  /// @throws dnnl::error  where there is no such algorithm
  Convolution(dnnl::algorithm algorithm, lamina::Index side)
      : algorithm_(algorithm),
        images_({kBatch, kChannels, side, side}, kFloat, memory::format_tag::any),
        weights_({kChannels, kChannels, 3, 3}, kFloat, memory::format_tag::any),
        forward_({dnnl::prop_kind::forward_training, algorithm, images_, weights_, images_, kOnes, kOnes, kOnes},
                 engine_) {}

  std::vector<double> time_forward(int steps) const {
    return time(steps, dnnl::convolution_forward(forward_),
                {{DNNL_ARG_SRC, random(forward_.src_desc())},
                 {DNNL_ARG_WEIGHTS, random(forward_.weights_desc())},
                 {DNNL_ARG_DST, memory(forward_.dst_desc(), engine_)}});
  }

  std::vector<double> time_backward_data(int steps) const {
    using Backward = dnnl::convolution_backward_data;
    const Backward::primitive_desc backward({algorithm_, images_, weights_, images_, kOnes, kOnes, kOnes}, engine_,
                                            forward_);
    return time(steps, Backward(backward),
                {{DNNL_ARG_DIFF_DST, random(backward.diff_dst_desc())},
                 {DNNL_ARG_WEIGHTS, random(backward.weights_desc())},
                 {DNNL_ARG_DIFF_SRC, memory(backward.diff_src_desc(), engine_)}});
  }

  std::vector<double> time_backward_weights(int steps) const {
    using Backward = dnnl::convolution_backward_weights;
    const Backward::primitive_desc backward({algorithm_, images_, weights_, images_, kOnes, kOnes, kOnes}, engine_,
                                            forward_);
    return time(steps, Backward(backward),
                {{DNNL_ARG_SRC, random(backward.src_desc())},
                 {DNNL_ARG_DIFF_DST, random(backward.diff_dst_desc())},
                 {DNNL_ARG_DIFF_WEIGHTS, memory(backward.diff_weights_desc(), engine_)}});
  }

 private:
  using Arguments = std::unordered_map<int, memory>;

  std::vector<double> time(int steps, const dnnl::primitive& primitive, const Arguments& arguments) const {
    dnnl::stream stream(engine_);
    return time_steps(steps, [&] {
      primitive.execute(stream, arguments);
      stream.wait();
    });
  }

  /// Random values in the format that oneDNN chose.
  memory random(const memory::desc& format) const {
    lamina::Buffer<float> values = random_values(static_cast<lamina::Index>(format.get_size() / sizeof(float)), 0);
    memory plain({format.dims(), kFloat, memory::format_tag::abcd}, engine_, values.data());
    memory result(format, engine_);
    dnnl::stream stream(engine_);
    dnnl::reorder(plain, result).execute(stream, plain, result);
    stream.wait();
    return result;
  }

  /// Stride and padding.
  inline static const memory::dims kOnes{1, 1};

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::algorithm algorithm_;
  memory::desc images_;
  memory::desc weights_;
  dnnl::convolution_forward::primitive_desc forward_;
};

/// Reports the passes that oneDNN has by an algorithm.
void measure(const std::string& name, dnnl::algorithm algorithm, lamina::Index side, int steps) {
  const auto pass = [&](const char* what, std::vector<double> (Convolution::*time)(int) const) {
    try {
      report(name, what, side, (Convolution(algorithm, side).*time)(steps));
    } catch (const dnnl::error& error) {
      if (error.status != dnnl_unimplemented) throw;
    }
  };
  pass("forward", &Convolution::time_forward);
  pass("backward_data", &Convolution::time_backward_data);
  pass("backward_weights", &Convolution::time_backward_weights);
}

}  // namespace

int main(int argc, char** argv) {
  return run_convolutions("onednn_convolution", argc, argv, [](lamina::Index side, int steps) {
    measure("onednn", dnnl::algorithm::convolution_direct, side, steps);
    measure("onednn, Winograd", dnnl::algorithm::convolution_winograd, side, steps);
  });
}
