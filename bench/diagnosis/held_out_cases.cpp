#include "validation_case.hpp"

namespace lamina::bench {

ValidationCases held_out_cases() {
  ValidationCases cases;
  add_small_held_out_cases(cases);
  add_study_cases(cases);
  return cases;
}

}  // namespace lamina::bench
