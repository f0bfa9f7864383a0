// A running shop: the real `purser serve` on the embedded sandbox or on a `purser sandbox` of its own, and a customer
// who talks to it over HTTP.
#pragma once

#include "tests/support/child.hpp"
#include "tests/support/plain_http.hpp"

#include <memory>
#include <optional>
#include <string>

namespace purser::test {

using Json = nlohmann::json;

// The simulator as a process, with its credentials in a folder.
class SandboxProcess {
 public:
  explicit SandboxProcess(const std::vector<std::string>& options = {});
  int port() const { return port_; }
  const std::string& folder() const { return folder_.path(); }
  Json control(const std::string& path, const Json& body) const;  // POST /sandbox/<path>
  Json read(const std::string& path) const;                       // GET /sandbox/<path>
  // The environment that makes a daemon a merchant of this sandbox.
  std::map<std::string, std::string> merchant() const;

 private:
  TempFolder folder_;
  std::unique_ptr<Child> child_;
  int port_ = 0;
};

class ServeProcess {
 public:
  // Starts the daemon; `ready()` tells whether it came up.
  ServeProcess(std::vector<std::string> sets, std::map<std::string, std::string> environment);
  bool ready() const { return port_ != 0; }
  int port() const { return port_; }
  int admin_port() const { return admin_port_; }
  const std::string& key() const { return key_; }
  const std::string& ready_line() const { return ready_line_; }
  Child& child() { return *child_; }
  const Child& child() const { return *child_; }

 private:
  std::unique_ptr<Child> child_;
  std::string ready_line_;
  int port_ = 0;
  int admin_port_ = 0;
  std::string key_;
};

// One customer in one thread. Every request is repeated under its Idempotency-Key for as long as no answer comes, as a
// good client does.
class Customer {
 public:
  Customer(int port, std::string key, std::string name, std::string locale = "en");
  // The daemon moved (a restart); the thread and the keys go on.
  void follow(int port) { port_ = port; }

  // `metadata`: as a backend gives it.
  bool open_thread(const Json& metadata = Json::object());
  // One attempt. Status 0 when the daemon died on it; say_again() repeats it under the same key.
  PlainReply say(const std::string& text);
  PlainReply say_again();
  // Says it until it is answered; the body of the 200.
  Json must_say(const std::string& text);

  PlainReply get(const std::string& path) const;
  PlainReply post(const std::string& path, const Json& body, const std::string& key) const;
  std::vector<Json> messages() const;
  // Waits (bounded) until the thread holds a reply to an event of `type` and returns it; null when none came.
  Json reply_to(const std::string& type, int occurrence = 1) const;
  const std::string& thread() const { return thread_; }
  const std::string& key() const { return key_; }

 private:
  std::vector<std::pair<std::string, std::string>> headers(const std::string& key) const;

  int port_;
  std::string key_;
  std::string name_;
  std::string locale_;
  std::string thread_;
  std::string last_text_;
  int said_ = 0;
};

// Tries `done` until it holds or about `seconds` have passed; the daemon under test works in real time.
bool eventually(const std::function<bool()>& done, int seconds = 20);

}  // namespace purser::test
