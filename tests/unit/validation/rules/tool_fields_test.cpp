#include "validation/rules/tool_fields.hpp"

#include "validation/money/json_gate.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using nlohmann::json;

ToolSpec sample() {
  return ToolSpec{"sell",
                  "Sells things.",
                  true,
                  {required(list("lines", "What to buy.", 1, 2,
                                 {required(id("sku", "The item.", SkuTag::shape)),
                                  required(integer("quantity", "How many.", 1, 99)),
                                  integer("unit_price_fen", "The price in fen.", 1, 5'000'000)})),
                   text("note", "A note.", 1, 5), choice("mode", "How.", {"fast", "slow"}), boolean("gift", "Wrapped?"),
                   object("ship", "Where to.", {required(text("city", "The city.", 1, 20))}),
                   id("intent_id", "A payment.", IntentIdTag::shape)}};
}

Result<json> check(std::string_view text) {
  auto parsed = parse_strict(text, JsonLimits());
  if (!parsed) return parsed.error();
  return check_arguments(sample(), std::move(*parsed));
}

void expect_refused(std::string_view text, Errc code, std::string_view param) {
  const auto checked = check(text);
  ASSERT_FALSE(checked.ok()) << text;
  EXPECT_EQ(code_of(checked.code()), code_of(code)) << text << ": " << checked.error().message;
  EXPECT_EQ(checked.error().param, param) << text;
}

// The honest lines with one more member beside them.
std::string with(std::string_view member) {
  return R"({"lines":[{"sku":"TEA","quantity":2}],)" + std::string(member) + "}";
}

// One honest line with one member replaced.
std::string line(std::string_view sku, std::string_view quantity, std::string_view more = "") {
  return R"({"lines":[{"sku":)" + std::string(sku) + R"(,"quantity":)" + std::string(quantity) + std::string(more) +
         "}]}";
}

TEST(ToolFieldsTest, AcceptsWhatTheFieldsSay) {
  EXPECT_TRUE(check(R"({"lines":[{"sku":"TEA","quantity":2}]})").ok());
  const auto full = check(
      R"({"lines":[{"sku":"TEA","quantity":1,"unit_price_fen":19900},{"sku":"CUP","quantity":99}],"note":"hello",)"
      R"("mode":"slow","gift":false,"ship":{"city":"杭州"},"intent_id":"pi_0123456789ABCDEFGHijkl"})");
  ASSERT_TRUE(full.ok()) << full.error().message;
  EXPECT_EQ((*full)["ship"]["city"], "杭州");
}

TEST(ToolFieldsTest, UnknownKeysAreRefusedAtEveryDepth) {
  expect_refused(with(R"("discount":1)"), Errc::json_unknown_key, "/discount");
  expect_refused(with(R"("Note":"x")"), Errc::json_unknown_key, "/Note");
  expect_refused(line("\"TEA\"", "1", R"(,"colour":"red")"), Errc::json_unknown_key, "/lines/0/colour");
  expect_refused(with(R"("ship":{"city":"x","zip":"1"})"), Errc::json_unknown_key, "/ship/zip");
}

TEST(ToolFieldsTest, RequiredKeysAreRequired) {
  expect_refused("{}", Errc::json_missing_key, "/lines");
  expect_refused(R"({"lines":[{"sku":"TEA"}]})", Errc::json_missing_key, "/lines/0/quantity");
  expect_refused(with(R"("ship":{})"), Errc::json_missing_key, "/ship/city");
}

TEST(ToolFieldsTest, TypesAreExact) {
  expect_refused("[]", Errc::json_wrong_type, "");
  expect_refused("null", Errc::json_wrong_type, "");
  expect_refused(R"({"lines":{}})", Errc::json_wrong_type, "/lines");
  expect_refused(R"({"lines":["TEA"]})", Errc::json_wrong_type, "/lines/0");
  expect_refused(line("7", "1"), Errc::json_wrong_type, "/lines/0/sku");
  for (const char* value : {"\"2\"", "2.0", "2e0", "true", "null", "[2]", "{}", "\" 10 \"", "\"1e5\""}) {
    expect_refused(line("\"TEA\"", value), Errc::json_wrong_type, "/lines/0/quantity");
  }
  expect_refused(with(R"("gift":1)"), Errc::json_wrong_type, "/gift");
  expect_refused(with(R"("gift":"true")"), Errc::json_wrong_type, "/gift");
  expect_refused(with(R"("note":null)"), Errc::json_wrong_type, "/note");
  expect_refused(with(R"("mode":0)"), Errc::json_wrong_type, "/mode");
}

