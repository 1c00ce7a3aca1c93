/// The definitions that cifar_precompiled.hpp promises, of the dense network.
#include <lamina/core/instruction_set.hpp>
#include <lamina/models/cifar_precompiled.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

template Engine<float> training_engine<DenseNetBC40x12, float, Fusion::full>();
template Engine<float> inference_engine<DenseNetBC40x12, float, Fusion::full>();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
