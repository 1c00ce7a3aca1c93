#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/layers/channel_order.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A short string that constant expressions can build: the names of parameters are put together by the compiler.
class Name {
 public:
  constexpr Name() = default;
  constexpr Name(std::string_view text) {  // NOLINT(google-explicit-constructor): stands for its text
    append(text);
  }
  constexpr Name(const char* text) : Name(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr std::string_view view() const { return {text_.data(), size_}; }
  constexpr operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)

  /// @pre the result has at most 47 characters; a longer one does not compile, as names are made at compile time
  constexpr Name& append(std::string_view text) {
    std::copy(text.begin(), text.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
    return *this;
  }

  /// "index.name", as torch.nn.Sequential names what is in it.
  [[nodiscard]] static constexpr Name numbered(std::size_t index, std::string_view name) {
    std::array<char, 8> digits{};
    std::size_t first = digits.size();
    do {
      digits[--first] = static_cast<char>('0' + index % 10);
      index /= 10;
    } while (index > 0);
    return Name(std::string_view(digits.data() + first, digits.size() - first)).append(".").append(name);
  }

 private:
  std::array<char, 48> text_{};
  std::size_t size_ = 0;
};

/// How a tensor of parameters or statistics starts.
enum class Initialization {
  zero,
  one,
  fan_in_uniform,  ///< uniform in +-1/sqrt(fan_in): PyTorch's default for convolution and linear layers, which a model
                   ///< may replace (network/initialization.hpp)
};

/// One named tensor within a flat array: of a layer's parameters or running statistics, or of a whole network's. It
/// lies there row by row in the order of `dims`. Files have it in PyTorch's order, of which a layer says by `file_axes`
/// and `input_axis` how it differs.
struct Segment {
  /// "No axis runs over the channels of the input", and "the layer does not say", which is an error behind Flatten.
  static constexpr std::size_t kNoAxis = 4;
  static constexpr std::size_t kUnsaidAxis = 5;

  Name name;                     ///< as in a PyTorch state_dict: "weight"; in a network "4.branch.0.weight"
  std::array<Index, 4> dims{1};  ///< the slowest first; those past `rank` are unused
  std::size_t rank = 1;
  Initialization initialization = Initialization::zero;
  Index fan_in = 1;                                  ///< for fan_in_uniform
  std::array<std::size_t, 4> file_axes{0, 1, 2, 3};  ///< which axis of this tensor each axis in files is
  std::size_t input_axis = kUnsaidAxis;  ///< the axis that runs over the channels of the layer's input, or kNoAxis
  // A layer leaves what follows to its chain.
  Index offset = 0;            ///< of the first value in the flat array
  std::string_view kind{};     ///< kind of the layer it belongs to
  ChannelOrder input_order{};  ///< where files have the places of `input_axis`

  [[nodiscard]] constexpr Index size() const {
    Index product = 1;
    for (std::size_t i = 0; i < rank; ++i) product *= dims[i];
    return product;
  }
};

/// Number of values in all the tensors.
template <std::size_t N>
[[nodiscard]] constexpr Index total_size(const std::array<Segment, N>& tensors) {
  Index sum = 0;
  for (const Segment& tensor : tensors) sum += tensor.size();
  return sum;
}

/// Refuses tensors that do not lie one behind the other from the beginning of a flat array of `size` values.
/// @throws ArgumentError
inline void require_consecutive(std::span<const Segment> tensors, Index size) {
  Index end = 0;
  for (const Segment& tensor : tensors) {
    if (tensor.offset != end) {
      throw ArgumentError(message("tensor '", tensor.name.view(), "' must begin at value ", end,
                                  " of the flat array, got ", tensor.offset));
    }
    end += tensor.size();
  }
  if (end == size) return;
  throw ArgumentError(message("the tensors have ", end, " values, the flat array has ", size));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
