#include "gateway/llm/spend_journal.hpp"

#include "gateway/async/run_on.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

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
  const std::string fresh = path_ + ".new";
  const int file = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return unusable(fresh);
  if (!write_all(file, text) || std::rename(fresh.c_str(), path_.c_str()) != 0) {
    const Error why = unusable(fresh);
    ::close(file);
    return why;
  }
  ::close(file_);
  file_ = file;
  return success();
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
  auto job = [file = file_, bytes = std::move(waiting_)] { return write_all(file, bytes); };
  waiting_.clear();
  const bool written = co_await run_on(clock_, pool_, std::move(job));
  broken_ = !written;
  if (!written) co_return unusable(path_);
  durable_ = upto;
  co_return success();
}

}  // namespace purser::llm
