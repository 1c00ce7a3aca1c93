#include <filesystem>
#include <fstream>
#include <iostream>

#include <lamina/data/image_file.hpp>
#include <lamina/lamina.hpp>

using namespace lamina;

// A file that stb_image has looked into: it is compiled in once, by the target.
int main() {
  const auto path = std::filesystem::temp_directory_path() / "lamina_consumer.png";
  std::ofstream(path) << "no image";
  try {
    (void)read_image(path, Shape{8, 8, 3});
  } catch (const FileError& error) {
    std::filesystem::remove(path);
    std::cout << error.what() << '\n';
    return 0;
  }
  return 1;
}
