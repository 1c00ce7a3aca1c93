#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/models/vgg.hpp>
#include <lamina/network/frozen_model.hpp>
#include <lamina/network/model.hpp>

/// @file
/// The five networks in float, compiled elsewhere: what includes this file compiles neither their kernels nor their
/// tables. Link the CMake target Lamina::vgg, or compile vgg_precompiled.cpp once with the flags of the program.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

extern template class Model<Vgg08>;
extern template class Model<Vgg38>;
extern template class Model<Vgg38Bn>;
extern template class Model<Vgg38Rc>;
extern template class Model<Vgg38BnRc>;

extern template class TrainingWorkspace<Vgg08>;
extern template class TrainingWorkspace<Vgg38>;
extern template class TrainingWorkspace<Vgg38Bn>;
extern template class TrainingWorkspace<Vgg38Rc>;
extern template class TrainingWorkspace<Vgg38BnRc>;

extern template class InferenceWorkspace<Vgg08>;
extern template class InferenceWorkspace<Vgg38>;
extern template class InferenceWorkspace<Vgg38Bn>;
extern template class InferenceWorkspace<Vgg38Rc>;
extern template class InferenceWorkspace<Vgg38BnRc>;

extern template class FrozenModel<Vgg08>;
extern template class FrozenModel<Vgg38>;
extern template class FrozenModel<Vgg38Bn>;
extern template class FrozenModel<Vgg38Rc>;
extern template class FrozenModel<Vgg38BnRc>;

extern template class FrozenWorkspace<Vgg08>;
extern template class FrozenWorkspace<Vgg38>;
extern template class FrozenWorkspace<Vgg38Bn>;
extern template class FrozenWorkspace<Vgg38Rc>;
extern template class FrozenWorkspace<Vgg38BnRc>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
