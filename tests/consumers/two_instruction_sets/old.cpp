#include "steps.hpp"

std::string steps_for_an_old_processor() { return parameters_after_two_steps(); }
