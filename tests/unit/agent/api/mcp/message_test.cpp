#include "agent/api/mcp_message.hpp"

#include <gtest/gtest.h>

namespace purser::mcp {
namespace {

using nlohmann::json;

const std::string kMeta =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}})";

http::Request posting(std::string body, http::Headers headers = {}) {
  http::Request request;
  request.method = "POST";
  request.path = "/mcp";
  request.headers = std::move(headers);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  return request;
}

http::Headers modern(const std::string& method, const std::string& name = {}) {
  http::Headers headers{{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", method}};
  if (!name.empty()) headers.emplace_back("Mcp-Name", name);
  return headers;
}

// {status, code} of a refusal; {200, 0} of a message.
std::pair<int, int> verdict(const http::Request& request) {
  auto read = read_message(request);
  EXPECT_TRUE(read.ok());
  if (const auto* refusal = std::get_if<Refusal>(&*read)) return {refusal->status, static_cast<int>(refusal->code)};
  return {200, 0};
}

Message taken(const http::Request& request) {
  auto read = read_message(request);
  EXPECT_TRUE(read.ok());
  EXPECT_TRUE(std::holds_alternative<Message>(*read));
  return std::get<Message>(*std::move(read));
}

TEST(McpMessage, what_is_no_message_is_refused) {
  using Case = std::pair<const char*, std::pair<int, int>>;
  for (const auto& [body, wanted] : std::initializer_list<Case>{
           {"", {400, -32700}},
           {"{", {400, -32700}},
           {"nope", {400, -32700}},
           {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})", {400, -32700}},
           {"\xff", {400, -32700}},
           {"[]", {400, -32600}},
           {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", {400, -32600}},
           {"7", {400, -32600}},
           {"null", {400, -32600}},
           {"{}", {400, -32600}},
           {R"({"id":1,"method":"ping"})", {400, -32600}},
           {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", {400, -32600}},
           {R"({"jsonrpc":2.0,"id":1,"method":"ping"})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":{},"method":"ping"})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":true,"method":"ping"})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":1,"method":7})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":3}})", {400, -32602}},
           {R"({"jsonrpc":"2.0","id":1})", {400, -32600}},
           {R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})", {400, -32600}},
       })
    EXPECT_EQ(verdict(posting(body)), wanted) << body;
}

TEST(McpMessage, its_kinds_are_told_apart) {
  EXPECT_EQ(taken(posting(R"({"jsonrpc":"2.0","id":"a","method":"ping"})")).kind, Message::Kind::request);
  EXPECT_EQ(taken(posting(R"({"jsonrpc":"2.0","method":"notifications/x"})")).kind, Message::Kind::notification);
  EXPECT_EQ(taken(posting(R"({"jsonrpc":"2.0","id":1,"result":{}})")).kind, Message::Kind::response);
  EXPECT_FALSE(taken(posting(R"({"jsonrpc":"2.0","id":1,"method":"ping"})")).modern);
}

TEST(McpMessage, a_body_that_is_no_json_or_too_large_has_the_answer_of_the_api) {
  auto request = posting("{}");
  request.headers.back().second = "text/plain";
  EXPECT_EQ(read_message(request).code(), Errc::unsupported_media_type);
  request.headers.clear();
  EXPECT_EQ(read_message(request).code(), Errc::unsupported_media_type);
  EXPECT_EQ(read_message(posting("\"" + std::string(70'000, 'a') + "\"")).code(), Errc::json_too_large);
}

TEST(McpMessage, a_modern_request_says_everything_twice) {
  const std::string list = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{)" + kMeta + "}}";
  EXPECT_TRUE(taken(posting(list, modern("tools/list"))).modern);
  EXPECT_EQ(verdict(posting(list, modern("TOOLS/LIST"))), std::pair(400, -32020));
  EXPECT_EQ(verdict(posting(list, modern("prompts/list"))), std::pair(400, -32020));
  EXPECT_EQ(verdict(posting(list, {{"MCP-Protocol-Version", "2026-07-28"}})), std::pair(400, -32020));
  EXPECT_EQ(verdict(posting(list, {{"Mcp-Method", "tools/list"}})), std::pair(400, -32020));
  EXPECT_EQ(verdict(posting(list, {{"MCP-Protocol-Version", "2025-11-25"}, {"Mcp-Method", "tools/list"}})),
            std::pair(400, -32020));
  auto twice = modern("tools/list");
  twice.emplace_back("Mcp-Method", "tools/list");
  EXPECT_EQ(verdict(posting(list, twice)), std::pair(400, -32020));
}

TEST(McpMessage, a_modern_request_names_its_revision_and_what_its_client_can_do) {
  const auto with = [](const std::string& meta) {
    return R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{)" + meta + "}}";
  };
  EXPECT_EQ(verdict(posting(with(""), modern("server/discover"))), std::pair(400, -32602));
  EXPECT_EQ(verdict(posting(with(R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"})"),
                            modern("server/discover"))),
            std::pair(400, -32602));
  EXPECT_EQ(
      verdict(posting(with(R"("_meta":{"io.modelcontextprotocol/clientCapabilities":{}})"), modern("server/discover"))),
      std::pair(400, -32602));
  EXPECT_EQ(verdict(posting(with(kMeta), modern("server/discover"))), std::pair(200, 0));
}

