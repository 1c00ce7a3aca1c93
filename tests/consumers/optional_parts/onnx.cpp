#include <lamina/io/onnx_file.hpp>
#include <lamina/lamina.hpp>

using namespace lamina;
using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU, GlobalAvgPool, Linear<10>>;

int main() { return to_onnx(Model<Network>(1)).graph().node_size() > 0 ? 0 : 1; }
