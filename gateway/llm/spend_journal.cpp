#include "gateway/llm/spend_journal.hpp"

#include "gateway/async/run_on.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace purser::llm {
namespace {

constexpr std::size_t kSumLetters = 8;

// FNV-1a: finds damage, not forgery.
std::string sum_of(std::string_view text) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  std::array<char, kSumLetters + 1> out{};
  std::snprintf(out.data(), out.size(), "%08x", hash);
  return out.data();
}

std::string framed(std::string_view line) {
  return sum_of(line) + " " + std::string(line) + "\n";
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fdatasync(file) == 0;
}

Error unusable(const std::string& path) {
  return {Errc::store_unavailable, path + ": " + std::strerror(errno), "llm.spend_journal"};
}

Result<std::string> contents(int file, const std::string& path) {
  std::string text;
  std::array<char, 64 << 10> piece{};
  for (;;) {
    const ssize_t n = ::read(file, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unusable(path);
    if (n == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(n));
  }
}

// Two daemons that write one journal would each forget what the other spent.
bool taken_for_us(int file, const std::string& path) {
  struct stat ours {};
  struct stat there {};
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) return false;
  // While we came, another may have put a new file in its place.
  return ::fstat(file, &ours) == 0 && ::stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino;
}

bool directory_is_durable(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool done = ::fsync(file) == 0;
  ::close(file);
  return done;
}

// The file that now stands at `path`, locked and durable under its name; -1 with errno set when it could not be made.
int put_in_place(const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return -1;
  if (write_all(file, bytes) && ::flock(file, LOCK_EX | LOCK_NB) == 0 &&
      std::rename(fresh.c_str(), path.c_str()) == 0 && directory_is_durable(path))
    return file;
  const int why = errno;
  ::close(file);
  errno = why;
  return -1;
}

// What a stop left unfinished at the end is no line.
Result<std::vector<std::string>> lines_of(std::string_view text, const std::string& path) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const bool good = line.size() > kSumLetters && line[kSumLetters] == ' ' &&
                      sum_of(line.substr(kSumLetters + 1)) == line.substr(0, kSumLetters);
    if (!good)
      return Error(Errc::store_corrupt, path + ": line " + std::to_string(out.size() + 1) + " is damaged",
                   "llm.spend_journal");
    out.emplace_back(line.substr(kSumLetters + 1));
  }
  return out;
}

}  // namespace

SpendJournal::SpendJournal(std::string path, int file, asio::thread_pool& pool, Clock& clock)
    : path_(std::move(path)), file_(file), pool_(pool), clock_(clock) {}

SpendJournal::~SpendJournal() {
  ::close(file_);
}

Result<std::unique_ptr<SpendJournal>> SpendJournal::open(const std::string& path, asio::thread_pool& pool,
                                                         Clock& clock) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return unusable(path);
  std::unique_ptr<SpendJournal> journal(new SpendJournal(path, file, pool, clock));
  if (!taken_for_us(file, path))
    return Error(Errc::store_unavailable, path + ": another daemon writes it", "llm.spend_journal");
  auto text = contents(file, path);
  if (!text) return text.error();
  auto lines = lines_of(*text, path);
  if (!lines) return lines.error();
  journal->lines_ = std::move(*lines);
  return journal;
}

Result<void> SpendJournal::rewrite(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += framed(line);
  const int file = put_in_place(path_, text);
  if (file < 0) return unusable(path_);
  ::close(file_);
  file_ = file;
  fresh_bytes_ = text.size();
  return success();
}

void SpendJournal::renew(const std::vector<std::string>& lines) {
  waiting_.clear();
  for (const std::string& line : lines) waiting_ += framed(line);
  fresh_bytes_ = waiting_.size();
  appended_ = 0;
  anew_ = true;
}

void SpendJournal::note(const std::string& line) {
  waiting_ += framed(line);
}

Task<Result<void>> SpendJournal::append(std::string line) {
  waiting_ += framed(line);
  const std::int64_t mine = ++taken_;
  auto turn = co_await writing_.lock();
  if (!turn) co_return turn.error();
  if (durable_ >= mine) co_return success();
  if (broken_) co_return Error(Errc::store_unavailable, path_ + ": an earlier write failed", "llm.spend_journal");
  const std::int64_t upto = taken_;
  const bool anew = std::exchange(anew_, false);
  if (!anew) appended_ += waiting_.size();
  auto job = [file = file_, anew, path = path_, bytes = std::exchange(waiting_, {})] {
    if (anew) return put_in_place(path, bytes);
    return write_all(file, bytes) ? file : -1;
  };
  const int file = co_await run_on(clock_, pool_, std::move(job));
  broken_ = file < 0;
  if (broken_) co_return unusable(path_);
  if (file != file_) ::close(std::exchange(file_, file));
  durable_ = upto;
  co_return success();
}

}  // namespace purser::llm
