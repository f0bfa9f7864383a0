// A client of the MCP door, over a desk: writes requests as the protocol has them and reads what comes back.
#pragma once

#include "tests/support/desk.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <utility>

namespace purser::test {

class McpTalk {
 public:
  using Json = nlohmann::json;
  using Extra = std::map<std::string, std::string>;  // headers; an empty value drops one
  enum class Era { with_session, modern };

  McpTalk(Desk& desk, Era era, std::string key = std::string(kOurKey)) : desk_(desk), era_(era), key_(std::move(key)) {}

  http::Request posting(const Json& body, const Extra& extra = {}) const {
    auto asked = request("POST", "/mcp", body.dump());
    dress(asked, extra, body);
    return asked;
  }
  http::Response send(const Json& body, const Extra& extra = {}) { return desk_.send(posting(body, extra)); }
  http::Response knock(std::string method, const Extra& extra = {}) {
    auto asked = request(std::move(method), "/mcp");
    dress(asked, extra, Json());
    return desk_.send(std::move(asked));
  }

  // A request with the next id; in the modern revision with all that one needs.
  Json asking(const std::string& method, Json params = Json::object()) {
    if (era_ == Era::modern) {
      params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
      if (!params["_meta"].contains("io.modelcontextprotocol/clientCapabilities"))
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    }
    return {{"jsonrpc", "2.0"}, {"id", ++ids_}, {"method", method}, {"params", std::move(params)}};
  }
  http::Response ask(const std::string& method, Json params = Json::object(), const Extra& extra = {}) {
    return send(asking(method, std::move(params)), extra);
  }
  // The result of a request that is answered well.
  Json result(const std::string& method, Json params = Json::object(), const Extra& extra = {}) {
    const auto answer = ask(method, std::move(params), extra);
    const Json body = body_of(answer);
    return answer.status == 200 && body.contains("result") ? body["result"] : Json{{"not_a_result", answer.body}};
  }
  // The code of an error, 0 when there is none.
  static int error(const http::Response& answer) {
    const Json body = body_of(answer);
    if (!body.is_object() || !body.contains("error")) return 0;
    return body["error"].value("code", Json()).is_number() ? body["error"]["code"].get<int>() : 0;
  }

  http::Response open() {
    auto answer = ask("initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", Json::object()}});
    session = header_of(answer, "Mcp-Session-Id");
    return answer;
  }
  Json call(const std::string& tool, Json arguments, Json meta = Json::object(), Json more = Json::object()) {
    Json params{{"name", tool}, {"arguments", std::move(arguments)}};
    if (!meta.empty()) params["_meta"] = std::move(meta);
    params.update(more);
    return result("tools/call", std::move(params));
  }

  std::string session;
  std::string thread;  // named in X-Thread-Id; empty: not named
  Json capabilities = Json::object();

 private:
  void dress(http::Request& asked, const Extra& extra, const Json& body) const {
    set_header(asked, "Authorization", "Bearer " + key_);
    set_header(asked, "Accept", "application/json, text/event-stream");
    set_header(asked, "Accept-Language", "en");
    if (!session.empty()) set_header(asked, "Mcp-Session-Id", session);
    if (!thread.empty()) set_header(asked, "X-Thread-Id", thread);
    if (era_ == Era::modern && body.is_object()) {
      set_header(asked, "MCP-Protocol-Version", "2026-07-28");
      if (body.contains("method")) set_header(asked, "Mcp-Method", body["method"]);
      const Json params = body.value("params", Json::object());
      for (const char* name : {"name", "uri"})
        if (params.is_object() && params.contains(name) && params[name].is_string())
          set_header(asked, "Mcp-Name", params[name]);
    }
    for (const auto& [name, value] : extra) {
      drop_header(asked, name);
      if (!value.empty()) set_header(asked, name, value);
    }
  }

  Desk& desk_;
  Era era_;
  std::string key_;
  int ids_ = 0;
};

}  // namespace purser::test
