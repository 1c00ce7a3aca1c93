# What our own tests, examples and benchmarks are built with. None of it reaches a program that uses the library.
set(LAMINA_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion)

add_library(lamina_program_flags INTERFACE)
target_compile_options(lamina_program_flags INTERFACE ${LAMINA_WARNINGS} $<$<BOOL:${LAMINA_NATIVE}>:-march=native>
                                                      $<$<BOOL:${LAMINA_WARNINGS_AS_ERRORS}>:-Werror>)

# g++ 12 takes its own AVX-512 intrinsics, to which Eigen's tanh and exp come down, for uninitialised (GCC bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  set(LAMINA_FALSE_WARNINGS -Wno-uninitialized -Wno-maybe-uninitialized)
endif()

# lamina_add_program(<name> <sources>): an executable of ours that uses the library.
function(lamina_add_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE Lamina::lamina lamina_program_flags)
endfunction()

# The networks of cifar_networks.hpp, compiled once for all programs that include cifar_precompiled.hpp.
add_library(lamina_cifar_networks STATIC EXCLUDE_FROM_ALL)
target_link_libraries(lamina_cifar_networks PUBLIC Lamina::lamina PRIVATE lamina_cifar lamina_program_flags)

# lamina_link_cxxopts(<name>): the command-line parser, whose package comes with or without a CMake configuration.
function(lamina_link_cxxopts name)
  find_package(cxxopts CONFIG QUIET)
  if(TARGET cxxopts::cxxopts)
    target_link_libraries(${name} PRIVATE cxxopts::cxxopts)
    return()
  endif()
  find_path(CXXOPTS_INCLUDE_DIR cxxopts.hpp)
  if(NOT CXXOPTS_INCLUDE_DIR)
    message(FATAL_ERROR "${name} needs cxxopts (Debian: libcxxopts-dev). Without it, switch off LAMINA_BUILD_EXAMPLES "
                        "and LAMINA_BUILD_BENCHMARKS.")
  endif()
  target_include_directories(${name} SYSTEM PRIVATE ${CXXOPTS_INCLUDE_DIR})
endfunction()
