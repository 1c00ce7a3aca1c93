#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/backward.hpp>
#include <lamina/engine/chunk.hpp>
#include <lamina/engine/forward.hpp>
#include <lamina/engine/freeze.hpp>
#include <lamina/engine/signals.hpp>

/// @file
/// The ways into the engine: functions over a program that a workspace holds by pointer, so that a program which uses
/// precompiled networks compiles none of it.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// A program with the functions that run it.
template <class T>
struct Engine {
  const Program<T>* program = nullptr;
  Layout (*layout)(const Program<T>&, Mode, Index batch, Index threads) = nullptr;
  void (*forward)(const Program<T>&, const Layout&, const RunMemory<T>&, const ForwardOptions<T>&) = nullptr;
  void (*backward)(const Program<T>&, const Layout&, const RunMemory<T>&, const BackwardOptions<T>&) = nullptr;
  void (*signals)(const Program<T>&, const Layout&, const RunMemory<T>&, const SignalPass&) = nullptr;
};

namespace detail {

template <class T>
void run_forward(const Program<T>& program, const Layout& layout, const RunMemory<T>& memory,
                 const ForwardOptions<T>& options) {
  const Run<T> run(program, layout, memory);
  memory.team.together([&] { ForwardPass<T>(run, options)(); });
}

template <class T>
void run_backward(const Program<T>& program, const Layout& layout, const RunMemory<T>& memory,
                  const BackwardOptions<T>& options) {
  const Run<T> run(program, layout, memory);
  memory.team.together([&] { BackwardPass<T>(run, options)(); });
}

}  // namespace detail

/// The engine for training a network.
template <class Network, class T, Fusion F>
[[nodiscard]] Engine<T> training_engine() {
  return {.program = &program<Network, T, Mode::training, F>,
          .layout = &layout_of<T>,
          .forward = &detail::run_forward<T>,
          .backward = &detail::run_backward<T>,
          .signals = &detail::run_signals<T>};
}

/// The engine for inference.
template <class Network, class T, Fusion F>
[[nodiscard]] Engine<T> inference_engine() {
  return {
      .program = &program<Network, T, Mode::inference, F>, .layout = &layout_of<T>, .forward = &detail::run_forward<T>};
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
