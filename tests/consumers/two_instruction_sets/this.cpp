#include "steps.hpp"

std::string steps_for_this_processor() { return parameters_after_two_steps(); }