TEST(McpMessage, a_revision_that_is_not_spoken_is_told_which_are) {
  const std::string body =
      R"({"jsonrpc":"2.0","id":9,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"v999","io.modelcontextprotocol/clientCapabilities":{}}}})";
  auto read = read_message(posting(body, {{"MCP-Protocol-Version", "v999"}, {"Mcp-Method", "server/discover"}}));
  ASSERT_TRUE(read.ok());
  const auto& refusal = std::get<Refusal>(*read);
  EXPECT_EQ(refusal.code, Code::unsupported_version);
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.id, 9);
  EXPECT_EQ(refusal.data["requested"], "v999");
  EXPECT_EQ(refusal.data["supported"], json::array({"2026-07-28", "2025-11-25", "2025-06-18"}));
  EXPECT_EQ(
      verdict(posting(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})", {{"MCP-Protocol-Version", "1900-01-01"}})),
      std::pair(400, -32022));
  EXPECT_EQ(
      verdict(posting(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})", {{"MCP-Protocol-Version", "2025-03-26"}})),
      std::pair(200, 0));
}

TEST(McpMessage, a_name_stands_in_its_header_too_plain_or_encoded) {
  const auto call = [](const std::string& name) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":)" + json(name).dump() + "," + kMeta +
           "}}";
  };
  EXPECT_EQ(verdict(posting(call("refund"), modern("tools/call", "refund"))), std::pair(200, 0));
  EXPECT_EQ(verdict(posting(call("refund"), modern("tools/call", "  refund  "))), std::pair(200, 0));
  EXPECT_EQ(verdict(posting(call("refund"), modern("tools/call", "=?base64?cmVmdW5k?="))), std::pair(200, 0));
  EXPECT_EQ(verdict(posting(call("退款"), modern("tools/call", "=?base64?6YCA5qy+?="))), std::pair(200, 0));
  EXPECT_EQ(verdict(posting(call("refund"), modern("tools/call", "cancel"))), std::pair(400, -32020));
  EXPECT_EQ(verdict(posting(call("refund"), modern("tools/call"))), std::pair(400, -32020));
  EXPECT_EQ(verdict(posting(call("refund"), modern("tools/call", "=?base64?cmVmdW5?="))), std::pair(400, -32020));
  EXPECT_EQ(verdict(posting(call("refund"), modern("tools/call", "=?base64?****?="))), std::pair(400, -32020));
}

TEST(McpMessage, whether_its_client_can_ask_the_user) {
  const auto with = [](const std::string& capabilities) {
    return taken(posting(
        R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":)" +
            capabilities + "}}}",
        modern("ping")));
  };
  EXPECT_TRUE(with(R"({"elicitation":{}})").client_can_be_asked());
  EXPECT_TRUE(with(R"({"elicitation":{"form":{}}})").client_can_be_asked());
  EXPECT_FALSE(with(R"({"elicitation":{"url":{}}})").client_can_be_asked());
  EXPECT_FALSE(with(R"({"elicitation":true})").client_can_be_asked());
  EXPECT_FALSE(with("{}").client_can_be_asked());
}

TEST(McpMessage, what_a_client_accepts) {
  const auto takes = [](const char* accept) { return accepts({{"Accept", accept}}, "application/json"); };
  EXPECT_TRUE(takes("application/json, text/event-stream"));
  EXPECT_TRUE(takes("text/event-stream,Application/JSON;q=0.5"));
  EXPECT_TRUE(takes("*/*"));
  EXPECT_TRUE(takes("application/*"));
  EXPECT_FALSE(takes("text/event-stream"));
  EXPECT_FALSE(takes("application/jsonx"));
  EXPECT_FALSE(takes(""));
  EXPECT_FALSE(accepts({}, "application/json"));
}

}  // namespace
}  // namespace purser::mcp
