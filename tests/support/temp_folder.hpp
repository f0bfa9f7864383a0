// A folder under the system's temporary one that is removed with everything in it.
#pragma once

#include <string>

namespace purser::test {

class TempFolder {
 public:
  // `in_memory`: where nothing waits for a disk, when the machine has such a place; for tests that prove nothing about
  // what lasts.
  explicit TempFolder(bool in_memory = false);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file with mode 0600 and returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

}  // namespace purser::test
