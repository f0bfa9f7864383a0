// A disk for SQLite that fails on command: a VFS over the system's. What does not fail is passed on, so files written
// through it are ordinary files. (There is no renaming: a database with a write-ahead log is never renamed.)
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace purser::test {

class FaultyDisk {
 public:
  enum class Fault : std::uint8_t {
    full,            // SQLITE_FULL, as for ENOSPC
    write_fails,     // SQLITE_IOERR_WRITE
    sync_fails,      // SQLITE_IOERR_FSYNC
    read_fails,      // SQLITE_IOERR_READ
    open_fails,      // SQLITE_CANTOPEN, of the database or its log
    truncate_fails,  // SQLITE_IOERR_TRUNCATE
    remove_fails,    // SQLITE_IOERR_DELETE, of the log at the end
    map_fails,       // SQLITE_IOERR_SHMMAP, of the log's index
  };

  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // Under which SQLite knows it.
  const std::string& name() const { return name_; }

  // The n-th operation of the fault's sort from now on fails, n from 1. `once`: that one alone; otherwise all from it
  // on, until heal().
  void fail(Fault fault, std::int64_t n, bool once);
  void heal() { countdown_ = kNever; }
  // Whether the failure has happened since fail().
  bool struck() const { return struck_; }
  std::int64_t syncs() const { return syncs_; }

  // For the VFS: counts an operation, gives SQLITE_OK or the code it is to fail with.
  int on_write();
  int on_sync();
  int on(Fault sort);  // those with a sort of their own
  sqlite3_vfs* real() const { return real_; }

 private:
  static constexpr std::int64_t kNever = -1;
  int count();

  std::string name_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  std::atomic<Fault> fault_{Fault::full};
  std::atomic<std::int64_t> countdown_{kNever};
  std::atomic<bool> once_{false};
  std::atomic<bool> struck_{false};
  std::atomic<std::int64_t> syncs_{0};
};

}  // namespace purser::test
