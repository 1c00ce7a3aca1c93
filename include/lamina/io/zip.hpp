#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <lamina/core/error.hpp>
#include <lamina/io/crc32.hpp>

/// @file
/// ZIP archives without compression (PKWARE's APPNOTE.TXT 6.3.10): each member behind a header of its own, then a
/// directory that repeats the headers, then where the directory lies. zip_reader.hpp reads them.

namespace lamina::detail {

static_assert(std::endian::native == std::endian::little, "Lamina: ZIP archives are little-endian");

struct ZipMember {
  std::string name;
  std::string_view content;
};

/// The parts of an archive: a signature, and the sizes of the fixed fields it begins.
struct ZipPart {
  std::uint32_t signature;
  std::size_t size;
};
inline constexpr ZipPart kZipMember{0x04034B50, 30};
inline constexpr ZipPart kZipDirectoryEntry{0x02014B50, 46};
inline constexpr ZipPart kZipEnd{0x06054B50, 22};

template <class T>
void append_field(std::string& text, T value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// A number in a field of an archive; the largest one stands for "elsewhere".
/// @throws FileError when it is too large for it
template <class Field>
[[nodiscard]] Field zip_field(const std::filesystem::path& path, std::size_t value) {
  if (value >= std::numeric_limits<Field>::max()) {
    throw FileError(path.string(), "cannot be written: a ZIP archive holds less than 4 GiB and 65,535 members");
  }
  return static_cast<Field>(value);
}

/// The fields that a member's header and its entry in the directory share.
[[nodiscard]] inline std::string zip_shared_fields(const std::filesystem::path& path, const ZipMember& member) {
  constexpr std::uint16_t version = 20;
  constexpr std::uint16_t utf8_name = 1U << 11U;
  constexpr std::uint16_t stored = 0;
  constexpr std::uint16_t midnight = 0;
  constexpr std::uint16_t first_of_january_1980 = (1U << 5U) + 1;  // the format's first day: no date of the clock's
  const auto size = zip_field<std::uint32_t>(path, member.content.size());
  std::string fields;
  append_field(fields, version);
  append_field(fields, utf8_name);
  append_field(fields, stored);
  append_field(fields, midnight);
  append_field(fields, first_of_january_1980);
  append_field(fields, crc32(member.content));
  append_field(fields, size);
  append_field(fields, size);
  append_field(fields, zip_field<std::uint16_t>(path, member.name.size()));
  append_field(fields, std::uint16_t{0});  // extra fields
  return fields;
}

/// The bytes of an archive. The same members give the same bytes.
/// @param path  for errors
/// @throws FileError when the format cannot hold so much
[[nodiscard]] inline std::string to_zip(const std::filesystem::path& path, std::span<const ZipMember> members) {
  std::string bytes;
  std::string directory;
  for (const ZipMember& member : members) {
    const auto place = zip_field<std::uint32_t>(path, bytes.size());
    const std::string shared = zip_shared_fields(path, member);
    append_field(bytes, kZipMember.signature);
    bytes.append(shared).append(member.name).append(member.content);
    append_field(directory, kZipDirectoryEntry.signature);
    append_field(directory, std::uint16_t{20});  // version of the format
    directory.append(shared);
    directory.append(10, '\0');  // no comment, the first disk, no attributes
    append_field(directory, place);
    directory.append(member.name);
  }
  const auto count = zip_field<std::uint16_t>(path, members.size());
  const auto place = zip_field<std::uint32_t>(path, bytes.size());
  const auto size = zip_field<std::uint32_t>(path, directory.size());
  bytes += directory;
  append_field(bytes, kZipEnd.signature);
  append_field(bytes, std::uint32_t{0});  // this disk, and that of the directory
  append_field(bytes, count);
  append_field(bytes, count);
  append_field(bytes, size);
  append_field(bytes, place);
  append_field(bytes, std::uint16_t{0});  // comment
  return bytes;
}

}  // namespace lamina::detail
