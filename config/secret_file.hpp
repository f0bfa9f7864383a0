// Secrets that come as files: mounted by an orchestrator, or written by hand with mode 0600.
#pragma once

#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"

#include <cstdint>
#include <string>

namespace purser {

// Who can read a file, as far as it matters here.
struct FileFacts {
  std::uint32_t mode = 0;  // permission bits
  std::uint32_t owner = 0;
  std::uint32_t reader = 0;  // the user this process runs as
  bool read_only_mount = false;
};

// True when others than the reader could read the secret. Left alone are files on a read-only mount, where
// orchestrators put secrets with modes nobody can change, and files that root shares with our group only.
bool is_exposed(const FileFacts& facts);

// The contents without the line end behind them. Errors: config_unreadable, saying whether the file is missing, is not
// a plain file, is empty or longer than 64 KiB, or may be read by others.
Result<Secret> read_secret_file(const std::string& path);

}  // namespace purser
