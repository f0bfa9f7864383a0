#include "agent/app/process.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <string_view>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace purser {

void keep_secrets_out_of_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

namespace {

// Only what is read from a file and never written: nothing is lost with its pages.
int give_back_pages(dl_phdr_info* object, std::size_t, void*) {
  if (std::string_view(object->dlpi_name).find("vdso") != std::string_view::npos) return 0;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
    const std::uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_filesz) / page * page;
    if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void give_back_start_up_memory() {
  // Small blocks have a cache of each thread's own before these lists, which are gone through with every larger block.
  ::mallopt(M_MXFAST, 0);
  ::malloc_trim(0);
  ::dl_iterate_phdr(give_back_pages, nullptr);
}

Result<void> make_state_folder(const std::string& path) {
  for (std::size_t end = path.find('/', 1); !path.empty(); end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return Error(Errc::store_unavailable, "the state folder " + folder + " cannot be made: " + std::strerror(errno) +
                                                "; PURSER_DATABASE_URL=sqlite:///absolute/path names another place");
    if (end == std::string::npos) break;
  }
  return success();
}

Result<FileLock> FileLock::take(const std::string& path) {
  FileLock out;
  out.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (out.descriptor_ < 0) return Error(Errc::store_unavailable, path + ": " + std::strerror(errno));
  if (::flock(out.descriptor_, LOCK_EX | LOCK_NB) == 0) return out;
  if (errno == EWOULDBLOCK) return Error(Errc::store_unavailable, path + " is held by another purser");
  return Error(Errc::store_unavailable, path + ": " + std::strerror(errno));
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::string what_of(const std::exception_ptr& error) {
  if (!error) return {};
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an unknown exception";
  }
}

}  // namespace purser