TEST(ToolFieldsTest, FloatsInsideADomAreStillNoIntegers) {
  json arguments = {{"lines", {{{"sku", "TEA"}, {"quantity", 2.0}}}}};
  EXPECT_EQ(check_arguments(sample(), std::move(arguments)).code(), Errc::json_wrong_type);
}

TEST(ToolFieldsTest, IntegersHaveBounds) {
  EXPECT_TRUE(check(line("\"TEA\"", "1")).ok());
  EXPECT_TRUE(check(line("\"TEA\"", "99")).ok());
  for (const char* value : {"0", "100", "-1", "9223372036854775807", "9223372036854775808", "18446744073709551615"}) {
    expect_refused(line("\"TEA\"", value), Errc::json_out_of_range, "/lines/0/quantity");
  }
}

TEST(ToolFieldsTest, UnsignedIntegersDoNotWrapAround) {
  const ToolSpec wide{
      "t",
      "",
      false,
      {integer("n", "", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max())}};
  EXPECT_TRUE(check_arguments(wide, json{{"n", std::numeric_limits<std::int64_t>::max()}}).ok());
  EXPECT_TRUE(check_arguments(wide, json{{"n", (std::uint64_t{1} << 63) - 1}}).ok());
  EXPECT_TRUE(check_arguments(wide, json{{"n", std::numeric_limits<std::int64_t>::min()}}).ok());
  EXPECT_EQ(check_arguments(wide, json{{"n", std::numeric_limits<std::uint64_t>::max()}}).code(),
            Errc::json_out_of_range);
  EXPECT_EQ(check_arguments(wide, json{{"n", std::uint64_t{1} << 63}}).code(), Errc::json_out_of_range);
}

TEST(ToolFieldsTest, ListsHaveBounds) {
  expect_refused(R"({"lines":[]})", Errc::json_out_of_range, "/lines");
  expect_refused(R"({"lines":[{"sku":"A","quantity":1},{"sku":"B","quantity":1},{"sku":"C","quantity":1}]})",
                 Errc::json_out_of_range, "/lines");
}

TEST(ToolFieldsTest, TextIsCleanedThenCounted) {
  EXPECT_EQ(check(with(R"("note":" 茶茶茶茶茶 ")"))->at("note"), "茶茶茶茶茶");
  EXPECT_EQ(check(with(R"("note":" 茶 ")"))->at("note"), "茶");
  EXPECT_EQ(check(with("\"note\":\"a\\u202Eb\\u200B\\u0000\\nc\""))->at("note"), "ab c");
  expect_refused(with(R"("note":"茶茶茶茶茶茶")"), Errc::malformed_text, "/note");
  expect_refused(with(R"("note":"")"), Errc::malformed_text, "/note");
  expect_refused(with(R"("note":" \u200b ")"), Errc::malformed_text, "/note");
}

TEST(ToolFieldsTest, IdsAndChoicesAreExact) {
  expect_refused(line("\"a b\"", "1"), Errc::malformed_id, "/lines/0/sku");
  expect_refused(line("\"TEA\\u200b\"", "1"), Errc::malformed_id, "/lines/0/sku");
  expect_refused(with(R"("intent_id":"re_0123456789ABCDEFGHijkl")"), Errc::malformed_id, "/intent_id");
  expect_refused(with(R"("mode":"FAST")"), Errc::json_out_of_range, "/mode");
}

