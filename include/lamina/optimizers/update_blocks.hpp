#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include <Eigen/Core>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Values that an optimiser updates at once: 32 bytes, one register of AVX. Wider ones would gain nothing, the update
/// being bound by memory, and Eigen's square root of an AVX-512 register makes g++ 12 warn of an uninitialised value.
template <class T>
inline constexpr int kUpdateBlock = 32 / sizeof(T);
template <class T>
using UpdateBlock = Eigen::Array<T, kUpdateBlock<T>, 1>;
template <class T>
using UpdateBlockMap =
    Eigen::Map<std::conditional_t<std::is_const_v<T>, const UpdateBlock<std::remove_const_t<T>>, UpdateBlock<T>>>;

/// The last values of an array, in a block that ends in zeros.
template <class T>
class TailBlock {
 public:
  TailBlock(T* values, Index count) : values_(values), count_(count) { std::copy_n(values, count, block_.begin()); }

  [[nodiscard]] UpdateBlockMap<T> map() { return UpdateBlockMap<T>(block_.data()); }
  /// Writes the block back, if the array is not const.
  void store() const {
    if constexpr (!std::is_const_v<T>) std::copy_n(block_.begin(), count_, values_);
  }

 private:
  T* values_;
  Index count_;
  std::array<std::remove_const_t<T>, kUpdateBlock<T>> block_{};
};

/// Calls update(block...) for the last values of arrays.
template <class Update, class... T>
void update_tail(const Update& update, TailBlock<T>... blocks) {
  update(blocks.map()...);
  (blocks.store(), ...);
}

/// Calls update(block...) with block i of every array, for each i: one pass over memory.
///
/// Blocks have a fixed size so that each value goes through the same vector instructions wherever the array lies and
/// whatever its length: Eigen's square root rounds differently in a register and alone. For the same reason the values
/// after the last whole block are updated in a copy padded with zeros.
/// @param size    length of every array
/// @param update  element-wise function of blocks; those of const arrays are const
template <class Update, class T, class... More>
void update_blocks(const Team& team, Index size, const Update& update, T* array, More*... more) {
  constexpr Index kSize = kUpdateBlock<T>;
  const Index whole = size / kSize;
  team.for_parts(whole, [&](Range blocks, Index) {
    for (Index first = kSize * blocks.begin; first < kSize * blocks.end; first += kSize)
      update(UpdateBlockMap<T>(array + first), UpdateBlockMap<More>(more + first)...);
  });
  const Index rest = size - kSize * whole;
  update_tail(update, TailBlock<T>(array + kSize * whole, rest), TailBlock<More>(more + kSize * whole, rest)...);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
