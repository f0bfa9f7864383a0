#include "gateway/store/sqlite/database.hpp"

#include <cerrno>

namespace purser::sqlite {
namespace {

// The disk is full, not broken. A write over a quota or a file-size limit is reported as a failed write with that
// errno. The index of the log in shared memory holds nothing durable, so failing to grow it is no damage either.
bool means_full(int code, int write_errno) {
  if (code == SQLITE_IOERR_SHMSIZE) return true;
  return code == SQLITE_IOERR_WRITE && (write_errno == ENOSPC || write_errno == EDQUOT || write_errno == EFBIG);
}

// "UNIQUE constraint failed: turns.thread_id" -> "turns.thread_id"
std::string constraint_of(const std::string& message) {
  const auto colon = message.find(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const std::string& vfs,
                                                 Millis busy_time_max) {
  // Nobody asks how much memory SQLite holds; counting takes a lock for every piece of it.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)uncounted;
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Database> database(new Database(db));
  if (code != SQLITE_OK) {
    const std::string why = db == nullptr ? "no memory" : sqlite3_errmsg(db);
    return Error(Errc::store_unavailable, "cannot open the database " + path + ": " + why);
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, static_cast<int>(busy_time_max.count()));
  sqlite3_wal_hook(db, &Database::on_log_growth, database.get());  // replaces the automatic checkpoint
  // A file somebody tampered with must not run code of its own.
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  return database;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  // After a failed fsync nobody knows what the disk holds: the log stays as it is, for the recovery of the next open.
  if (broken_) sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_close(db_);
}

Statement Database::statement(std::string_view sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return Statement(*this, known->second);
  sqlite3_stmt* prepared = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (code == SQLITE_OK) statements_.emplace(sql, prepared);
  return Statement(*this, prepared);
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failure();
  return success();
}

Result<std::string> Database::value_of(std::string_view sql) {
  Statement query = statement(sql);
  auto row = query.step();
  if (!row) return row.error();
  if (!*row) return Error(Errc::internal, "no row came from: " + std::string(sql));
  return query.text(0);
}

Error Database::failure() {
  return failure_of(sqlite3_extended_errcode(db_), sqlite3_errmsg(db_));
}

Error Database::failure_of(int code, const std::string& message) {
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID) {
    return Error(Errc::store_duplicate, message, constraint_of(message));
  }
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return Error(Errc::internal, "a row breaks a rule of the store: " + message, constraint_of(message));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      broken_ = true;
      return Error(Errc::store_corrupt, "the database is damaged: " + message);
    case SQLITE_IOERR:
      if (means_full(code, write_errno())) return Error(Errc::store_unavailable, "the disk is full");
      if (code == SQLITE_IOERR_NOMEM) return Error(Errc::store_unavailable, "no memory");
      broken_ = true;
      return Error(Errc::store_unavailable, "the disk failed (SQLite " + std::to_string(code) + "): " + message);
    case SQLITE_FULL:
      return Error(Errc::store_unavailable, "the disk is full");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Error(Errc::store_unavailable, "the database is locked by another process");
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
      return Error(Errc::store_unavailable, "the database cannot be used: " + message);
    default:
      return Error(Errc::internal, "SQLite refused (" + std::to_string(code) + "): " + message);
  }
}

// The errno of the last write that failed, from the file it failed in: sqlite3_system_errno() has lost it by the time
// the transaction is rolled back.
int Database::write_errno() const {
  sqlite3_file* file = nullptr;
  const int which = copying_log_ ? SQLITE_FCNTL_FILE_POINTER : SQLITE_FCNTL_JOURNAL_POINTER;
  if (sqlite3_file_control(db_, "main", which, &file) != SQLITE_OK || file == nullptr || file->pMethods == nullptr) {
    return 0;
  }
  int last = 0;
  file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &last);
  return last;
}

Result<void> Database::checkpoint() {
  copying_log_ = true;
  const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // Busy: a reader or another process is in the way; the next one gets further.
  const bool failed = code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED;
  const Result<void> outcome = failed ? Result<void>(failure()) : success();
  copying_log_ = false;
  if (!failed) log_pages_ = 0;
  return outcome;
}

Result<void> Database::make_reader() {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return execute("PRAGMA query_only = ON");
}

bool Database::owes_keys() const {
  int owed = 0;
  int unused = 0;
  sqlite3_db_status(db_, SQLITE_DBSTATUS_DEFERRED_FKS, &owed, &unused, 0);
  return owed != 0;
}

int Database::on_log_growth(void* self, sqlite3*, const char*, int pages) {
  auto* database = static_cast<Database*>(self);
  database->log_pages_ = pages;
  ++database->commits_;
  return SQLITE_OK;
}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Statement::step() {
  if (statement_ == nullptr || bind_code_ != SQLITE_OK) return database_.failure();
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return database_.failure();
  }
}

std::optional<std::int64_t> Statement::exact_integer(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) return std::nullopt;
  return integer(column);
}

std::optional<bool> Statement::exact_flag(int column) const {
  const auto value = exact_integer(column);
  if (value != 0 && value != 1) return std::nullopt;
  return *value == 1;
}

std::optional<std::string> Statement::exact_text(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) return std::nullopt;
  return text(column);
}

std::string Statement::type_of(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return "INTEGER";
    case SQLITE_FLOAT:
      return "REAL";
    case SQLITE_TEXT:
      return "TEXT";
    case SQLITE_BLOB:
      return "BLOB";
    default:
      return "NULL";
  }
}

Result<void> Statement::run() {
  for (;;) {
    auto row = step();
    if (!row) return row.error();
    if (!*row) return success();
  }
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

void Statement::put(std::string_view text) {
  // A null pointer would be NULL, not the empty text.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  note(sqlite3_bind_text64(statement_, ++bound_, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

}  // namespace purser::sqlite
