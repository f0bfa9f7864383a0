// The composition root: settings in, a running purser out. Objects are made in the order they depend on each other and
// stopped in the reverse order.
#pragma once

#include "config/settings.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/http/client.hpp"
#include "gateway/http/message.hpp"
#include "gateway/pay/wechat/keys.hpp"
#include "gateway/store/store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace purser {

namespace sandbox {
class Sandbox;
}

struct DaemonOptions {
  std::string sandbox_folder;  // keeps the embedded sandbox's credentials over restarts; empty: fresh each time
  std::string sandbox_listen = "127.0.0.1:0";
  bool demo_chat = false;                          // the demo's web page at /chat; only on a sandbox
  std::map<std::string, std::string> environment;  // where a models file finds its keys
  std::string failpoint;  // see gateway/store/failpoint_store.hpp; only with the embedded sandbox
};

// What a daemon has of the world around it. What is left empty is the machine's own: sockets, the store of the
// settings, the system's randomness. A replay brings all of it along.
struct Surroundings {
  std::unique_ptr<http::Client> client;  // all that goes out
  std::unique_ptr<Store> store;
  std::function<std::unique_ptr<Mint>(const Secret& merchant_secret)> make_mint;
  std::function<wechat::LoadedKeys(const WechatSettings&)> load_keys;  // of a merchant account, at the start
  std::function<void(Millis)> skip;  // moves the clock on for the sandbox's control; empty: it moves the rail alone
  bool alone = false;                // true: no other process writes into the store
  bool listens = true;               // false: nothing is bound, requests come through answer() and answer_admin()
};

class Daemon {
 public:
  // Opens the store, loads keys, binds the listeners. `clock` outlives the executor's context, which outlives the
  // daemon. Errors: what cannot be read, opened or bound, by name.
  static Result<std::unique_ptr<Daemon>> make(asio::any_io_executor executor, Clock& clock, Settings settings,
                                              DaemonOptions options, Surroundings around);
  static Result<std::unique_ptr<Daemon>> make(asio::any_io_executor executor, SystemClock& clock, Settings settings,
                                              DaemonOptions options);
  ~Daemon();

  // Takes traffic and starts the background work; turns that a stopped daemon left running are gone on with.
  Task<Result<void>> start();
  // Stops accepting, finishes what is under way, then lets go. Idempotent.
  Task<void> stop();

  // What the listeners show, who may call the API, whom it tells of events, and the rail account's keys (on the
  // embedded sandbox there are none to read), all read anew; nothing that is under way is disturbed, but streams of
  // keys that are gone end. Error: what cannot be used, by name; the old ones stay then.
  Result<void> reload_keys(const Settings& settings);

  // What the listeners answer with, for a daemon that has none.
  Task<http::Response> answer(http::Request request);
  Task<http::Response> answer_admin(http::Request request);

  std::string url() const;  // http://ADDR:PORT, https:// where it shows a certificate
  std::string admin_url() const;
  const std::string& made_key() const;  // "sk_test_..." when the sandbox daemon made its own key, else empty
  bool on_sandbox() const;
  std::string sandbox_url() const;  // empty without the embedded sandbox
  Store& store();
  http::Client& http();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace purser
