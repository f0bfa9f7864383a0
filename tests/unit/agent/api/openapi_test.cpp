// The document at /openapi.json against the handlers: the same endpoints, and answers of the shapes it promises.
#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace purser::test {
namespace {

using nlohmann::json;

// As much of JSON Schema as the document uses. Members that an object's schema does not name are a breach too: what is
// not written down is not promised.
class Schemas {
 public:
  explicit Schemas(const json& document) : document_(document) {}

  std::string breach(const json& value, const json& schema, const std::string& place = "$") const {
    if (schema.contains("$ref")) return breach(value, at(schema["$ref"]), place);
    for (const char* choice : {"oneOf", "anyOf"}) {
      if (!schema.contains(choice)) continue;
      for (const json& one : schema[choice])
        if (breach(value, one, place).empty()) return "";
      return place + ": none of " + choice;
    }
    if (schema.contains("const") && value != schema["const"]) return place + ": not " + schema["const"].dump();
    if (schema.contains("enum") && !holds(schema["enum"], value)) return place + ": " + value.dump() + " is not listed";
    if (schema.contains("type") && !is_of(value, schema["type"])) return place + ": not " + schema["type"].dump();
    if (schema.contains("pattern") && value.is_string() &&
        !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>())))
      return place + ": not like " + schema["pattern"].dump();
    if (value.is_array() && schema.contains("items")) return breach_of_items(value, schema["items"], place);
    if (value.is_object() && schema.contains("properties")) return breach_of_members(value, schema, place);
    return "";
  }
  // Resolves "#/components/...".
  const json& at(const json& reference) const {
    return document_.at(json::json_pointer(reference.get<std::string>().substr(1)));
  }

 private:
  static bool holds(const json& list, const json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }
  static bool is_of(const json& value, const json& type) {
    if (type.is_array())
      return std::any_of(type.begin(), type.end(), [&](const json& one) { return is_of(value, one); });
    if (type == "integer") return value.is_number_integer();
    return type == value.type_name();
  }
  std::string breach_of_items(const json& value, const json& items, const std::string& place) const {
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto found = breach(value[i], items, place + "[" + std::to_string(i) + "]");
      if (!found.empty()) return found;
    }
    return "";
  }
  std::string breach_of_members(const json& value, const json& schema, const std::string& place) const {
    for (const json& name : schema.value("required", json::array()))
      if (!value.contains(name.get<std::string>())) return place + ": " + name.dump() + " is missing";
    const bool open = place.find("cards[") != std::string::npos;  // cards grow; their type says how to read them
    for (const auto& [name, member] : value.items()) {
      const json& named = schema["properties"];
      if (!named.contains(name) && !open) return place + ": '" + name + "' is not written down";
      if (!named.contains(name)) continue;
      auto found = breach(member, named[name], place + "." + name);
      if (!found.empty()) return found;
    }
    return "";
  }

  const json& document_;
};

class OpenApiTest : public testing::Test {
 protected:
  // The answer's body against what the document says of it.
  std::string breach(const std::string& method, const std::string& pattern, const http::Response& answer) {
    const json& responses = document["paths"][pattern][method]["responses"];
    const std::string status = std::to_string(answer.status);
    if (!responses.contains(status)) return pattern + ": status " + status + " is not written down";
    const json* response = &responses[status];
    if (response->contains("$ref")) response = &Schemas(document).at((*response)["$ref"]);
    return Schemas(document).breach(body_of(answer), (*response)["content"]["application/json"]["schema"], pattern);
  }

  TempFolder folder;
  Desk desk{folder.path()};
  json document = body_of(desk.get("/openapi.json"));
};

TEST_F(OpenApiTest, it_is_served_to_everybody) {
  auto asked = request("GET", "/openapi.json");
  drop_header(asked, "Authorization");
  const auto answer = desk.send(std::move(asked));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header_of(answer, "Content-Type"), "application/json");
  EXPECT_TRUE(body_of(answer)["openapi"].get<std::string>().starts_with("3.1."));
  EXPECT_EQ(document["info"]["version"], PURSER_VERSION);
}

TEST_F(OpenApiTest, it_describes_every_endpoint_and_no_other) {
  std::multiset<std::string> handled;
  for (const auto& [method, pattern] : Api::routes()) handled.insert(std::string(method) + " " + std::string(pattern));
  std::multiset<std::string> described;
  std::set<std::string> names;
  for (const auto& [path, methods] : document["paths"].items()) {
    const std::string pattern = std::regex_replace(path, std::regex("\\{[^}]*\\}"), "{}");
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      described.insert(upper + " " + pattern);
      EXPECT_TRUE(names.insert(operation["operationId"]).second) << operation["operationId"];
    }
  }
  EXPECT_EQ(described, handled);
}

TEST_F(OpenApiTest, every_reference_leads_somewhere) {
  const std::string text = document.dump();
  const std::regex reference("\"\\$ref\":\"(#[^\"]*)\"");
  for (std::sregex_iterator at(text.begin(), text.end(), reference), end; at != end; ++at)
    EXPECT_NO_THROW((void)Schemas(document).at((*at)[1].str())) << (*at)[1];
}

