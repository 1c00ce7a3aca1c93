/// The definitions that cifar_precompiled.hpp promises, of LeNet-5 and the depthwise separable network.
#include <lamina/core/instruction_set.hpp>
#include <lamina/models/cifar_precompiled.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

template Engine<float> training_engine<CifarLeNet5, float, Fusion::full>();
template Engine<float> inference_engine<CifarLeNet5, float, Fusion::full>();
template Engine<float> training_engine<CifarSeparableNet, float, Fusion::full>();
template Engine<float> inference_engine<CifarSeparableNet, float, Fusion::full>();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
