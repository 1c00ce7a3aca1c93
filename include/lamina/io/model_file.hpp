#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/version.hpp>
#include <lamina/io/model_tensors.hpp>
#include <lamina/io/safetensors.hpp>
#include <lamina/io/tensor_file.hpp>
#include <lamina/network/model.hpp>

/// @file
/// A model's parameters and running statistics in a file of its own, under the names and in the layout of PyTorch's
/// state_dict (docs/weights.md). Needs nlohmann/json.hpp, so it does not come with lamina.hpp.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

inline void require_safetensors(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") return;
  throw FileError(path.string(),
                  "expected a name that ends in .safetensors (scripts/convert_weights.py converts .npz, .pt and .pth)");
}

/// What begins the value of the metadata "library" in files of save_model().
inline constexpr std::string_view kLibraryName = "lamina ";

/// Ours have a checksum. Without this, a wrong bit in its name would switch it off.
inline void require_own_checksum(const TensorFile& file) {
  const auto library = file.metadata().find("library");
  const bool ours = library != file.metadata().end() && library->second.starts_with(kLibraryName);
  if (ours && !file.verified()) {
    throw FileError(file.origin().string(), "is damaged: it has no checksum, and its metadata says that " +
                                                library->second + " wrote it, with one");
  }
}

}  // namespace detail

/// Writes a model, as a whole or not at all.
/// @param path      ends in .safetensors
/// @param metadata  such as {"model", "vgg08"}, which scripts/convert_weights.py reads
/// @throws FileError when the extension is another one or the file cannot be written; then a file that was there is as
///         before
template <class Network, class T>
void save_model(const std::filesystem::path& path, const Model<Network, T>& model,
                const std::map<std::string, std::string>& metadata = {}) {
  detail::require_safetensors(path);
  TensorFile file;
  file.metadata() = metadata;
  file.metadata()["format"] = "pt";  // what other tools look for: names and layout are PyTorch's
  file.metadata()["library"] = std::string(detail::kLibraryName) + std::string(kVersion);
  add_model(file, model);
  write_safetensors(path, file);
}

/// The tensors of a file of weights, whatever program wrote it.
/// @throws FileError when the extension is not .safetensors, or the file cannot be read or is damaged
[[nodiscard]] inline TensorFile read_weights(const std::filesystem::path& path) {
  detail::require_safetensors(path);
  TensorFile file = read_safetensors(path);
  detail::require_own_checksum(file);
  return file;
}

/// Sets a model's parameters and running statistics to those of a file, whatever program wrote it. Values of another
/// floating-point type (F64, F32, F16, BF16) are rounded to the model's.
/// To fine-tune a loaded network with a new head, load with {.strict = false}: tensors whose names and shapes are the
/// network's are taken, the others stay as they are.
/// @return what was loaded, and what differed
/// @throws FileError when the extension is not .safetensors, the file cannot be read or is damaged, or, if strict, it
///         does not hold exactly the network's tensors; the model is then as before
template <class Network, class T>
LoadReport load_model(const std::filesystem::path& path, Model<Network, T>& model, const LoadOptions& options = {}) {
  return read_whole_model(read_weights(path), model, options);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
