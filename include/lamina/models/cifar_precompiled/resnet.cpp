/// The definitions that cifar_precompiled.hpp promises, of the residual networks.
#include <lamina/core/instruction_set.hpp>
#include <lamina/models/cifar_precompiled.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

template Engine<float> training_engine<ResNet20, float, Fusion::full>();
template Engine<float> inference_engine<ResNet20, float, Fusion::full>();
template Engine<float> training_engine<ResNet32, float, Fusion::full>();
template Engine<float> inference_engine<ResNet32, float, Fusion::full>();
template Engine<float> training_engine<ResNet56, float, Fusion::full>();
template Engine<float> inference_engine<ResNet56, float, Fusion::full>();
template Engine<float> training_engine<ResNet110, float, Fusion::full>();
template Engine<float> inference_engine<ResNet110, float, Fusion::full>();
template Engine<float> training_engine<SEResNet20, float, Fusion::full>();
template Engine<float> inference_engine<SEResNet20, float, Fusion::full>();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