TEST_F(OpenApiTest, what_needs_a_key_says_so) {
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      const bool open = operation.contains("security") && operation["security"].empty();
      EXPECT_EQ(open, path == "/openapi.json" || path.starts_with("/webhooks/")) << path;
      if (!open) {
        EXPECT_TRUE(operation["responses"].contains("401")) << path;
      }
    }
  }
}

TEST_F(OpenApiTest, answers_have_the_shapes_that_are_written_down) {
  const auto made =
      desk.post("/v1/threads", R"({"user":{"id":"a","openid":"oA"},"locale":"en","metadata":{"x":"y"}})", "t");
  EXPECT_EQ(breach("post", "/v1/threads", made), "");
  const std::string thread = desk.thread();
  desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":2}]})"));
  desk.model.push(says("Here is your order."));
  const auto turn = desk.post("/v1/threads/" + thread + "/turns", R"({"text":"two cups"})", "k1");
  EXPECT_EQ(breach("post", "/v1/threads/{id}/turns", turn), "");
  const std::string intent = body_of(turn)["intents"][0]["id"];
  const std::string path = "/v1/intents/" + intent;
  EXPECT_EQ(breach("get", "/v1/intents/{id}", desk.get(path)), "");
  EXPECT_EQ(breach("post", "/v1/intents/{id}/cancel", desk.post(path + "/cancel", "", "c1")), "");
  const auto renewed = desk.post(path + "/renew", "", "r1");
  EXPECT_EQ(breach("post", "/v1/intents/{id}/renew", renewed), "");
  desk.pay(desk.intent(body_of(renewed)["id"]));
  desk.work_off();
  desk.model.push(asks("refund", R"({"refunds":[{"payment_intent":)" + body_of(renewed)["id"].dump() +
                                     R"(,"amount_fen":100,"reason":"cold"}]})"));
  desk.model.push(says("Done."));
  const auto back = desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund 1"})", "k2");
  EXPECT_EQ(breach("post", "/v1/threads/{id}/turns", back), "");
  const auto rows = desk.loop.run(desk.store->refunds_of_thread(ThreadId::trusted(thread), 10)).value();
  for (const Refund& row : rows)
    EXPECT_EQ(breach("get", "/v1/refunds/{id}", desk.get("/v1/refunds/" + row.id.str())), "");
  EXPECT_EQ(breach("get", "/v1/threads/{id}", desk.get("/v1/threads/" + thread)), "");
  EXPECT_EQ(breach("get", "/v1/threads/{id}/messages", desk.get("/v1/threads/" + thread + "/messages")), "");
  EXPECT_EQ(breach("get", "/v1/approvals", desk.get("/v1/approvals")), "");
  Thread of = desk.loop.run(desk.store->thread(ThreadId::trusted(thread))).value();
  std::vector<CheckedRefund> list(1);
  list[0] = {IntentId::trusted(body_of(renewed)["id"]), Money(100, Currency::cny()), "cold"};
  const auto asked = desk.loop.run(desk.cashier.ask_operator(of, list, "turn:call")).value();
  const std::string approval = "/v1/approvals/" + asked.id.str();
  EXPECT_EQ(breach("get", "/v1/approvals", desk.get("/v1/approvals?state=pending")), "");
  EXPECT_EQ(breach("get", "/v1/approvals/{id}", desk.get(approval)), "");
  const auto decided = desk.post(approval, R"({"decision":"deny","note":"no"})", "p1");
  EXPECT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(breach("post", "/v1/approvals/{id}", decided), "");
  EXPECT_EQ(breach("get", "/v1/models", desk.get("/v1/models")), "");
  EXPECT_EQ(breach("get", "/v1/models/{id}", desk.get("/v1/models/purser")), "");
  desk.model_says("hello");
  const auto chat = desk.post("/v1/chat/completions",
                              R"({"model":"purser","user":"u","messages":[{"role":"user","content":"hi"}]})", "");
  const auto told = breach("post", "/v1/chat/completions", chat);
  // Empty lists that OpenAI's clients look for stand beside what is promised.
  EXPECT_TRUE(told.empty() || told.find("annotations") != std::string::npos ||
              told.find("logprobs") != std::string::npos)
      << told;
}

TEST_F(OpenApiTest, refusals_have_the_shapes_that_are_written_down) {
  const std::string thread = desk.thread();
  const std::string turns = "/v1/threads/" + thread + "/turns";
  const std::string pattern = "/v1/threads/{id}/turns";
  EXPECT_EQ(breach("post", pattern, desk.post(turns, R"({"text":"x"})", "")), "");
  EXPECT_EQ(breach("post", pattern, desk.post(turns, R"({"words":"x"})", "k")), "");
  EXPECT_EQ(breach("post", pattern, desk.post(turns, "{", "k")), "");
  auto asked = request("POST", turns, R"({"text":"x"})", "k");
  set_header(asked, "Content-Type", "text/plain");
  EXPECT_EQ(breach("post", pattern, desk.send(asked)), "");
  set_header(asked, "Authorization", "Bearer nobody");
  EXPECT_EQ(breach("post", pattern, desk.send(asked)), "");
  EXPECT_EQ(breach("get", "/v1/refunds/{id}", desk.get("/v1/refunds/re_0000000000000000000000")), "");
  EXPECT_EQ(breach("post", "/v1/chat/completions", desk.post("/v1/chat/completions", R"({"model":"x"})", "")), "");
}

}  // namespace
}  // namespace purser::test
