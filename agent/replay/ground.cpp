#include "agent/replay/ground.hpp"

#include "agent/replay/keys.hpp"
#include "gateway/async/virtual_clock.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace purser::replay {
namespace {

namespace fs = std::filesystem;

// Part of what decides the order numbers, so it is the same for every run.
constexpr const char* kApiv3Key = "replay0123456789replay0123456789";
constexpr UtcTime kKeysMade{std::chrono::seconds(1'735'689'600)};  // 2025-01-01

SqliteOptions store_options() {
  SqliteOptions options;
  options.readers = 0;  // nobody reads beside another on one loop
  options.vfs = Ground::kVfs;
  return options;
}

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

void copy_database(const std::string& from, const std::string& path) {
  std::error_code failed;
  fs::copy_file(from, path, fs::copy_options::overwrite_existing, failed);
  require(!failed, "the database " + from + " cannot be copied: " + failed.message());
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, failed);
}

}  // namespace

Ground& Ground::of_this_process() {
  static Ground ground;
  ground.settle_in();
  return ground;
}

Ground::Ground() {
  const crypto::PrivateKey platform = platform_key();
  auto made = sandbox::SandboxCredentials::of(merchant_key(), platform, platform, kKeysMade);
  require(made.ok(), "the replay's keys cannot be made");
  credentials_ = std::move(*made);
  merchant_key_pem_ = credentials_.merchant_key.private_pem().value();
  merchant_memo_ = std::make_shared<crypto::SignatureMemo>(&Ground::processor_time);
  platform_memo_ = std::make_shared<crypto::SignatureMemo>(&Ground::processor_time);
  credentials_.merchant_key.remember_in(merchant_memo_);
  credentials_.platform_key.remember_in(platform_memo_);
  credentials_.public_key_private.remember_in(platform_memo_);
  credentials_.apiv3_key = Secret(kApiv3Key);
  credentials_.public_key_id = "PUB_KEY_ID_0100000000000000000000000000000001";
}

void Ground::settle_in() {
  if (owner_ == ::getpid()) return;
  owner_ = ::getpid();
  made_ = 0;
  (void)reused_.release();  // of the parent, and no child may close it
  lent_.clear();
  std::error_code none;
  const bool memory = fs::is_directory("/dev/shm", none) && ::access("/dev/shm", W_OK) == 0;
  std::string name = (memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "purser-replay-XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "no temporary folder can be made: " + name);
  folder_ = name;
  if (!template_.empty()) return;
  public_key_file_ = fresh_file("public_key.pem", credentials_.public_key_pem);
  certificate_file_ = fresh_file("platform_cert.pem", credentials_.platform_certificate.pem());
  template_ = folder_ + "/template.db";
  make_file(template_);
  VirtualClock clock(kKeysMade, true);
  auto store = open(template_, clock);
  require(store.ok(), "the replay's database cannot be made");
}

Ground::~Ground() {
  std::error_code ignored;
  if (owner_ == ::getpid()) fs::remove_all(folder_, ignored);
}

void Ground::put_merchant(Settings& settings) const {
  WechatSettings& w = settings.wechat;
  w.mchid = credentials_.mchid;
  w.appid = credentials_.appid;
  w.merchant_serial = credentials_.merchant_certificate.serial();
  w.merchant_key_pem = merchant_key_pem_;
  w.apiv3_key = credentials_.apiv3_key;
  w.public_key_id = credentials_.public_key_id;
  w.public_key_file = public_key_file_;
  w.platform_certificate_file = certificate_file_;
}

std::chrono::nanoseconds Ground::processor_time() {
  rusage spent{};
  ::getrusage(RUSAGE_SELF, &spent);
  return std::chrono::seconds(spent.ru_utime.tv_sec + spent.ru_stime.tv_sec) +
         std::chrono::microseconds(spent.ru_utime.tv_usec + spent.ru_stime.tv_usec);
}

wechat::LoadedKeys Ground::load_keys(const WechatSettings& settings) {
  const bool of_a_script = !settings.merchant_certificate_file.empty();
  if (keys_ && !of_a_script) return *keys_;
  wechat::LoadedKeys loaded = wechat::load_keys(settings);
  loaded.keys.merchant.remember_in(merchant_memo_);
  if (!of_a_script && loaded.mistakes.empty()) keys_ = loaded;
  return loaded;
}

std::string Ground::fresh_database(const std::string& from) {
  if (from.empty() && lent_.empty()) {
    if (!reused_) {
      reused_ = std::make_unique<ReusedSqlite>(new_path(), store_options());
      copy_database(template_, reused_->path());
    }
    opened_ = false;
    return lent_ = reused_->path();
  }
  const std::string path = new_path();
  if (from.ends_with(".sql")) {
    load_dump(path, from);
  } else {
    copy_database(from.empty() ? template_ : from, path);
  }
  return path;
}

std::string Ground::fresh_file(const std::string& name, const std::string& bytes) {
  const std::string path = folder_ + "/" + name;
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  out.close();
  require(out.good(), path + " cannot be written");
  return path;
}

Result<std::unique_ptr<Store>> Ground::open(const std::string& path, Clock& clock) {
  const auto stored = [](auto opened) -> Result<std::unique_ptr<Store>> {
    if (!opened) return opened.error();
    return std::unique_ptr<Store>(*std::move(opened));
  };
  if (reused_ && path == reused_->path()) {
    // A daemon that comes back finds what the last one left, by a connection that is as new as itself.
    if (!std::exchange(opened_, true)) return stored(reused_->open(clock));
  }
  return stored(open_sqlite(path, store_options(), clock));
}

void Ground::finish(const std::string& path) {
  if (reused_ && path == reused_->path()) reused_.reset();
}

void Ground::forget(const std::string& path) {
  if (path == lent_) {
    lent_.clear();
    if (reused_ && reused_->idle()) return;
    reused_.reset();
  }
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix, ignored);
}

}  // namespace purser::replay
