#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <numbers>
#include <span>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/data/cifar_format.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Half of the procedural set: the two draw from different random numbers.
enum class ProceduralPart : std::uint32_t { train, test };

/// Paints the records of the procedural set: a striped figure on a background, in the CIFAR-100 format. Its group
/// (coarse label, 20) sets the hue of the figure (one of five), and its outline and the hue of the background (one of
/// four); its class within the group (5) sets the angle and the period of the stripes. Place, size, phase, mirror
/// image, brightness, contrast, exact hues and noise differ from image to image. Colour tells groups apart but nothing
/// within one, so that it alone gets at most one image in five right; all classes survive a horizontal flip.
class ProceduralPainter {
 public:
  static constexpr Index kClasses = 100;
  static constexpr Index kClassesPerGroup = 5;
  static constexpr Index kRecordBytes = cifar100_format().record_bytes();

  explicit ProceduralPainter(std::uint64_t seed) : seed_(seed) {
    for (std::size_t i = 0; i < sine_.size(); ++i) {
      sine_[i] =
          static_cast<int>(std::lround(kAmplitude * std::sin(static_cast<double>(i) * 2 * std::numbers::pi / 256)));
    }
  }

  /// Writes one record; its fine label is index % 100. A pure function of the seed, the part and the index.
  /// @param record  kRecordBytes bytes
  void paint(ProceduralPart part, Index index, std::span<std::uint8_t> record) const {
    const Index fine = index % kClasses;
    record[0] = static_cast<std::uint8_t>(fine / kClassesPerGroup);
    record[1] = static_cast<std::uint8_t>(fine);
    RandomStream random(seed_, RandomPurpose::procedural, static_cast<std::uint32_t>(part),
                        static_cast<std::uint32_t>(index));
    const Figure figure = draw_figure(fine, random);
    std::uint8_t* pixel = record.data() + 2;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) paint_pixel(figure, x, y, random.bits(), pixel++);
    }
  }

 private:
  static constexpr int kSide = 32;
  static constexpr int kAmplitude = 64;  // of the sine table

  enum class Outline { disc, square, diamond, ring };
  using Colour = std::array<int, 3>;

  struct Stripes {
    double angle;   ///< of their normal, in radians
    double period;  ///< in pixels
  };
  static constexpr std::array<Stripes, kClassesPerGroup> kStripes{
      {{0, 4}, {0, 9}, {std::numbers::pi / 4, 6}, {std::numbers::pi / 2, 4}, {std::numbers::pi / 2, 9}}};

  /// All that sets one image apart. Phases are in turns, 2^32 being a full one, so that they wrap by themselves.
  struct Figure {
    Outline outline{};
    int x = 0;
    int y = 0;
    int radius = 0;
    Colour colour{};
    Colour background{};
    int contrast = 0;  ///< of the stripes, in 1/64
    std::uint32_t phase = 0;
    std::uint32_t phase_per_column = 0;
    std::uint32_t phase_per_row = 0;
  };

  Figure draw_figure(Index fine, RandomStream& random) const {
    const Index group = fine / kClassesPerGroup;
    const Stripes& stripes = kStripes[static_cast<std::size_t>(fine % kClassesPerGroup)];
    const double angle = stripes.angle * (random.below(2) == 0 ? 1 : -1);
    const double period = stripes.period * random.uniform(0.9, 1.1);
    const double hue = static_cast<double>(group % 5) / 5 + random.uniform(-0.05, 0.05);
    const double background_hue = static_cast<double>(group / 5) / 4 + random.uniform(-0.05, 0.05);
    const int brightness = 128 + between(-24, 24, random);

    Figure figure;
    figure.outline = static_cast<Outline>(group / 5);
    figure.x = between(13, 18, random);
    figure.y = between(13, 18, random);
    figure.radius = between(10, 13, random);
    figure.colour = colour(hue, 64, brightness);
    figure.background = colour(background_hue, 40, between(80, 176, random));
    figure.contrast = between(40, 64, random);
    figure.phase = random.bits();
    figure.phase_per_column = turns(std::cos(angle) / period);
    figure.phase_per_row = turns(std::sin(angle) / period);
    return figure;
  }

  void paint_pixel(const Figure& figure, int x, int y, std::uint32_t noise, std::uint8_t* pixel) const {
    const bool inside = covers(figure, x - figure.x, y - figure.y);
    const std::uint32_t phase = figure.phase + static_cast<std::uint32_t>(x) * figure.phase_per_column +
                                static_cast<std::uint32_t>(y) * figure.phase_per_row;
    const int stripe = inside ? sine_[phase >> 24] * figure.contrast / 64 : 0;
    const Colour& base = inside ? figure.colour : figure.background;
    for (std::size_t c = 0; c < base.size(); ++c) {
      const int grain = static_cast<int>((noise >> (8 * c)) & 31) - 16;
      pixel[c * kSide * kSide] = static_cast<std::uint8_t>(std::clamp(base[c] + stripe + grain, 0, 255));
    }
  }

  /// Whether the figure covers the pixel at that distance from its centre. The outlines have about equal areas.
  static bool covers(const Figure& figure, int x, int y) {
    const int radius = figure.radius;
    const int distance = x * x + y * y;
    switch (figure.outline) {
      case Outline::disc:
        return distance < radius * radius;
      case Outline::square:
        return 8 * std::max(std::abs(x), std::abs(y)) < 7 * radius;
      case Outline::diamond:
        return 4 * (std::abs(x) + std::abs(y)) < 5 * radius;
      case Outline::ring:
        return 4 * distance > radius * radius && 8 * distance < 10 * radius * radius;
    }
    return false;
  }

  /// @param hue  in turns; the channels lie a third of a turn apart
  Colour colour(double hue, int saturation, int brightness) const {
    Colour result;
    for (std::size_t c = 0; c < result.size(); ++c) {
      result[c] = brightness + sine_[turns(hue - static_cast<double>(c) / 3) >> 24] * saturation / kAmplitude;
    }
    return result;
  }

  static int between(int low, int high, RandomStream& random) {
    return low + static_cast<int>(random.below(static_cast<std::uint32_t>(high - low + 1)));
  }

  /// The fraction of a turn in units of 2^-32.
  static std::uint32_t turns(double value) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(std::llround(value * 0x1p32)));
  }

  std::uint64_t seed_;
  std::array<int, 256> sine_{};
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
