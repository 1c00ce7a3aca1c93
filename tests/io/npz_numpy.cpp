#include <cstdlib>
#include <string>

#include <lamina/io/npz.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "damage.hpp"
#include "tensors.hpp"

using namespace lamina;

namespace {

/// Whether a program in Python, with the path of the file as its argument, ends well.
bool python(const std::string& program, const std::filesystem::path& file = {}) {
  const std::string command = std::string(LAMINA_PYTHON3) + " -c '" + program + "' '" + file.string() + "' >&2";
  return std::system(command.c_str()) == 0;
}

bool missing_numpy() {
  if (python("import numpy")) return false;
  WARN("skipped: Python has no NumPy");
  return true;
}

/// What small_file() holds.
const std::string kSmallFile = R"(
import sys, numpy as np
def delicate(t, nan):
  info = np.finfo(t)
  nan = np.array([nan], "<u%d" % t().itemsize).view(t)[0]
  return np.array([-0.0, info.smallest_subnormal, -np.inf, nan, info.max, np.float32(0.1)], t)
small = {"0.weight": delicate(np.float32, 0x7fa00000).reshape(3, 1, 2),
         "moments": delicate(np.float64, 0x7ff4000000000000).reshape(2, 3),
         "step": np.array(-5), "nothing": np.zeros((0, 7), np.float32)}
)";

}  // namespace

TEST_CASE("npz: NumPy loads what we write, bit for bit") {
  if (missing_numpy()) return;
  const TemporaryFolder folder;
  const auto path = folder.path() / "small.npz";
  write_npz(path, small_file());
  CHECK(python(kSmallFile + R"(
read = np.load(sys.argv[1])
assert read.files == list(small), read.files
for name, array in small.items():
  assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape), name
  assert read[name].tobytes() == array.tobytes(), name
)",
               path));
}

TEST_CASE("npz: what NumPy saves is read, bit for bit") {
  if (missing_numpy()) return;
  const TemporaryFolder folder;
  const auto path = folder.path() / "small.npz";
  REQUIRE(python(kSmallFile + "np.savez(sys.argv[1], **small)", path));
  CHECK(same_tensors(read_npz(path), small_file()));
}

TEST_CASE("npz: one wrong bit in a file of NumPy's changes no tensor without being refused") {
  if (missing_numpy()) return;
  const TemporaryFolder folder;
  const auto path = folder.path() / "small.npz";
  REQUIRE(python(kSmallFile + "np.savez(sys.argv[1], **small)", path));
  const std::string whole = read_file(path);
  const TensorFile right = small_file();
  for_each_wrong_bit(whole, [&](std::string_view bytes, std::size_t place) {
    CAPTURE(place);
    const auto file = unless_refused([&] { return parse_npz(path, bytes); });
    CHECK((!file || same_tensors(*file, right)));
  });
}

TEST_CASE("npz: NumPy's compressed, Fortran-ordered, big-endian and object arrays are refused by their names") {
  if (missing_numpy()) return;
  const TemporaryFolder folder;
  const auto path = folder.path() / "other.npz";
  const auto save = [&](const std::string& function, const std::string& array) {
    REQUIRE(python("import sys, numpy as np; np." + function + "(sys.argv[1], w=" + array + ")", path));
  };
  save("savez_compressed", "np.ones(9)");
  CHECK_THROWS_WITH(read_npz(path), ContainsSubstring("member 'w.npy' is compressed"));
  save("savez", "np.ones((2, 3)).T");
  CHECK_THROWS_WITH(read_npz(path), ContainsSubstring("member 'w.npy': is in Fortran order"));
  save("savez", "np.ones(3, \">f4\")");
  CHECK_THROWS_WITH(read_npz(path), ContainsSubstring("member 'w.npy': is big-endian"));
  save("savez", "np.array([None])");
  CHECK_THROWS_WITH(read_npz(path), ContainsSubstring("member 'w.npy': is an array of Python objects"));
}
