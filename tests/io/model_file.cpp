#include <filesystem>
#include <string>

#include <lamina/io/model_file.hpp>
#include <lamina/layers/flatten.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "damage.hpp"
#include "full_disk.hpp"
#include "small_network.hpp"
#include "text_file.hpp"

using namespace lamina;

namespace {

/// What load_model() says against a file, having left the model as it was; empty when it takes it and the model is
/// counted_model() then.
std::string refusal(const std::filesystem::path& path) {
  Model<SmallNetwork> model(1);
  const Model<SmallNetwork> before = model;
  try {
    load_model(path, model);
  } catch (const FileError& error) {
    CHECK(same_values(model, before));
    return error.what();
  }
  CHECK(same_values(model, counted_model()));
  return {};
}

}  // namespace

TEST_CASE("model file: a model loads as it was saved, also in double") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  save_model(path, counted_model());
  CHECK(refusal(path).empty());
  save_model(path, counted_model<double>());
  Model<SmallNetwork, double> model;
  load_model(path, model);
  CHECK(same_values(model, counted_model<double>()));
  CHECK(refusal(path).empty());  // every number of these fits into float
}

TEST_CASE("model file: a prefix of all names is stripped where the caller says so") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "parallel.safetensors";
  TensorFile file;
  add_model(file, counted_model(), "module.");
  write_safetensors(path, file);
  Model<SmallNetwork> model(1);
  load_model(path, model, {.prefix = "module."});
  CHECK(same_values(model, counted_model()));
}

TEST_CASE("model file: one of an older version, which had flattened values in another order, is refused") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "old.safetensors";
  const auto write = [&](const auto& model, const std::string& library) {
    TensorFile file;
    add_model(file, model);
    file.metadata()["library"] = library;
    write_safetensors(path, file);
  };
  Model<Sequential<Image<2, 2, 3>, Flatten, Linear<2>>> flattened;
  write(flattened, "lamina 0.2.0");
  CHECK_THROWS_WITH(load_model(path, flattened),
                    path.string() +
                        ": was written by lamina 0.2.0, which had the values behind Flatten in another order than "
                        "PyTorch");
  write(flattened, "lamina 0.3.0");
  CHECK_NOTHROW(load_model(path, flattened));
  write(counted_model(), "lamina 0.2.0");
  CHECK(refusal(path).empty());
}

TEST_CASE("model file: a safetensors file says what it is") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  save_model(path, counted_model(), {{"model", "small"}});
  CHECK(read_safetensors(path).metadata() ==
        std::map<std::string, std::string>{
            {"format", "pt"}, {"library", "lamina " + std::string(kVersion)}, {"model", "small"}});
}

TEST_CASE("model file: another extension is refused in both directions, before anything is written") {
  const TemporaryFolder folder;
  const auto path = folder.path() / GENERATE("model.bin", "model.npz", "model");
  const std::string problem =
      path.string() +
      ": expected a name that ends in .safetensors (scripts/convert_weights.py converts .npz, .pt and .pth)";
  CHECK_THROWS_WITH(save_model(path, counted_model()), problem);
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(refusal(path) == problem);
}

TEST_CASE("model file: one wrong bit in a safetensors file of ours is refused, wherever it is") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  save_model(path, counted_model());
  for_each_wrong_bit(read_text(path), [](std::string_view bytes, std::size_t place) {
    CAPTURE(place);
    const auto file = unless_refused([&] {
      TensorFile parsed = parse_safetensors("model.safetensors", bytes);
      detail::require_own_checksum(parsed);
      return parsed;
    });
    CHECK_FALSE(file);
  });
}

TEST_CASE("model file: a damaged file is refused with its path, and the model is as before") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  save_model(path, counted_model());
  std::string bytes = read_text(path);
  const std::size_t letter = bytes.find("checksum");
  write_file(path, std::string(bytes).replace(letter, 1, "k"));
  CHECK_THAT(refusal(path), ContainsSubstring(path.string() + ": is damaged: it has no checksum"));
  bytes.back() ^= 1;
  write_file(path, bytes);
  CHECK_THAT(refusal(path), ContainsSubstring(path.string() + ": is damaged: its checksum"));
}

TEST_CASE("model file: a file of another program needs no checksum") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  TensorFile file;
  add_model(file, counted_model());
  file.metadata() = {{"format", "pt"}};
  const std::string bytes = to_safetensors(file);
  write_file(path, std::string(bytes).replace(bytes.find("checksum"), 8, "hashcode"));
  CHECK_FALSE(read_safetensors(path).verified());
  CHECK(refusal(path).empty());
}

TEST_CASE("model file: a full disk leaves the earlier file") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  save_model(path, counted_model());
  {
    const FullDisk limit(100);
    CHECK_THROWS_WITH(save_model(path, Model<SmallNetwork>(1)), ContainsSubstring(": cannot be written"));
  }
  CHECK(refusal(path).empty());
}
