#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <lamina/io/safetensors.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "damage.hpp"
#include "full_disk.hpp"
#include "tensors.hpp"
#include "text_file.hpp"

using namespace lamina;

namespace {

/// The bytes of a file, by the format's definition: the header's length, the header, the values.
std::string file_of(std::string_view header, std::string_view values = {}) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes.append(header).append(values);
}

TensorFile parse(std::string_view bytes) { return parse_safetensors("some.safetensors", bytes); }

/// What parse() says against a file, behind the path; empty when it takes it.
std::string refusal(std::string_view bytes) {
  const std::string path = "some.safetensors: ";
  try {
    static_cast<void>(parse(bytes));
    return {};
  } catch (const FileError& error) {
    const std::string text = error.what();
    return text.starts_with(path) ? text.substr(path.size()) : "without the path: " + text;
  }
}

/// A header with the tensor "a", which should have 8 bytes.
std::string with_entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return file_of(R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}",
                 "12345678");
}

}  // namespace

TEST_CASE("safetensors: tensors and metadata read back bit for bit, in their order") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "small.safetensors";
  TensorFile file = small_file();
  file.metadata() = {{"model", "small"}, {"note", "line\n\"quoted\" \xC3\xA9"}};
  write_safetensors(path, file);
  const TensorFile read = read_safetensors(path);
  CHECK(same_tensors(read, file));
  CHECK(read.metadata() == file.metadata());
  CHECK(read.verified());
  CHECK(read.origin() == path);
}

TEST_CASE("safetensors: the same content gives the same bytes") {
  CHECK(to_safetensors(small_file()) == to_safetensors(small_file()));
}

TEST_CASE("safetensors: what is written is the format, with values at multiples of 8 bytes") {
  TensorFile file;
  file.metadata() = {{"k", "v"}};
  file.add<float>("a.b", {1, 2}, std::array{1.0F, -2.0F});
  file.add<std::uint8_t>("c", {3}, std::array<std::uint8_t, 3>{'x', 'y', 'z'});
  const std::string bytes = to_safetensors(file);
  const std::string_view values("\x00\x00\x80\x3f\x00\x00\x00\xc0xyz", 11);
  REQUIRE(bytes.size() > 8 + values.size());
  const std::string header = bytes.substr(8, bytes.size() - 8 - values.size());
  CHECK(bytes == file_of(header, values));
  CHECK(header.size() % 8 == 0);
  const std::string checksum = header.substr(29, 16);
  CHECK(header.substr(0, header.find_last_not_of(' ') + 1) ==
        R"({"__metadata__":{"checksum":")" + checksum + R"(","k":"v"},)" +
            R"("a.b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)" +
            R"("c":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})");
}

TEST_CASE("safetensors: a file of another program is read, whose header has another order than its values") {
  const TensorFile file = parse(file_of(R"({ "b" : {"shape":[],"data_offsets":[4,12],"dtype":"I64"},
      "__metadata__":{"format":"pt"}, "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} )",
                                        std::string_view("\x00\x00\x80\x3f\x05\x00\x00\x00\x00\x00\x00\x00", 12)));
  std::array<float, 1> a{};
  std::array<std::int64_t, 1> b{};
  file.read<float>("a", {1}, a);
  file.read<std::int64_t>("b", {}, b);
  CHECK(a[0] == 1.0F);
  CHECK(b[0] == 5);
  CHECK(file.metadata() == std::map<std::string, std::string>{{"format", "pt"}});
  CHECK_FALSE(file.verified());
}

TEST_CASE("safetensors: a file that is cut off is refused, wherever it ends") {
  const std::string whole = to_safetensors(small_file());
  for_each_truncation(whole, [](std::string_view bytes) { CHECK_THROWS_AS(parse(bytes), FileError); });
}

TEST_CASE("safetensors: one wrong bit is refused; in the name of the checksum it takes away only that") {
  const TensorFile right = small_file();
  int unverified = 0;
  for_each_wrong_bit(to_safetensors(right), [&](std::string_view bytes, std::size_t place) {
    CAPTURE(place);
    const auto file = unless_refused([&] { return parse(bytes); });
    if (!file) return;
    CHECK_FALSE(file->verified());
    CHECK(same_tensors(*file, right));
    CHECK((place >= 8 && place < detail::kChecksumPlace));
    ++unverified;
  });
  // Each of the 8 letters of "checksum" has 8 bits. Those that make it a quote, a backslash or a byte that is no text
  // make no JSON; most do not.
  CHECK(unverified > 32);
  CHECK(unverified < 64);
}

TEST_CASE("safetensors: one wrong bit in a file without a checksum is read or refused, but nothing else happens") {
  const std::string whole = file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678");
  int read = 0;
  for_each_wrong_bit(whole, [&](std::string_view bytes, std::size_t /*place*/) {
    if (unless_refused([&] { return parse(bytes); })) ++read;
  });
  CHECK(read >= 8 * 8);  // every bit of the values
}

TEST_CASE("safetensors: a file that ends behind the name of the checksum is refused") {
  CHECK_THROWS_AS(parse(file_of(detail::kChecksumPrefix)), FileError);
  CHECK_THROWS_AS(parse(file_of(std::string(detail::kChecksumPrefix) + "0123")), FileError);
}

TEST_CASE("safetensors: files of another kind are refused") {
  CHECK_THAT(refusal("PK\x03"), ContainsSubstring("is too short"));
  CHECK_THAT(refusal("a text that is no tensors"), ContainsSubstring("is no safetensors file"));
  CHECK_THAT(refusal(file_of("[1, 2]")), ContainsSubstring("its header is no JSON object"));
  CHECK_THAT(refusal(file_of("{\"a\": ")), ContainsSubstring("its header is no JSON"));
  CHECK_THAT(refusal(file_of(std::string(100000, '['))), ContainsSubstring("its header is no JSON"));
  CHECK_THAT(refusal(file_of("")), ContainsSubstring("its header is no JSON"));
}

