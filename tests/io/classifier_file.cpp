#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <lamina/io/classifier_file.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "small_network.hpp"

using namespace lamina;

namespace {

/// Numbers without a short form in decimal.
Classifier<SmallNetwork> thirds() {
  return {.model = counted_model(),
          .normalization = {.mean = {1.0 / 3, 0.1, 1e-17}, .deviation = {2.0 / 3, 0.7, 1e300}},
          .class_names = {"a \"quoted\" name", "\xc3\xa4", ""}};
}

/// A file with the model of thirds() and metadata of one's own.
std::filesystem::path write_with(const TemporaryFolder& folder, const std::map<std::string, std::string>& metadata) {
  const auto path = folder.path() / "own.safetensors";
  save_model(path, counted_model(), metadata);
  return path;
}

void check_refused(const std::filesystem::path& path, const std::string& problem) {
  CHECK_THROWS_AS(load_classifier<SmallNetwork>(path), FileError);
  CHECK_THROWS_WITH(load_classifier<SmallNetwork>(path), ContainsSubstring(path.string() + ": " + problem));
}

}  // namespace

TEST_CASE("classifier file: weights, normalization and names come back to the bit") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "classifier.safetensors";
  save_classifier(path, thirds(), {{"model", "small"}});
  const Classifier<SmallNetwork> read = load_classifier<SmallNetwork>(path);
  CHECK(same_values(read.model, counted_model()));
  CHECK(read.normalization == thirds().normalization);
  CHECK(read.class_names == thirds().class_names);
  CHECK(read_safetensors(path).metadata().at("model") == "small");
}

TEST_CASE("classifier file: its own metadata come before those of the caller") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "classifier.safetensors";
  save_classifier(path, thirds(), {{"image_mean", "[0,0,0]"}, {"class_names", R"(["one","two","three"])"}});
  CHECK(load_classifier<SmallNetwork>(path).normalization == thirds().normalization);
  CHECK(load_classifier<SmallNetwork>(path).class_names == thirds().class_names);
  Classifier<SmallNetwork> nameless = thirds();
  nameless.class_names.clear();
  save_classifier(path, nameless, {{"class_names", R"(["one","two","three"])"}});
  CHECK(load_classifier<SmallNetwork>(path).class_names.empty());
}

TEST_CASE("classifier file: a name that is no UTF-8 is written with replacements") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "classifier.safetensors";
  Classifier<SmallNetwork> latin = thirds();
  latin.class_names[1] = "caf\xe9";
  save_classifier(path, latin);
  CHECK(load_classifier<SmallNetwork>(path).class_names[1] == "caf\xef\xbf\xbd");
}

TEST_CASE("classifier file: it is a file of weights for who wants those alone") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "classifier.safetensors";
  save_classifier(path, thirds());
  Model<SmallNetwork> model(1);
  CHECK(load_model(path, model).complete());
  CHECK(same_values(model, counted_model()));
}

TEST_CASE("classifier file: names may be missing, a normalization may not") {
  const TemporaryFolder folder;
  Classifier<SmallNetwork> nameless = thirds();
  nameless.class_names.clear();
  const auto path = folder.path() / "classifier.safetensors";
  save_classifier(path, nameless);
  CHECK(load_classifier<SmallNetwork>(path).class_names.empty());
  check_refused(write_with(folder, {}), "has no metadata 'image_mean', which save_classifier() writes");
  check_refused(write_with(folder, {{"image_mean", "[0,0,0]"}}), "has no metadata 'image_std'");
}

TEST_CASE("classifier file: metadata of another network or of no sense is refused with both sides") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& mean, const std::string& deviation, const std::string& names,
                           const std::string& problem) {
    check_refused(write_with(folder, {{"image_mean", mean}, {"image_std", deviation}, {"class_names", names}}),
                  problem);
  };
  refused("[0]", "[1]", "[]", "expected a mean and a standard deviation for 3 channels, found 1 and 1");
  refused("[0,0,0]", "[1,0,1]", "[]", "the standard deviation of a channel must be positive, got 0");
  refused("[0,0", "[1,1,1]", "[]", "its metadata 'image_mean' is no list as it should be: [0,0");
  refused("[0,0,0]", "[1,1,\"x\"]", "[]", "its metadata 'image_std' is no list as it should be: [1,1,\"x\"]");
  refused("[0,0,0]", "[1,1,1]", R"(["one"])", "expected the names of 3 classes, found 1");
}

TEST_CASE("classifier file: nothing is written of a classifier that does not fit its network") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "classifier.safetensors";
  Classifier<SmallNetwork> bad = thirds();
  bad.class_names.pop_back();
  CHECK_THROWS_WITH(save_classifier(path, bad), "expected the names of 3 classes, found 2");
  bad = thirds();
  bad.normalization.deviation[0] = -1;
  CHECK_THROWS_WITH(save_classifier(path, bad), ContainsSubstring("must be positive, got -1"));
  CHECK_FALSE(std::filesystem::exists(path));
}
