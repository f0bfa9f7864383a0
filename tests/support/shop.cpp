#include "tests/support/shop.hpp"

#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace purser::test {

namespace {

int port_in(const std::string& line, const std::string& before) {
  std::smatch found;
  if (!std::regex_search(line, found, std::regex(before + "http://[^ ]*:([0-9]+)"))) return 0;
  return std::stoi(found[1]);
}

}  // namespace

bool eventually(const std::function<bool()>& done, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

SandboxProcess::SandboxProcess(const std::vector<std::string>& options) {
  port_ = free_port();
  std::vector<std::string> arguments = {"sandbox", "--listen", "127.0.0.1:" + std::to_string(port_), "--credentials",
                                        folder_.path()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  child_ = std::make_unique<Child>(PURSER_BINARY, std::move(arguments), std::map<std::string, std::string>());
  if (child_->read_line().empty()) throw std::runtime_error("purser sandbox did not start: " + child_->errors());
}

Json SandboxProcess::control(const std::string& path, const Json& body) const {
  return plain_http(port_, "POST", "/sandbox/" + path, {{"Content-Type", "application/json"}}, body.dump()).json();
}

Json SandboxProcess::read(const std::string& path) const {
  return plain_http(port_, "GET", "/sandbox/" + path).json();
}

std::map<std::string, std::string> SandboxProcess::merchant() const {
  std::ifstream file(folder_.file("sandbox.json"));
  const Json facts = Json::parse(file);
  return {{"PURSER_WECHAT_BASE_URL", "http://127.0.0.1:" + std::to_string(port_)},
          {"PURSER_WECHAT_MCHID", facts.at("mchid")},
          {"PURSER_WECHAT_APPID", facts.at("appid")},
          {"PURSER_WECHAT_MERCHANT_SERIAL", facts.at("merchant_serial")},
          {"PURSER_WECHAT_PUBLIC_KEY_ID", facts.at("public_key_id")},
          {"PURSER_WECHAT_PUBLIC_KEY_FILE", folder_.file("platform_public_key.pem")},
          {"PURSER_WECHAT_MERCHANT_KEY_PEM_FILE", folder_.file("merchant_key.pem")},
          {"PURSER_WECHAT_APIV3_KEY_FILE", folder_.file("apiv3.key")}};
}

ServeProcess::ServeProcess(std::vector<std::string> sets, std::map<std::string, std::string> environment) {
  std::vector<std::string> arguments = {"serve"};
  bool listens = false;
  for (const auto& set : sets) listens = listens || set.starts_with("server.listen=");
  if (!listens) sets.push_back("server.listen=127.0.0.1:0");
  sets.push_back("server.admin_listen=127.0.0.1:0");
  for (auto& set : sets) arguments.insert(arguments.end(), {"--set", set});
  child_ = std::make_unique<Child>(PURSER_BINARY, std::move(arguments), std::move(environment));
  ready_line_ = child_->read_line();
  if (!ready_line_.starts_with("ready ")) return;
  port_ = port_in(ready_line_, "ready ");
  admin_port_ = port_in(ready_line_, "admin ");
  std::smatch found;
  if (std::regex_search(ready_line_, found, std::regex("key (sk_test_[^ ]+)"))) key_ = found[1];
}

Customer::Customer(int port, std::string key, std::string name, std::string locale)
    : port_(port), key_(std::move(key)), name_(std::move(name)), locale_(std::move(locale)) {}

std::vector<std::pair<std::string, std::string>> Customer::headers(const std::string& key) const {
  std::vector<std::pair<std::string, std::string>> out = {{"Authorization", "Bearer " + key_},
                                                          {"Content-Type", "application/json"}};
  if (!key.empty()) out.emplace_back("Idempotency-Key", key);
  return out;
}

bool Customer::open_thread(const Json& metadata) {
  const Json body = {{"user", {{"id", name_}}}, {"locale", locale_}, {"metadata", metadata}};
  const auto reply = post("/v1/threads", body, name_ + "-open");
  if (reply.status != 201 && reply.status != 200) return false;
  thread_ = reply.json().value("id", "");
  return !thread_.empty();
}

PlainReply Customer::post(const std::string& path, const Json& body, const std::string& key) const {
  return plain_http(port_, "POST", path, headers(key), body.is_null() ? "" : body.dump());
}

PlainReply Customer::get(const std::string& path) const {
  return plain_http(port_, "GET", path, headers(""));
}

PlainReply Customer::say(const std::string& text) {
  ++said_;
  last_text_ = text;
  return say_again();
}

PlainReply Customer::say_again() {
  return post("/v1/threads/" + thread_ + "/turns", {{"text", last_text_}}, name_ + "-" + std::to_string(said_));
}

Json Customer::must_say(const std::string& text) {
  PlainReply reply = say(text);
  eventually([&] {
    if (reply.status == 0 || reply.status == 409 || reply.status >= 500) reply = say_again();
    return reply.status == 200;
  });
  if (reply.status != 200)
    throw std::runtime_error("no answer to '" + text + "': " + std::to_string(reply.status) + " " + reply.body);
  return reply.json();
}

std::vector<Json> Customer::messages() const {
  const Json page = get("/v1/threads/" + thread_ + "/messages?limit=100").json();
  std::vector<Json> out;
  if (page.is_object() && page.contains("data"))
    for (const Json& message : page["data"]) out.push_back(message);
  return out;
}

Json Customer::reply_to(const std::string& type, int occurrence) const {
  Json found;
  eventually([&] {
    int seen = 0;
    bool next = false;
    for (const Json& message : messages()) {
      const std::string role = message.value("role", "");
      if (role == "event" && message.value("text", "").find("\"type\":\"" + type + "\"") != std::string::npos)
        next = ++seen == occurrence;
      else if (next && role == "assistant") {
        found = message;
        return true;
      }
    }
    return false;
  });
  return found;
}

}  // namespace purser::test
