#include "tests/support/temp_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/stat.h>

namespace purser::test {

TempFolder::TempFolder() {
  path_ = (std::filesystem::temp_directory_path() / "purser-test-XXXXXX").string();
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
