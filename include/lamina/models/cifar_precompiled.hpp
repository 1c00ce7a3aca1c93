#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/engine.hpp>
#include <lamina/models/cifar_networks.hpp>

/// @file
/// The engines of all networks of cifar_networks.hpp in float, compiled elsewhere: what includes this file compiles
/// neither their kernels nor their plans, and each family of them is a source file of its own, so that they compile
/// side by side. Link the CMake target Lamina::cifar, or compile the files in cifar_precompiled/ with the flags of the
/// program.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

extern template Engine<float> training_engine<Vgg08, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg08, float, Fusion::full>();
extern template Engine<float> training_engine<Vgg38, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg38, float, Fusion::full>();
extern template Engine<float> training_engine<Vgg38Bn, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg38Bn, float, Fusion::full>();
extern template Engine<float> training_engine<Vgg38Rc, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg38Rc, float, Fusion::full>();
extern template Engine<float> training_engine<Vgg38BnRc, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg38BnRc, float, Fusion::full>();
extern template Engine<float> training_engine<Vgg38BnRcPreact, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg38BnRcPreact, float, Fusion::full>();
extern template Engine<float> training_engine<Vgg56BnRc, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg56BnRc, float, Fusion::full>();
extern template Engine<float> training_engine<Vgg110BnRc, float, Fusion::full>();
extern template Engine<float> inference_engine<Vgg110BnRc, float, Fusion::full>();

extern template Engine<float> training_engine<ResNet20, float, Fusion::full>();
extern template Engine<float> inference_engine<ResNet20, float, Fusion::full>();
extern template Engine<float> training_engine<ResNet32, float, Fusion::full>();
extern template Engine<float> inference_engine<ResNet32, float, Fusion::full>();
extern template Engine<float> training_engine<ResNet56, float, Fusion::full>();
extern template Engine<float> inference_engine<ResNet56, float, Fusion::full>();
extern template Engine<float> training_engine<ResNet110, float, Fusion::full>();
extern template Engine<float> inference_engine<ResNet110, float, Fusion::full>();
extern template Engine<float> training_engine<SEResNet20, float, Fusion::full>();
extern template Engine<float> inference_engine<SEResNet20, float, Fusion::full>();

extern template Engine<float> training_engine<WideResNet16x4, float, Fusion::full>();
extern template Engine<float> inference_engine<WideResNet16x4, float, Fusion::full>();

extern template Engine<float> training_engine<DenseNetBC40x12, float, Fusion::full>();
extern template Engine<float> inference_engine<DenseNetBC40x12, float, Fusion::full>();

extern template Engine<float> training_engine<CifarLeNet5, float, Fusion::full>();
extern template Engine<float> inference_engine<CifarLeNet5, float, Fusion::full>();
extern template Engine<float> training_engine<CifarSeparableNet, float, Fusion::full>();
extern template Engine<float> inference_engine<CifarSeparableNet, float, Fusion::full>();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
