// expect: TensorView<const float>
// expect: TensorView<float>
#include <lamina/core/tensor.hpp>

lamina::TensorView<float> drop_const(lamina::TensorView<const float> view) { return view; }
