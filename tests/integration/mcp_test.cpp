// The MCP door of the real binary.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

class McpServed : public ::testing::Test {
 protected:
  McpServed() : merchant(sandbox.merchant()) {
    merchant["PURSER_API_KEYS"] = "shop:sk_test_mcp_0000000000001";
    start();
  }

  void start() {
    serve.reset();
    serve.emplace(std::vector<std::string>{"database.url=sqlite://" + folder.file("purser.db")}, merchant);
    ASSERT_TRUE(serve->ready()) << serve->child().errors();
  }
  Headers headers() const {
    Headers out{{"Authorization", "Bearer sk_test_mcp_0000000000001"},
                {"Content-Type", "application/json"},
                {"Accept", "application/json, text/event-stream"}};
    if (!session.empty()) out.emplace_back("Mcp-Session-Id", session);
    return out;
  }
  PlainReply post(const std::string& body) { return plain_http(serve->port(), "POST", "/mcp", headers(), body); }
  PlainReply ask(const std::string& method, Json params = Json::object()) {
    return post(Json{{"jsonrpc", "2.0"}, {"id", ++ids}, {"method", method}, {"params", std::move(params)}}.dump());
  }
  void open() {
    const auto opened = ask("initialize", {{"protocolVersion", "2025-11-25"}});
    ASSERT_EQ(opened.status, 200) << opened.body;
    session = opened.headers.at("mcp-session-id");
  }
  Json call(const std::string& tool, Json arguments) {
    return ask("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}}).json()["result"];
  }

  SandboxProcess sandbox;
  std::map<std::string, std::string> merchant;
  TempFolder folder;
  std::optional<ServeProcess> serve;
  std::string session;
  int ids = 0;
};

TEST_F(McpServed, APurchaseIsOneOverARestartAndIsPaid) {
  open();
  const Json found = call("search_catalogue", {{"query", "tea"}});
  const std::string sku = found["structuredContent"]["items"][0]["sku"];
  const Json order{{"lines", {{{"sku", sku}, {"quantity", 1}}}}};
  const Json made = call("create_payment_intent", order);
  ASSERT_EQ(made["isError"], false) << made;
  const std::string id = made["structuredContent"]["payment_intent"];

  start();  // the session is known to the daemon that comes after
  const Json again = call("create_payment_intent", order);
  EXPECT_EQ(again["structuredContent"]["payment_intent"], id) << again;
  EXPECT_EQ(sandbox.read("orders")["orders"].size(), 1u);

  sandbox.control("pay", {{"out_trade_no", made["_meta"]["purser/cards"][0]["out_trade_no"]}});
  EXPECT_TRUE(eventually([&] {
    return call("query_payment", Json::object())["structuredContent"]["payments"][0]["state"] == "succeeded";
  }));
  EXPECT_EQ(call("create_payment_intent", order)["structuredContent"]["payment_intent"], id);

  EXPECT_EQ(plain_http(serve->port(), "DELETE", "/mcp", headers()).status, 204);
  start();
  EXPECT_EQ(ask("ping").status, 404);
}

TEST_F(McpServed, BytesThatAreNoMessageAreRefusedAndNobodyFalls) {
  open();
  std::string deep(40, '[');
  for (const std::string& body :
       {std::string("{"), deep, std::string("\"\\ud800\""), std::string("[{}]"),
        std::string(R"({"jsonrpc":"2.0","id":1e999,"method":"ping"})"), std::string("\xef\xbb\xbf{}"),
        std::string("{\"a\":1}\0{}", 10), std::string(R"({"jsonrpc":"2.0","id":1,"method":"\u0000"})")}) {
    const int status = post(body).status;
    EXPECT_TRUE(status == 400 || status == 200) << body << status;
  }
  EXPECT_EQ(post("\"" + std::string(100'000, 'a') + "\"").status, 413);
  auto without = headers();
  without.erase(without.begin());
  EXPECT_EQ(plain_http(serve->port(), "POST", "/mcp", without, "{}").status, 401);
  EXPECT_EQ(plain_http(serve->port(), "GET", "/mcp", {}).status, 401);
  EXPECT_EQ(plain_http(serve->port(), "PUT", "/mcp", headers(), "{}").status, 405);
  auto foreign = headers();
  foreign.emplace_back("Origin", "http://evil.example.com");
  EXPECT_EQ(plain_http(serve->port(), "POST", "/mcp", foreign, "{}").status, 403);
  EXPECT_EQ(ask("ping").status, 200);
}

}  // namespace
}  // namespace purser::test
