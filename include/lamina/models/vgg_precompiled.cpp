/// The definitions that vgg_precompiled.hpp promises.
#include <lamina/core/instruction_set.hpp>
#include <lamina/models/vgg_precompiled.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

template class Model<Vgg08>;
template class Model<Vgg38>;
template class Model<Vgg38Bn>;
template class Model<Vgg38Rc>;
template class Model<Vgg38BnRc>;

template class TrainingWorkspace<Vgg08>;
template class TrainingWorkspace<Vgg38>;
template class TrainingWorkspace<Vgg38Bn>;
template class TrainingWorkspace<Vgg38Rc>;
template class TrainingWorkspace<Vgg38BnRc>;

template class InferenceWorkspace<Vgg08>;
template class InferenceWorkspace<Vgg38>;
template class InferenceWorkspace<Vgg38Bn>;
template class InferenceWorkspace<Vgg38Rc>;
template class InferenceWorkspace<Vgg38BnRc>;

template class FrozenModel<Vgg08>;
template class FrozenModel<Vgg38>;
template class FrozenModel<Vgg38Bn>;
template class FrozenModel<Vgg38Rc>;
template class FrozenModel<Vgg38BnRc>;

template class FrozenWorkspace<Vgg08>;
template class FrozenWorkspace<Vgg38>;
template class FrozenWorkspace<Vgg38Bn>;
template class FrozenWorkspace<Vgg38Rc>;
template class FrozenWorkspace<Vgg38BnRc>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
