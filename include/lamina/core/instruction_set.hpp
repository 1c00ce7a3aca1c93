#pragma once

/// @file
/// LAMINA_INSTRUCTION_SET, the instruction set that a source file is compiled for, as the name of an inline namespace
/// in which all of the library lies: vectors are as wide as the instruction set has them, so that functions of the same
/// name have different bodies in two files of a program with different -march. Under one name the linker would keep one
/// of them: wrong bits, or an illegal instruction on an old processor. A type of the library cannot be handed from one
/// such file to the other; the linker says so. It tells apart what the library's own code depends on, and what
/// compilers may use in it besides; other flags that change arithmetic, such as -ffast-math, must be the same in all
/// files. It is a macro because only the preprocessor knows the instruction set.

#if defined(__AVX512F__)
#define LAMINA_INSTRUCTION_SET avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define LAMINA_INSTRUCTION_SET avx2
#elif defined(__AVX2__)
#define LAMINA_INSTRUCTION_SET avx2_without_fma
#elif defined(__AVX__) && defined(__FMA__)
#define LAMINA_INSTRUCTION_SET avx_fma
#elif defined(__AVX__)
#define LAMINA_INSTRUCTION_SET avx
#elif defined(__SSE4_2__)
#define LAMINA_INSTRUCTION_SET sse4_2
#elif defined(__SSSE3__)
#define LAMINA_INSTRUCTION_SET ssse3
#elif defined(__aarch64__)
#define LAMINA_INSTRUCTION_SET neon
#else
#define LAMINA_INSTRUCTION_SET baseline
#endif
