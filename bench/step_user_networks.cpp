/// The networks that users bring for bench_step.
#include "step_measurement.hpp"

namespace lamina::bench {

// Those of the papers, and of peer_networks.py.
static_assert(Vgg11Bn::parameter_count == 9'277'284);
static_assert(Mlp::parameter_count == 669'706);

template std::optional<StepMeasurement> measure_one_of<kUserNetworks>(const StepOptions&);

}  // namespace lamina::bench
