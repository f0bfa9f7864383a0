// Where the budget survives a restart: one file of lines, appended and made durable before an attempt is sent. The line
// a crash cut in two is the last one and counts as never written; damage anywhere else is an error, because a budget
// that forgot something is no budget.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/mutex.hpp"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <string>
#include <vector>

namespace purser::llm {

class SpendJournal {
 public:
  // Opens or makes the file and reads what it holds; nobody else can while this one lives. `pool` writes; it and
  // `clock` outlive the journal. Errors: store_unavailable, store_corrupt (naming the line).
  static Result<std::unique_ptr<SpendJournal>> open(const std::string& path, asio::thread_pool& pool, Clock& clock);
  ~SpendJournal();

  // The lines of earlier processes, in order. Once.
  std::vector<std::string> take_lines() { return std::move(lines_); }
  // Replaces the file by these lines; before anything is appended.
  Result<void> rewrite(const std::vector<std::string>& lines);
  // Durable when it returns. Lines that come while one is written are written together. Error: store_unavailable; the
  // journal takes nothing more then.
  Task<Result<void>> append(std::string line);
  // Written with the next line that is appended, and lost with a stop before that.
  void note(const std::string& line);

  // Whether the file has grown so much that it is worth being written anew.
  bool worn() const { return appended_ > kWornBytes && appended_ > 2 * fresh_bytes_; }
  // With the next append() the file is replaced by these lines, which stand for all that came before, and those that
  // come after them.
  void renew(const std::vector<std::string>& lines);

 private:
  SpendJournal(std::string path, int file, asio::thread_pool& pool, Clock& clock);

  static constexpr std::size_t kWornBytes = 16 << 20;

  std::string path_;
  int file_;
  asio::thread_pool& pool_;
  Clock& clock_;
  AsyncMutex writing_;
  std::string waiting_;       // lines not yet given to the pool
  std::int64_t taken_ = 0;    // lines ever taken
  std::int64_t durable_ = 0;  // of them durable
  bool broken_ = false;
  bool anew_ = false;            // the waiting lines replace the file
  std::size_t fresh_bytes_ = 0;  // of the file when it was last written anew
  std::size_t appended_ = 0;     // since then
  std::vector<std::string> lines_;
};

}  // namespace purser::llm
