/// The networks of models/vgg.hpp for bench_step.
#include "step_measurement.hpp"

namespace lamina::bench {

template std::optional<StepMeasurement> measure_one_of<kVggNetworks>(const StepOptions&);

}  // namespace lamina::bench
