#include "gateway/store/sqlite/writer.hpp"

#include "gateway/log.hpp"
#include "gateway/store/sqlite/apply.hpp"

#include <exception>

namespace purser::sqlite {
namespace {

constexpr const char* kDiskFailed = "the disk failed: nothing is written any more until a restart";
constexpr const char* kFileGone =
    "the database file or its log was deleted or replaced under this process: nothing is written any more until a "
    "restart, which opens what lies there then";

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, FilePlace place, WriterLimits limits, Clock& clock, PutBack put_back)
    : database_(std::move(database)),
      put_back_(std::move(put_back)),
      place_(std::move(place)),
      log_pages_max_(limits.log_pages_max),
      group_([this](const GroupWriter::Group& group) { return execute(group); }, [this] { tidy_log(); }, limits.group,
             clock) {}

Writer::~Writer() {
  if (put_back_ && healthy() && !database_->in_transaction()) put_back_(std::move(database_));
}

std::vector<Result<Receipt>> Writer::execute(const GroupWriter::Group& group) {
  const auto refuse_all = [&](const std::string& why) {
    return std::vector<Result<Receipt>>(group.size(), Error(Errc::store_unavailable, why));
  };
  if (!place_.kept()) stop(kFileGone);
  if (!healthy_) return refuse_all("writing has stopped since the disk failed or lost the file; a restart recovers");
  try {
    const std::int64_t before = database_->commits();
    auto answers = commit_group(*database_, group);
    transactions_ += database_->commits() - before;
    if (database_->broken()) stop(kDiskFailed);
    return answers;
  } catch (const std::exception& e) {  // no memory: nothing was committed
    if (database_->in_transaction()) (void)database_->execute("ROLLBACK");
    return refuse_all(e.what());
  }
}

void Writer::tidy_log() {
  if (!healthy_ || database_->log_pages() < log_pages_max_) return;
  if (auto done = database_->checkpoint(); !done) {
    log::warn("store.checkpoint_failed", {{"code", done.code()}, {"message", done.error().message}});
  }
  if (database_->broken()) stop(kDiskFailed);
}

void Writer::stop(const std::string& why) {
  if (healthy_.exchange(false)) log::error("store.stopped", {{"message", why}});
}

}  // namespace purser::sqlite