TEST(ToolFieldsTest, MachineFieldsAreRefusedWhereverTheyStand) {
  expect_refused(with(R"("openid":"o123")"), Errc::machine_field, "/openid");
  expect_refused(line("\"TEA\"", "1", R"(,"outTradeNo":"123456")"), Errc::machine_field, "/lines/0/outTradeNo");
  expect_refused(with(R"("other":{"deep":[{"NOTIFY-URL":"https://x"}]})"), Errc::machine_field,
                 "/other/deep/0/NOTIFY-URL");
  expect_refused(R"({"nonce":1})", Errc::machine_field, "/nonce");
  expect_refused(R"([{"signature":""}])", Errc::machine_field, "/0/signature");
}

TEST(ToolFieldsTest, MachineFieldsAreKnownInEverySpelling) {
  for (const char* key :
       {"openid",       "OpenID",        "open_id",       "open-id",        "sub_openid",    "out_trade_no",
        "outTradeNo",   "OUT-TRADE-NO",  "out_refund_no", "transaction_id", "transactionId", "prepay_id",
        "nonce",        "nonce_str",     "nonceStr",      "timestamp",      "timeStamp",     "signature",
        "sign",         "paySign",       "notify_url",    "notifyUrl",      "notify-url",    "mchid",
        "mch_id",       "appid",         "appId",         "sp_mchid",       "serial_no",     "user",
        "user_id",      "tenant",        "payer",         "code_url",       "h5_url",        "idempotency_key",
        "api_key",      "AUTHORIZATION", "url",           "pay_url",        "payUrl",        "href",
        "redirect_uri", "key",           "secret_key",    "order_no",       "orderNo",       "order number",
        "order-id",     "token",         "accessToken",   "callback",       "callback_host", "webhookUrl",
        "password",     "credentials",   "merchant_id",   "payeeAccount",   "card_no",       "session_id",
        "client.ip",    "trade_no",      "ｕｒｌ",        "оpenid",         "noncе",         "myApikey",
        "urlZone",      "dataUrl",       "quizUrl",       "PAY-URL"}) {
    EXPECT_TRUE(is_machine_field(key)) << key;
  }
  for (const char* key :
       {"sku", "quantity", "reason", "intent_id", "refund_id", "amount_fen", "total_fen", "query", "note", "if_open",
        "share", "currency", "lines", "keyboard", "monkey", "serially", "curl", ""}) {
    EXPECT_FALSE(is_machine_field(key)) << key;
  }
}

TEST(ToolFieldsTest, MessagesNameTheRuleForTheModel) {
  EXPECT_NE(check(with(R"("discount":1)")).error().message.find("lines, note, mode"), std::string::npos);
  EXPECT_NE(check(line("\"TEA\"", "100")).error().message.find("1 to 99"), std::string::npos);
  EXPECT_NE(check(with(R"("mode":"x")")).error().message.find("fast, slow"), std::string::npos);
}

TEST(ToolSchemaTest, SaysTheSameAsTheCheck) {
  const json schema = json_schema(sample());
  EXPECT_EQ(schema["type"], "object");
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], json({"lines"}));
  const json& lines = schema["properties"]["lines"];
  EXPECT_EQ(lines["type"], "array");
  EXPECT_EQ(lines["minItems"], 1);
  EXPECT_EQ(lines["maxItems"], 2);
  EXPECT_EQ(lines["items"]["additionalProperties"], false);
  EXPECT_EQ(lines["items"]["required"], json({"sku", "quantity"}));
  EXPECT_EQ(lines["items"]["properties"]["sku"]["pattern"], "^[0-9A-Za-z_.-]{1,64}$");
  EXPECT_EQ(lines["items"]["properties"]["quantity"],
            json({{"type", "integer"}, {"minimum", 1}, {"maximum", 99}, {"description", "How many."}}));
  EXPECT_EQ(schema["properties"]["mode"]["enum"], json({"fast", "slow"}));
  EXPECT_EQ(schema["properties"]["note"]["maxLength"], 5);
  EXPECT_EQ(schema["properties"]["gift"]["type"], "boolean");
  EXPECT_EQ(schema["properties"]["ship"]["additionalProperties"], false);
  EXPECT_EQ(schema["properties"]["intent_id"]["pattern"], "^pi_[0-9A-Za-z]{22,40}$");
}

TEST(ToolSchemaTest, AToolWithoutFieldsTakesAnEmptyObject) {
  const ToolSpec none{"ping", "Nothing.", false, {}};
  EXPECT_EQ(json_schema(none)["properties"], json::object());
  EXPECT_EQ(json_schema(none)["required"], json::array());
  EXPECT_TRUE(check_arguments(none, json::object()).ok());
  EXPECT_EQ(check_arguments(none, json{{"a", 1}}).code(), Errc::json_unknown_key);
}

TEST(ToolDocsTest, ListsEveryField) {
  const std::string page = markdown(sample());
  EXPECT_NE(page.find("### `sell`\n\nSells things.\n"), std::string::npos);
  EXPECT_NE(page.find("Moves money"), std::string::npos);
  EXPECT_NE(page.find("| `lines[].quantity` | integer, 1 to 99 | yes | How many. |\n"), std::string::npos) << page;
  EXPECT_NE(page.find("| `lines[].unit_price_fen` | integer, 1 to 5000000 | no |"), std::string::npos);
  EXPECT_NE(page.find("| `ship.city` | string, 1 to 20 characters | yes |"), std::string::npos);
  EXPECT_NE(page.find("| `mode` | one of `fast`, `slow` | no |"), std::string::npos);
  EXPECT_NE(markdown(ToolSpec{"ping", "Nothing.", false, {}}).find("No arguments."), std::string::npos);
  EXPECT_NE(markdown(ToolSpec{"t", "", false, {text("a", "x|y\nz", 0, 1)}}).find("x\\|y z"), std::string::npos);
}

}  // namespace
}  // namespace purser::rules
