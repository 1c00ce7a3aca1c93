#include <iostream>
#include <string>

std::string steps_for_an_old_processor();

int main() { std::cout << steps_for_an_old_processor() << "\n"; }
