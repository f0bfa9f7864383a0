// A disk for SQLite whose writes and syncs fail on command: a VFS over the system's. What does not fail is passed on,
// so files written through it are ordinary files.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace purser::test {

class FaultyDisk {
 public:
  enum class Fault : std::uint8_t {
    full,         // SQLITE_FULL, as for ENOSPC
    write_fails,  // SQLITE_IOERR_WRITE
    sync_fails,   // SQLITE_IOERR_FSYNC
  };

  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // Under which SQLite knows it.
  const std::string& name() const { return name_; }

  // The n-th operation of the fault's sort from now on fails, n from 1: writes for full and write_fails, syncs for
  // sync_fails. `once`: that one alone; otherwise all from it on, until heal().
  void fail(Fault fault, std::int64_t n, bool once);
  void heal() { countdown_ = kNever; }
  // Whether the failure has happened since fail().
  bool struck() const { return struck_; }
  std::int64_t syncs() const { return syncs_; }

  // For the VFS: counts an operation, gives SQLITE_OK or the code it is to fail with.
  int on_write();
  int on_sync();
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
