// Whether the files of an open database still lie where they were opened. A file that was deleted or replaced under a
// running process takes every write and keeps none: it is gone with the process.
#pragma once

#include "validation/money/result.hpp"

#include <string>
#include <sys/types.h>

namespace purser::sqlite {

class FilePlace {
 public:
  // Of the database that is open at `path` and has its write-ahead log beside it. Error: store_unavailable.
  static Result<FilePlace> of(std::string path);

  // Costs two looks into the folder and holds nothing open, so any thread may ask.
  bool kept() const;

 private:
  FilePlace(std::string path, dev_t device, ino_t file, ino_t log);

  std::string path_;
  dev_t device_;
  ino_t file_;
  ino_t log_;
};

}  // namespace purser::sqlite
