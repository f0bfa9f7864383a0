// The process purser runs in.
#pragma once

#include "validation/money/result.hpp"

#include <exception>
#include <map>
#include <string>
#include <utility>

namespace purser {

// No core file and no attaching debugger of the same user: keys and payment data live in this memory.
void keep_secrets_out_of_core_dumps();

// What only the start needed goes back to the system: freed memory, and the pages of code and constants that were
// mapped on the way. Whatever is needed again comes back from the page cache. Called once, when the daemon is ready.
void give_back_start_up_memory();

// The environment as a map. Only main calls it; everything below is given what it may see.
std::map<std::string, std::string> environment();

// The folder exists afterwards, with those above it; a new one is for its owner alone. An empty path is no folder.
// Error: store_unavailable naming the folder.
Result<void> make_state_folder(const std::string& path);

// A file that one process at a time holds; the lock ends with this object, and with the process however it ends.
class FileLock {
 public:
  // Makes the file when it is missing, for its owner alone. Error: store_unavailable naming it, also when another
  // process holds it.
  static Result<FileLock> take(const std::string& path);
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();

 private:
  int descriptor_ = -1;
};

// "std::bad_alloc" and the like; empty for none.
std::string what_of(const std::exception_ptr& error);

}  // namespace purser
