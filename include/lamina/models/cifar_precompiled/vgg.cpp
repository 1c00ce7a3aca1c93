/// The definitions that cifar_precompiled.hpp promises, of the VGG networks.
#include <lamina/core/instruction_set.hpp>
#include <lamina/models/cifar_precompiled.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

template Engine<float> training_engine<Vgg08, float, Fusion::full>();
template Engine<float> inference_engine<Vgg08, float, Fusion::full>();
template Engine<float> training_engine<Vgg38, float, Fusion::full>();
template Engine<float> inference_engine<Vgg38, float, Fusion::full>();
template Engine<float> training_engine<Vgg38Bn, float, Fusion::full>();
template Engine<float> inference_engine<Vgg38Bn, float, Fusion::full>();
template Engine<float> training_engine<Vgg38Rc, float, Fusion::full>();
template Engine<float> inference_engine<Vgg38Rc, float, Fusion::full>();
template Engine<float> training_engine<Vgg38BnRc, float, Fusion::full>();
template Engine<float> inference_engine<Vgg38BnRc, float, Fusion::full>();
template Engine<float> training_engine<Vgg38BnRcPreact, float, Fusion::full>();
template Engine<float> inference_engine<Vgg38BnRcPreact, float, Fusion::full>();
template Engine<float> training_engine<Vgg56BnRc, float, Fusion::full>();
template Engine<float> inference_engine<Vgg56BnRc, float, Fusion::full>();
template Engine<float> training_engine<Vgg110BnRc, float, Fusion::full>();
template Engine<float> inference_engine<Vgg110BnRc, float, Fusion::full>();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
