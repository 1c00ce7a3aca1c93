#include <fstream>
#include <iostream>
#include <string>

std::string steps_for_an_old_processor();
std::string steps_for_this_processor();

int main() {
  std::string expected;
  std::getline(std::ifstream(EXPECTED_FILE), expected);
  const std::string old = steps_for_an_old_processor();
  std::cout << "alone " << expected << ", beside the other " << old << ", the other " << steps_for_this_processor()
            << "\n";
  return old == expected ? 0 : 1;
}
