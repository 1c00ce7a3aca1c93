#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;

struct Outcome {
  int status = 0;
  std::string text;
};

/// Runs scripts/get_cifar100.sh in the folder, so that its default target is there, with the archive at `url`.
Outcome run_script(const TemporaryFolder& folder, const std::string& url, const std::string& arguments = "") {
  const auto script = fs::absolute(__FILE__).parent_path() / "../../scripts/get_cifar100.sh";
  const auto output = folder.path() / "output";
  const auto command = "cd '" + folder.path().string() + "' && LAMINA_CIFAR100_URL='" + url + "' sh '" +
                       fs::canonical(script).string() + "' " + arguments + " >output 2>&1";
  const int status = std::system(command.c_str());
  std::ifstream in(output);
  const Outcome outcome{status, {std::istreambuf_iterator<char>(in), {}}};
  fs::remove(output);
  return outcome;
}

bool missing_curl() {
  if (std::system("command -v curl >/dev/null") == 0) return false;
  WARN("skipped: curl is not installed");
  return true;
}

}  // namespace

TEST_CASE("get_cifar100: an archive with a wrong sum is refused and nothing is left") {
  if (missing_curl()) return;
  const TemporaryFolder folder;
  const auto archive = folder.write("archive.tar.gz", std::vector<std::uint8_t>(100, 7));
  const Outcome outcome = run_script(folder, "file://" + archive.string());
  CHECK(outcome.status != 0);
  CHECK_THAT(outcome.text, ContainsSubstring("expected MD5 03b5dce01913d631647c71ecec9e9cb8, found"));
  fs::remove(archive);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("get_cifar100: what cannot be fetched is said in words and nothing is left") {
  if (missing_curl()) return;
  const TemporaryFolder folder;
  const Outcome outcome = run_script(folder, "file://" + (folder.path() / "none").string(), "a/new/folder");
  CHECK(outcome.status != 0);
  CHECK_THAT(outcome.text, ContainsSubstring("is there a network?"));
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("get_cifar100: a complete folder is left as it is, an incomplete one is refused") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "mine");
  for (const auto& [name, size] : {std::pair{"train.bin", 153'700'000}, std::pair{"test.bin", 30'740'000}}) {
    fs::resize_file(folder.write(std::string("mine/") + name, {}), static_cast<std::uintmax_t>(size));
  }
  const Outcome complete = run_script(folder, "file:///none", "mine");
  CHECK(complete.status == 0);
  CHECK_THAT(complete.text, ContainsSubstring("already in mine"));

  fs::resize_file(folder.path() / "mine" / "test.bin", 5);
  const Outcome incomplete = run_script(folder, "file:///none", "mine");
  CHECK(incomplete.status != 0);
  CHECK_THAT(incomplete.text, ContainsSubstring("mine exists but does not hold CIFAR-100"));
  CHECK(fs::file_size(folder.path() / "mine" / "test.bin") == 5);
}
