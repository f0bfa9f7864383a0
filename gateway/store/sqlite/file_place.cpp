#include "gateway/store/sqlite/file_place.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace purser::sqlite {
namespace {

std::string log_of(const std::string& path) {
  return path + "-wal";
}

}  // namespace

FilePlace::FilePlace(std::string path, dev_t device, ino_t file, ino_t log)
    : path_(std::move(path)), device_(device), file_(file), log_(log) {}

Result<FilePlace> FilePlace::of(std::string path) {
  struct stat file {};
  struct stat log {};
  if (::stat(path.c_str(), &file) != 0 || ::stat(log_of(path).c_str(), &log) != 0) {
    return Error(Errc::store_unavailable, "the database " + path + ": " + std::generic_category().message(errno));
  }
  return FilePlace(std::move(path), file.st_dev, file.st_ino, log.st_ino);
}

bool FilePlace::kept() const {
  const auto holds = [this](const std::string& path, ino_t file) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == file;
  };
  return holds(path_, file_) && holds(log_of(path_), log_);
}

}  // namespace purser::sqlite
