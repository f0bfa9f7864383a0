// What all worlds of a process share: a folder in memory, a database that is grown already, and a merchant's keys.
#pragma once

#include "agent/replay/model_wire.hpp"
#include "config/settings.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/pay/wechat/keys.hpp"
#include "gateway/sandbox/credentials.hpp"
#include "gateway/store/sqlite/sqlite_store.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace purser::replay {

class Ground {
 public:
  // SQLite's layer below every database here. All connections to one are of this process, so the log's index and the
  // locks are in its own memory.
  static constexpr const char* kVfs = "unix-excl";

  // Made at the first use; a forked child goes on with a folder of its own. Throws std::runtime_error when no
  // folder can be made or written.
  static Ground& of_this_process();
  ~Ground();
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  const sandbox::SandboxCredentials& credentials() const { return credentials_; }
  // The merchant's side, as an operator would configure it.
  void put_merchant(Settings& settings) const;
  // As the daemon loads them by itself; once for the merchant of put_merchant(), because parsing takes longer than many
  // a conversation.
  wechat::LoadedKeys load_keys(const WechatSettings& settings);
  // What the machine's processors have given to this process, and what of it went into signatures of both sides.
  static std::chrono::nanoseconds processor_time();
  std::chrono::nanoseconds signing_time() const { return merchant_memo_->spent() + platform_memo_->spent(); }
  // A path for a database that is empty but up to date, or a copy of `from`, or what the statements in `from` make
  // when it ends with .sql. Throws std::runtime_error when that cannot be read.
  std::string fresh_database(const std::string& from);
  ModelRequests& model_requests() { return model_requests_; }
  std::string fresh_file(const std::string& name, const std::string& bytes);
  // Opens with its threads, or without, as `clock` says.
  Result<std::unique_ptr<Store>> open(const std::string& path, Clock& clock);
  // Leaves all that the database holds in its file; its store is gone.
  void finish(const std::string& path);
  // The database is needed no more; its store is gone.
  void forget(const std::string& path);

 private:
  Ground();
  void settle_in();
  std::string new_path() { return folder_ + "/" + std::to_string(++made_) + ".db"; }
  static std::unique_ptr<sqlite::Database> make_file(const std::string& path);
  static void load_dump(const std::string& path, const std::string& dump);

  std::string folder_;
  // Of the process that made the ground; its children find them there, for they end before it.
  std::string template_;
  std::string public_key_file_;
  std::string certificate_file_;
  int owner_ = 0;  // the process
  int made_ = 0;
  // A world that begins with nothing gets the one that the last such world had. While a daemon that came back has a
  // connection of its own to it, this one's is idle.
  std::unique_ptr<ReusedSqlite> reused_;
  std::string lent_;     // the path of the one that a world has
  bool opened_ = false;  // by that world
  ModelRequests model_requests_;
  sandbox::SandboxCredentials credentials_;
  Secret merchant_key_pem_;
  std::shared_ptr<crypto::SignatureMemo> merchant_memo_;
  std::shared_ptr<crypto::SignatureMemo> platform_memo_;
  std::optional<wechat::LoadedKeys> keys_;
};

}  // namespace purser::replay
