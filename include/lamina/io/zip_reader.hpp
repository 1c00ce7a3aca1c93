#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/io/crc32.hpp>
#include <lamina/io/zip.hpp>

namespace lamina::detail {

/// Reads ZIP archives without compression, by their directory, and refuses those in which the directory, the members'
/// headers and the content do not agree.
class ZipReader {
 public:
  /// @param path   for errors
  /// @param bytes  of the archive; the members' content stays in there
  ZipReader(std::filesystem::path path, std::string_view bytes) : path_(std::move(path)), bytes_(bytes) {}

  /// The members in the order of the directory.
  /// @throws FileError
  [[nodiscard]] std::vector<ZipMember> members() const {
    const std::size_t end = end_place();
    const auto count = field<std::uint16_t>(end + 10);
    const std::size_t size = field<std::uint32_t>(end + 12);
    const std::size_t begin = field<std::uint32_t>(end + 16);
    if (count == kElsewhere16 || begin == kElsewhere32) refuse("is a ZIP archive of 4 GiB or more, or 65,535 members");
    if (field<std::uint32_t>(end + 4) != 0 || field<std::uint16_t>(end + 8) != count || begin + size != end)
      refuse("is damaged: its directory is not where it should be");
    std::vector<ZipMember> members;
    std::size_t place = begin;
    for (std::size_t i = 0; i < count; ++i) members.push_back(next_member(place));
    if (place != end) refuse("is damaged: its directory has another size than it should");
    return members;
  }

 private:
  /// Stand for numbers that a later version of the format has elsewhere.
  static constexpr std::uint16_t kElsewhere16 = std::numeric_limits<std::uint16_t>::max();
  static constexpr std::uint32_t kElsewhere32 = std::numeric_limits<std::uint32_t>::max();

  struct Header {
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint32_t crc = 0;
    std::uint32_t stored_size = 0;
    std::uint32_t size = 0;
    std::size_t name_size = 0;
    std::size_t extra_size = 0;
  };

  [[noreturn]] void refuse(const std::string& problem) const { throw FileError(path_.string(), problem); }
  [[noreturn]] void refuse(const std::string& member, const std::string& problem) const {
    refuse("member '" + member + "' " + problem);
  }

  [[nodiscard]] std::string_view text(std::size_t place, std::size_t size) const {
    if (place > bytes_.size() || size > bytes_.size() - place) refuse("is damaged or cut off: a part of it is missing");
    return bytes_.substr(place, size);
  }

  template <class T>
  [[nodiscard]] T field(std::size_t place) const {
    T value{};
    std::memcpy(&value, text(place, sizeof(T)).data(), sizeof(T));
    return value;
  }

  /// Place of the last part, behind which there may be a comment.
  [[nodiscard]] std::size_t end_place() const {
    for (std::size_t comment = 0; comment <= kElsewhere16 && kZipEnd.size + comment <= bytes_.size(); ++comment) {
      const std::size_t place = bytes_.size() - comment - kZipEnd.size;
      if (field<std::uint32_t>(place) == kZipEnd.signature && field<std::uint16_t>(place + 20) == comment) return place;
    }
    refuse("is no ZIP archive, or cut off: its end is missing");
  }

  void check_signature(const ZipPart& part, std::size_t place) const {
    if (field<std::uint32_t>(place) != part.signature) refuse("is damaged: a part of it is not where it should be");
  }

  /// @param place  of the fields that both kinds of headers share
  [[nodiscard]] Header header(std::size_t place) const {
    return {.flags = field<std::uint16_t>(place + 2),
            .method = field<std::uint16_t>(place + 4),
            .crc = field<std::uint32_t>(place + 10),
            .stored_size = field<std::uint32_t>(place + 14),
            .size = field<std::uint32_t>(place + 18),
            .name_size = field<std::uint16_t>(place + 22),
            .extra_size = field<std::uint16_t>(place + 24)};
  }

  /// @param place  of an entry of the directory; becomes that of the next one
  [[nodiscard]] ZipMember next_member(std::size_t& place) const {
    check_signature(kZipDirectoryEntry, place);
    const Header entry = header(place + 6);
    const std::string name(text(place + kZipDirectoryEntry.size, entry.name_size));
    const std::size_t member = field<std::uint32_t>(place + 42);
    place += kZipDirectoryEntry.size + entry.name_size + entry.extra_size + field<std::uint16_t>(place + 32);
    if (entry.method != 0) refuse(name, "is compressed (numpy.savez writes what can be read, savez_compressed not)");
    if ((entry.flags & 1U) != 0) refuse(name, "is encrypted");
    if (entry.size == kElsewhere32 || member == kElsewhere32) refuse(name, "lies beyond 4 GiB");
    if (entry.size != entry.stored_size) refuse(name, "is damaged: it has two sizes");
    return {name, content(name, entry, member)};
  }

  /// The content of a member, given its entry in the directory and the place of its own header.
  [[nodiscard]] std::string_view content(const std::string& name, const Header& entry, std::size_t place) const {
    constexpr std::uint16_t sizes_follow = 1U << 3U;
    check_signature(kZipMember, place);
    const Header own = header(place + 4);
    const std::size_t name_place = place + kZipMember.size;
    if (text(name_place, own.name_size) != name) refuse(name, "is damaged: it has two names");
    // A header that was written before the content leaves out its sum and sizes, and NumPy's have sizes elsewhere.
    const bool same_size = own.size == kElsewhere32 || own.size == entry.size;
    if ((entry.flags & sizes_follow) == 0 && (own.crc != entry.crc || own.method != entry.method || !same_size)) {
      refuse(name, "is damaged: the directory does not agree with it");
    }
    const std::string_view bytes = text(name_place + own.name_size + own.extra_size, entry.size);
    if (crc32(bytes) != entry.crc) refuse(name, "is damaged: its checksum is not that of its bytes");
    return bytes;
  }

  std::filesystem::path path_;
  std::string_view bytes_;
};

}  // namespace lamina::detail
