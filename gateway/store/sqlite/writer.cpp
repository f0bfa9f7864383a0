#include "gateway/store/sqlite/writer.hpp"

#include "gateway/log.hpp"
#include "gateway/store/sqlite/apply.hpp"

#include <exception>

namespace purser::sqlite {

Writer::Writer(std::unique_ptr<Database> database, WriterLimits limits, Clock& clock)
    : database_(std::move(database)),
      log_pages_max_(limits.log_pages_max),
      group_([this](const GroupWriter::Group& group) { return execute(group); }, [this] { tidy_log(); }, limits.group,
             clock) {}

std::vector<Result<Receipt>> Writer::execute(const GroupWriter::Group& group) {
  const auto refuse_all = [&](const std::string& why) {
    return std::vector<Result<Receipt>>(group.size(), Error(Errc::store_unavailable, why));
  };
  if (database_->broken()) return refuse_all("writing has stopped since the disk failed; a restart recovers");
  try {
    const std::int64_t before = database_->commits();
    auto answers = commit_group(*database_, group);
    transactions_ += database_->commits() - before;
    note_health();
    return answers;
  } catch (const std::exception& e) {  // no memory: nothing was committed
    if (database_->in_transaction()) (void)database_->execute("ROLLBACK");
    return refuse_all(e.what());
  }
}

void Writer::tidy_log() {
  if (database_->broken() || database_->log_pages() < log_pages_max_) return;
  if (auto done = database_->checkpoint(); !done) {
    log::warn("store.checkpoint_failed", {{"code", done.code()}, {"message", done.error().message}});
  }
  note_health();
}

void Writer::note_health() {
  if (!database_->broken() || !healthy_.exchange(false)) return;
  log::error("store.stopped", {{"message", "the disk failed: nothing is written any more until a restart"}});
}

}  // namespace purser::sqlite
