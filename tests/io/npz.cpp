#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/io/npz.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "damage.hpp"
#include "full_disk.hpp"
#include "tensors.hpp"
#include "text_file.hpp"

using namespace lamina;

namespace {

TensorFile parse(std::string_view bytes) { return parse_npz("some.npz", bytes); }

std::string written(const TensorFile& file) {
  const TemporaryFolder folder;
  write_npz(folder.path() / "file.npz", file);
  return read_text(folder.path() / "file.npz");
}

/// An archive with one member.
std::string archive(const std::string& name, std::string_view content) {
  return detail::to_zip("some.npz", std::vector<detail::ZipMember>{{name, content}});
}

/// An archive with the array "a", whose header is given, and 8 bytes of values.
std::string with_header(const std::string& header, char version = 1) {
  std::string array = "\x93NUMPY";
  array.append({version, 0, static_cast<char>(header.size()), 0});
  if (version > 1) array.append(2, '\0');
  return archive("a.npy", array.append(header).append("12345678"));
}

std::string with_fields(const std::string& descr, const std::string& order, const std::string& shape) {
  return with_header("{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n");
}

/// What parse() says against a file; empty when it takes it.
std::string refusal(std::string_view bytes) {
  try {
    static_cast<void>(parse(bytes));
    return {};
  } catch (const FileError& error) {
    return error.what();
  }
}

/// `count` bytes of a text, from `place` on, replaced.
std::string replaced(std::string text, std::size_t place, std::string_view bytes) {
  return text.replace(place, bytes.size(), bytes);
}

constexpr auto kFloats = "'<f4'";

}  // namespace

TEST_CASE("npz: tensors read back bit for bit, in their order, and metadata are dropped") {
  TensorFile file = small_file();
  file.metadata() = {{"model", "small"}};
  const TensorFile read = parse(written(file));
  CHECK(same_tensors(read, file));
  CHECK(read.metadata().empty());
  CHECK(read.verified());
}

