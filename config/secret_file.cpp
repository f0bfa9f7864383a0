#include "config/secret_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace purser {
namespace {

constexpr std::size_t kSecretBytesMax = 65'536;
constexpr std::uint32_t kOthers = 0007;
constexpr std::uint32_t kGroupAndOthers = 0077;
constexpr std::uint32_t kRoot = 0;

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error unreadable(const std::string& path, const std::string& why) {
  return Error(Errc::config_unreadable, path + ": " + why, path);
}

Result<std::string> read_all(int fd, const std::string& path) {
  std::string bytes(kSecretBytesMax + 1, '\0');
  std::size_t used = 0;
  while (used < bytes.size()) {
    const ssize_t n = ::read(fd, bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(path, std::strerror(errno));
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace

bool is_exposed(const FileFacts& facts) {
  if ((facts.mode & kGroupAndOthers) == 0 || facts.read_only_mount) return false;
  const bool handed_down = facts.owner == kRoot && facts.reader != kRoot;
  return !handed_down || (facts.mode & kOthers) != 0;
}

Result<Secret> read_secret_file(const std::string& path) {
  const Descriptor file(path);
  if (file.get() < 0) return unreadable(path, std::strerror(errno));
  struct stat about {};
  struct statvfs mount {};
  if (::fstat(file.get(), &about) != 0 || ::fstatvfs(file.get(), &mount) != 0)
    return unreadable(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return unreadable(path, "not a plain file");
  const bool read_only_mount = (mount.f_flag & ST_RDONLY) != 0;
  if (is_exposed({about.st_mode & 07777U, about.st_uid, ::geteuid(), read_only_mount}))
    return unreadable(path, "others may read this secret: chmod 600");

  auto bytes = read_all(file.get(), path);
  if (!bytes) return bytes.error();
  if (bytes->size() > kSecretBytesMax) return unreadable(path, "longer than 64 KiB");
  while (!bytes->empty() && (bytes->back() == '\n' || bytes->back() == '\r')) bytes->pop_back();
  if (bytes->empty()) return unreadable(path, "empty");
  return Secret(*std::move(bytes));
}

}  // namespace purser
