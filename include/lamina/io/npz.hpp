#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>
#include <lamina/io/npy.hpp>
#include <lamina/io/tensor_file.hpp>
#include <lamina/io/zip.hpp>
#include <lamina/io/zip_reader.hpp>

/// @file
/// Files as numpy.savez writes them and numpy.load reads them: an uncompressed ZIP archive with an array for each
/// tensor. They have no place for metadata. Sums of the archive vouch for the arrays, so that a file is `verified`.

namespace lamina {

/// The content of an .npz file; no metadata.
/// @throws FileError when it is no such file, is damaged, or holds compressed, Fortran-ordered, big-endian or object
///         arrays
[[nodiscard]] inline TensorFile parse_npz(const std::filesystem::path& path, std::string_view bytes) {
  constexpr std::string_view extension = ".npy";
  TensorFile file(path, true);
  for (const detail::ZipMember& member : detail::ZipReader(path, bytes).members()) {
    const std::string where = path.string() + ": member '" + member.name + "'";
    if (!member.name.ends_with(extension)) throw FileError(where, "is no array of NumPy's");
    file.add(detail::parse_npy(where, member.name.substr(0, member.name.size() - extension.size()), member.content));
  }
  return file;
}

/// @throws FileError as parse_npz, and when the file cannot be read
[[nodiscard]] inline TensorFile read_npz(const std::filesystem::path& path) { return parse_npz(path, read_file(path)); }

/// Writes the tensors, and drops the metadata. As a whole or not at all, and to the disk before it returns; the same
/// tensors give the same bytes.
/// @throws FileError when it cannot be written, then a file that was there is as before; when NumPy has no such type,
/// or
///         the format cannot hold so much
inline void write_npz(const std::filesystem::path& path, const TensorFile& file) {
  std::vector<std::string> arrays;
  arrays.reserve(file.tensors().size());
  std::vector<detail::ZipMember> members;
  for (const StoredTensor& tensor : file.tensors()) {
    arrays.push_back(detail::to_npy(path.string() + ": tensor '" + tensor.name + "'", tensor));
    members.push_back({tensor.name + ".npy", arrays.back()});
  }
  write_file(path, detail::to_zip(path, members));
}

}  // namespace lamina