TEST_CASE("npz: every type that NumPy has reads back, and others are refused") {
  TensorFile file;
  for (const std::string type : {"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}) {
    file.add({type, type, {3}, std::vector<std::byte>(3 * detail::stored_size(type), std::byte{1})});
  }
  CHECK(same_tensors(parse(written(file)), file));
  file.add({"half", "BF16", {1}, std::vector<std::byte>(2)});
  CHECK_THROWS_WITH(written(file), ContainsSubstring("file.npz: tensor 'half': NumPy has no type BF16"));
}

TEST_CASE("npz: dimensions read back, from none to as many as NumPy has") {
  TensorFile file;
  Dimensions dimensions;
  for (int rank = 0; rank <= 32; ++rank) {
    file.add<float>(std::to_string(rank), dimensions, std::array{1.0F});
    dimensions.push_back(1);
  }
  CHECK(same_tensors(parse(written(file)), file));
  file.add<float>("33", dimensions, std::array{1.0F});
  CHECK_THROWS_WITH(written(file), ContainsSubstring("tensor '33': has more dimensions"));
}

TEST_CASE("npz: a file that is cut off is refused, wherever it ends") {
  const std::string whole = written(small_file());
  for_each_truncation(whole, [](std::string_view bytes) { CHECK_THROWS_AS(parse(bytes), FileError); });
}

TEST_CASE("npz: one wrong bit is refused, or in a place that says nothing of the tensors, such as a date") {
  const TensorFile right = small_file();
  const std::string whole = written(right);
  int harmless = 0;
  int places = 0;
  for_each_wrong_bit(whole, [&](std::string_view bytes, std::size_t place) {
    CAPTURE(place);
    ++places;
    const auto file = unless_refused([&] { return parse(bytes); });
    if (!file) return;
    CHECK(same_tensors(*file, right));
    ++harmless;
  });
  // Of each member: in both headers the version, the flags but the first in the directory, and the date and time; in
  // its own the first size, and what follows in the directory's: version, attributes, disk.
  const int most = static_cast<int>(right.tensors().size()) * 8 * (2 * (2 + 2 + 4) + 4 + 2 + 10);
  CHECK(harmless <= most);
  CHECK(harmless < places / 4);
}

TEST_CASE("npz: an archive with a comment behind it is read") {
  const std::string whole = written(small_file());
  CHECK(same_tensors(parse(replaced(whole, whole.size() - 2, {"\x03\x00", 2}) + "abc"), small_file()));
  CHECK_THAT(refusal(replaced(whole, whole.size() - 2, {"\x04\x00", 2}) + "abc"),
             ContainsSubstring("its end is missing"));
}

TEST_CASE("npz: a member whose own header has its sizes elsewhere is read: some versions of Python write that") {
  const std::string whole = written(small_file());
  CHECK(same_tensors(parse(replaced(whole, 18, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")), small_file()));
  CHECK_THAT(refusal(replaced(whole, 22, "\x01")), ContainsSubstring("the directory does not agree with it"));
}

TEST_CASE("npz: files of another kind are refused") {
  CHECK(refusal("") == "some.npz: is no ZIP archive, or cut off: its end is missing");
  CHECK_THAT(refusal(std::string(70000, 'x')), ContainsSubstring("is no ZIP archive"));
  const std::string array = detail::to_npy("", {"a", "U8", {1}, {std::byte{1}}});
  CHECK(refusal(archive("weights.npy", array)).empty());
  CHECK(refusal(archive("weights.txt", array)) == "some.npz: member 'weights.txt': is no array of NumPy's");
  CHECK(refusal(archive("a.npy", "1 2 3")) == "some.npz: member 'a.npy': is no array of NumPy's");
}

TEST_CASE("npz: two tensors of one name are refused") {
  const std::string array = detail::to_npy("", {"a", "U8", {1}, {std::byte{1}}});
  const std::vector<detail::ZipMember> twice{{"a.npy", array}, {"a.npy", array}};
  CHECK(refusal(detail::to_zip("some.npz", twice)) == "some.npz: there are two tensors 'a'");
}

TEST_CASE("npz: compressed and encrypted members, and what lies beyond 4 GiB, are refused with a reason") {
  const std::string whole = written(small_file());
  const std::size_t entry = whole.find("PK\x01\x02");
  CHECK_THAT(refusal(replaced(whole, entry + 10, "\x08")),
             ContainsSubstring("some.npz: member '0.weight.npy' is compressed (numpy.savez writes"));
  CHECK_THAT(refusal(replaced(whole, entry + 8, "\x01")), ContainsSubstring("is encrypted"));
  CHECK_THAT(refusal(replaced(whole, entry + 42, "\xFF\xFF\xFF\xFF")), ContainsSubstring("lies beyond 4 GiB"));
  CHECK_THAT(refusal(replaced(whole, whole.size() - 6, "\xFF\xFF\xFF\xFF")), ContainsSubstring("of 4 GiB or more"));
}

TEST_CASE("npz: arrays in another order, byte order or of other things than numbers are refused with the reason") {
  CHECK(refusal(with_fields(kFloats, "False", "(2,)")).empty());
  CHECK_THAT(refusal(with_fields(kFloats, "True", "(2, 1)")),
             ContainsSubstring("some.npz: member 'a.npy': is in Fortran order; numpy.ascontiguousarray changes that"));
  CHECK_THAT(refusal(with_fields("'>f4'", "False", "(2,)")), ContainsSubstring("is big-endian, of type '>f4'"));
  CHECK_THAT(refusal(with_fields("'|O'", "False", "(2,)")), ContainsSubstring("is an array of Python objects"));
  CHECK_THAT(refusal(with_fields("'<c8'", "False", "(1,)")), ContainsSubstring("is an array of type '<c8'"));
  CHECK_THAT(refusal(with_fields("[('x', '<f4')]", "False", "(2,)")), ContainsSubstring("that of a structured array"));
}

TEST_CASE("npz: headers in other versions, spacing and order of keys are read") {
  const std::string header = "{'shape':(1,2),'descr':'<f4','fortran_order':False}";
  for (char version = 1; version <= 3; ++version) {
    const TensorFile file = parse(with_header(header, version));
    REQUIRE(file.find("a") != nullptr);
    CHECK(file.find("a")->dimensions == Dimensions{1, 2});
  }
  CHECK_THAT(refusal(with_header(header, 4)), ContainsSubstring("is an array in version 4"));
}

TEST_CASE("npz: a header that is none, or does not fit its values, is refused") {
  for (const char* const shape :
       {"(-2,)", "(2", "(2)", "2", "(,)", "(2,,)", "(2.0,)", "(99999999999999999999,)", "(1 2)"}) {
    CAPTURE(shape);
    CHECK_THAT(refusal(with_fields(kFloats, "False", shape)), ContainsSubstring("the header of the array has"));
  }
  CHECK_THAT(refusal(with_fields(kFloats, "False", "(3,)")), ContainsSubstring("8 bytes do not make 3 of type F32"));
  CHECK_THAT(refusal(with_fields(kFloats, "False", "(4611686018427387904, 4)")), ContainsSubstring("do not make"));
  CHECK_THAT(refusal(with_fields(kFloats, "0", "(2,)")), ContainsSubstring("has no 'False' where one belongs"));
  CHECK_THAT(refusal(with_header("")), ContainsSubstring("has no '{' where one belongs"));
  CHECK_THAT(refusal(with_header("{'descr': '<f4")), ContainsSubstring("has a text without an end"));
  CHECK_THAT(refusal(with_header("{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}")),
             ContainsSubstring("'descr' twice"));
  CHECK_THAT(refusal(with_header("{'descr': '<f4', 'order': 'C', 'shape': (2,)}")),
             ContainsSubstring("unknown key 'order'"));
  CHECK_THAT(refusal(with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}")),
             ContainsSubstring("has no '}' where one belongs"));
  CHECK_THAT(refusal(with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x")),
             ContainsSubstring("goes on behind its end"));
  CHECK_THAT(refusal(archive("a.npy", {"\x93NUMPY\x01\x00\xFF\x00{}", 12})),
             ContainsSubstring("is cut off in its header"));
}

TEST_CASE("npz: what a ZIP archive cannot hold is refused") {
  CHECK(detail::zip_field<std::uint16_t>("some.npz", 65534) == 65534);
  CHECK_THROWS_WITH(detail::zip_field<std::uint16_t>("some.npz", 65535),
                    "some.npz: cannot be written: a ZIP archive holds less than 4 GiB and 65,535 members");
  CHECK_THROWS_AS(detail::zip_field<std::uint32_t>("some.npz", std::size_t{1} << 32), FileError);
}

TEST_CASE("npz: a full disk leaves the earlier file") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "small.npz";
  write_npz(path, small_file());
  const std::string before = read_text(path);
  {
    const FullDisk limit(before.size() - 1);
    CHECK_THROWS_WITH(write_npz(path, small_file()), ContainsSubstring(path.string() + ": cannot be written"));
  }
  CHECK(read_text(path) == before);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
