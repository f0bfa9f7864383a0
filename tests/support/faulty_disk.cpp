#include "tests/support/faulty_disk.hpp"

#include <stdexcept>

namespace purser::test {
namespace {

using Fault = FaultyDisk::Fault;

int code_of(Fault fault) {
  switch (fault) {
    case Fault::full:
      return SQLITE_FULL;
    case Fault::write_fails:
      return SQLITE_IOERR_WRITE;
    case Fault::sync_fails:
      return SQLITE_IOERR_FSYNC;
    case Fault::read_fails:
      return SQLITE_IOERR_READ;
    case Fault::open_fails:
      return SQLITE_CANTOPEN;
    case Fault::truncate_fails:
      return SQLITE_IOERR_TRUNCATE;
    case Fault::remove_fails:
      return SQLITE_IOERR_DELETE;
    case Fault::map_fails:
      return SQLITE_IOERR_SHMMAP;
  }
  return SQLITE_ERROR;
}

// SQLite allocates szOsFile bytes: this, and behind it the file of the system's VFS.
struct File {
  sqlite3_file base;
  FaultyDisk* disk;
};

File* file_of(sqlite3_file* file) {
  return reinterpret_cast<File*>(file);
}
sqlite3_file* real_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(file_of(file) + 1);
}

// Calls the method of the same name of the file behind.
#define PURSER_FORWARD(method, ...) real_of(file)->pMethods->method(real_of(file) __VA_OPT__(, ) __VA_ARGS__)

int close_file(sqlite3_file* file) {
  return real_of(file)->pMethods == nullptr ? SQLITE_OK : PURSER_FORWARD(xClose);
}
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  const int code = file_of(file)->disk->on(Fault::read_fails);
  return code != SQLITE_OK ? code : PURSER_FORWARD(xRead, to, size, at);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const int code = file_of(file)->disk->on_write();
  return code != SQLITE_OK ? code : PURSER_FORWARD(xWrite, from, size, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = file_of(file)->disk->on(Fault::truncate_fails);
  return code != SQLITE_OK ? code : PURSER_FORWARD(xTruncate, size);
}
int sync(sqlite3_file* file, int) {
  return file_of(file)->disk->on_sync();
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return PURSER_FORWARD(xFileSize, size);
}
int lock(sqlite3_file* file, int level) {
  return PURSER_FORWARD(xLock, level);
}
int unlock(sqlite3_file* file, int level) {
  return PURSER_FORWARD(xUnlock, level);
}
int check_lock(sqlite3_file* file, int* out) {
  return PURSER_FORWARD(xCheckReservedLock, out);
}
int control(sqlite3_file* file, int op, void* arg) {
  return PURSER_FORWARD(xFileControl, op, arg);
}
int sector_size(sqlite3_file* file) {
  return PURSER_FORWARD(xSectorSize);
}
int characteristics(sqlite3_file* file) {
  return PURSER_FORWARD(xDeviceCharacteristics);
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  const int code = file_of(file)->disk->on(Fault::map_fails);
  return code != SQLITE_OK ? code : PURSER_FORWARD(xShmMap, page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return PURSER_FORWARD(xShmLock, offset, n, flags);
}
void shm_barrier(sqlite3_file* file) {
  PURSER_FORWARD(xShmBarrier);
}
int shm_unmap(sqlite3_file* file, int remove) {
  return PURSER_FORWARD(xShmUnmap, remove);
}

#undef PURSER_FORWARD

constexpr sqlite3_io_methods kMethods{
    2,         close_file, read,    write,       truncate,        sync,    file_size, lock,
    unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, nullptr,    nullptr};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
  file_of(file)->disk = disk;
  file_of(file)->base.pMethods = nullptr;
  if (const int fault = disk->on(Fault::open_fails); fault != SQLITE_OK) return fault;
  const int code = disk->real()->xOpen(disk->real(), path, real_of(file), flags, out_flags);
  if (code == SQLITE_OK) file_of(file)->base.pMethods = &kMethods;
  return code;
}

int remove_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
  const int fault = disk->on(Fault::remove_fails);
  return fault != SQLITE_OK ? fault : disk->real()->xDelete(disk->real(), path, sync_folder);
}

}  // namespace

FaultyDisk::FaultyDisk() : real_(sqlite3_vfs_find(nullptr)) {
  static std::atomic<int> made{0};
  name_ = "faulty-" + std::to_string(++made);
  vfs_ = *real_;  // all but these is the system's own; its methods look at their argument for nothing of ours
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  vfs_.xDelete = remove_file;
  if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) throw std::runtime_error("SQLite takes no VFS");
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_);
}

void FaultyDisk::fail(Fault fault, std::int64_t n, bool once) {
  fault_ = fault;
  once_ = once;
  struck_ = false;
  countdown_ = n;
}

int FaultyDisk::on_write() {
  return fault_ == Fault::full ? on(Fault::full) : on(Fault::write_fails);
}

int FaultyDisk::on_sync() {
  ++syncs_;
  return on(Fault::sync_fails);
}

int FaultyDisk::on(Fault sort) {
  return fault_ != sort || count() == 0 ? SQLITE_OK : code_of(sort);
}

// 1: this one fails.
int FaultyDisk::count() {
  if (countdown_ == kNever) return 0;
  if (countdown_ > 1) return --countdown_, 0;
  if (once_) countdown_ = kNever;
  struck_ = true;
  return 1;
}

}  // namespace purser::test
