// The whole library in one translation unit that must compile without a warning: see compilers.cmake.
#include <lamina/lamina.hpp>
