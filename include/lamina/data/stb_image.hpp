// No #pragma once: image_file.cpp includes this with the macros that ask for the definitions, wherever the declarations
// were included before. The headers of stb_image see to it that both may come.
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#elif __has_include(<stb_image.h>)
#include <stb_image.h>
#else
#error "lamina/data/image_file.hpp needs stb_image.h (Debian: libstb-dev)"
#endif
#if __has_include(<stb/stb_image_resize.h>)
#include <stb/stb_image_resize.h>
#elif __has_include(<stb_image_resize.h>)
#include <stb_image_resize.h>
#elif __has_include(<stb/stb_image_resize2.h>)
#include <stb/stb_image_resize2.h>
#elif __has_include(<stb_image_resize2.h>)
#include <stb_image_resize2.h>
#else
#error "lamina/data/image_file.hpp needs stb_image_resize.h (Debian: libstb-dev)"
#endif
