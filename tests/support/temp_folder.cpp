#include "tests/support/temp_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/stat.h>

namespace purser::test {

namespace {

std::filesystem::path home(bool in_memory) {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code none;
  if (in_memory && std::filesystem::space(memory, none).available > (256U << 20) && !none) return memory;
  return std::filesystem::temp_directory_path();
}

}  // namespace

TempFolder::TempFolder(bool in_memory) {
  path_ = (home(in_memory) / "purser-test-XXXXXX").string();
  if (!::mkdtemp(path_.data())) throw std::runtime_error("no temporary folder");
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& content) const {
  const std::string path = file(name);
  std::ofstream(path) << content;
  ::chmod(path.c_str(), 0600);
  return path;
}

}  // namespace purser::test