TEST_CASE("safetensors: a header that cannot be so long is refused, with both lengths") {
  std::string bytes = file_of("{}");
  bytes[7] = '\x80';
  CHECK_THAT(refusal(bytes), ContainsSubstring("should have 9223372036854775810 bytes, and 2 follow"));
  CHECK_THROWS_AS(parse(std::string(8, '\xFF')), FileError);
}

TEST_CASE("safetensors: values that overlap, leave a gap or reach beyond the file are refused") {
  const auto two = [](const std::string& first, const std::string& second) {
    return file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
                       R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}",
                   "12345678");
  };
  CHECK(parse(two("[0,4]", "[4,8]")).tensors().size() == 2);
  CHECK(parse(two("[4,8]", "[0,4]")).tensors().size() == 2);
  CHECK_THAT(refusal(two("[0,4]", "[0,4]")),
             ContainsSubstring("bytes 0 to 4 of its values belong to no tensor or to two"));
  CHECK_THAT(refusal(two("[0,4]", "[3,7]")), ContainsSubstring("bytes 3 to 4"));
  CHECK_THAT(refusal(two("[0,4]", "[5,9]")), ContainsSubstring("bytes 4 to 5"));
  CHECK_THAT(refusal(two("[1,5]", "[5,9]")), ContainsSubstring("bytes 0 to 1"));
  CHECK_THAT(refusal(two("[0,4]", "[4,12]")), ContainsSubstring("have 12 bytes of values, the file 8"));
  CHECK_THAT(refusal(with_entry(R"("F32")", "[1]", "[0,4]")), ContainsSubstring("have 4 bytes of values, the file 8"));
  CHECK_THROWS_AS(parse(with_entry(R"("F32")", "[2]", "[8,0]")), FileError);
  CHECK_THROWS_AS(parse(with_entry(R"("F32")", "[2]", "[-8,0]")), FileError);
}

TEST_CASE("safetensors: an entry that is no tensor is refused with its name") {
  CHECK(parse(with_entry(R"("F32")", "[2]", "[0,8]")).tensors().size() == 1);
  CHECK_THAT(refusal(with_entry(R"("F8")", "[2]", "[0,8]")), ContainsSubstring("tensor 'a': its type 'F8' is unknown"));
  CHECK_THAT(refusal(with_entry(R"("F32")", "[3]", "[0,8]")), ContainsSubstring("8 bytes do not make 3 of type F32"));
  CHECK_THAT(refusal(with_entry("7", "[2]", "[0,8]")), ContainsSubstring("tensor 'a': its dtype is no text"));
  for (const char* const shape : {"[-2]", "[2.0]", "[true]", "[[2]]", "2", "[18446744073709551615]", "[1e3]", "null"}) {
    CAPTURE(shape);
    CHECK_THAT(refusal(with_entry(R"("F32")", shape, "[0,8]")), ContainsSubstring("tensor 'a': shape is no list"));
  }
  CHECK_THAT(refusal(with_entry(R"("F32")", "[1e999]", "[0,8]")),
             ContainsSubstring("a number that no file could have"));
  CHECK_THROWS_AS(parse(with_entry(R"("F32")", "[4611686018427387904,4]", "[0,8]")), FileError);
  CHECK_THROWS_AS(parse(with_entry(R"("F32")", "[4611686018427387904,4611686018427387906]", "[0,8]")), FileError);
  CHECK_THAT(refusal(with_entry(R"("F32")", "[2]", "[0,8,8]")), ContainsSubstring("expected 2 data_offsets, found 3"));
  CHECK_THAT(refusal(with_entry(R"("F32")", "[2]", "[0.0,8]")),
             ContainsSubstring("tensor 'a': data_offsets is no list"));
  CHECK_THAT(refusal(file_of(R"({"a":{"dtype":"F32","shape":[0]}})")),
             ContainsSubstring("tensor 'a': expected an object"));
  CHECK_THAT(refusal(file_of(R"({"a":[]})")), ContainsSubstring("tensor 'a': expected an object"));
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{"epoch":3}})")), ContainsSubstring("no object of texts"));
}

TEST_CASE("safetensors: a name that comes twice is refused") {
  const std::string entry = R"("a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]})";
  CHECK_THAT(refusal(file_of("{" + entry + "," + entry + "}", "12345678")),
             ContainsSubstring("its header has 'a' twice"));
  CHECK_THAT(refusal(file_of(R"({"a":{"shape":[1],"dtype":"U8","shape":[8],"data_offsets":[0,8]}})", "12345678")),
             ContainsSubstring("its header has 'shape' twice"));
}

TEST_CASE("safetensors: names that the format needs itself are refused") {
  TensorFile file;
  file.metadata() = {{"checksum", "0"}};
  CHECK_THROWS_AS(to_safetensors(file), ArgumentError);
  file.metadata().clear();
  file.add<float>("__metadata__", {0}, {});
  CHECK_THROWS_AS(to_safetensors(file), ArgumentError);
}

TEST_CASE("safetensors: a full disk leaves the earlier file") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "small.safetensors";
  write_safetensors(path, small_file());
  const std::string before = read_text(path);
  {
    const FullDisk limit(before.size() - 1);
    CHECK_THROWS_WITH(write_safetensors(path, small_file()), ContainsSubstring(path.string() + ": cannot be written"));
  }
  CHECK(read_text(path) == before);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("safetensors: a file that is not there is named with the reason") {
  CHECK_THROWS_WITH(read_safetensors("none/x.safetensors"),
                    "none/x.safetensors: cannot be opened: No such file or directory");
}
