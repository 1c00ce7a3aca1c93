#include <lamina/lamina.hpp>
