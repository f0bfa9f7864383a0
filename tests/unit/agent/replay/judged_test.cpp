// What is held in the same way inside and over sockets: words that are never said, what a model was sent, which tools
// were called.
#include "agent/replay/judged.hpp"

#include "agent/replay/alike.hpp"
#include "agent/replay/runner.hpp"

#include <gtest/gtest.h>

namespace purser::replay {
namespace {

using nlohmann::json;

TEST(Alike, CapitalsAndWidthDoNotCount) {
  const std::pair<const char*, const char*> same[] = {{"PAID", "paid"},
                                                      {"ＰＡＩＤ", "paid"},
                                                      {"已付￥176！", "已付¥176!"},
                                                      {"Ärger ŞÇÖ", "ärger şçö"},
                                                      {"ЖЁЉ", "жёљ"},
                                                      {"ΣΟΦΟΣ", "σοφοσ"},
                                                      {"ς", "σ"},
                                                      {"ŁĲ", "łĳ"},
                                                      {"ｶﾞﾊﾟﾝ｡", "カ\u3099ハ\u309aン。"},
                                                      {"ﾡￂￊￒￚￜ", "ㄱㅏㅕㅛㅡㅣ"},
                                                      {"Ａ\u3000ｂ", "a b"},
                                                      {"\U00010400", "\U00010428"},
                                                      {"ẞ", "ß"},
                                                      {"K", "k"}};
  for (const auto& [one, other] : same) {
    EXPECT_EQ(without_case_and_width(one), other);
    EXPECT_EQ(without_case_and_width(other), other) << "as it stands";
  }
  for (const char* kept : {"", "付款", "ß ı ĸ", "12 a-z", "\xFF\xC3", "é"})
    EXPECT_EQ(without_case_and_width(kept), kept);
}

TEST(Never, IsHeldWithoutCapitalsAndWidth) {
  const auto told = [](const char* word, const json& shown) {
    return said_after_all("reply.never", json::array({word}), shown, {{"x", "pi_1"}, {"n", 25}});
  };
  EXPECT_EQ(told("paid", "It is PAID."), std::vector<std::string>{R"(reply.never: "paid" stands in "It is PAID.")"});
  EXPECT_EQ(told("PAID", "it is ｐａｉｄ").size(), 1u);
  EXPECT_EQ(told("PAID", json{{"a", {"x", "Paid"}}}).size(), 1u) << "at any depth";
  EXPECT_EQ(told("\"STATE\":\"paid\"", json{{"state", "PAID"}}).size(), 1u) << "or in its JSON";
  EXPECT_TRUE(told("paid", "it is pai d").empty());
  EXPECT_EQ(told("$x", "of PI_1").size(), 1u);
  EXPECT_EQ(told("$n", "of 25").size(), 1u);
  EXPECT_EQ(told("$y", "of pi_1"), std::vector<std::string>{R"(reply.never: nothing was taken as "$y")"});
}

// The first failure of a run in which the model says "It is PAID.", or nothing.
std::string failure_with(const std::string& of_the_model) {
  auto scripts = parse_scripts(
      "here.json", R"({"script":1,"name":"here","given":{"locale":"en"},"steps":[{"user":"Hello, ＪＡＭＥＳ here."},)"
                   R"({"model":{"text":"Good day."},)" +
                       of_the_model + "}]}");
  EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
  if (!scripts) return {};
  const RunResult run = run_script(scripts->at(0), Derivation(), nullptr, RunOptions());
  return run.failures.empty() ? std::string() : run.failures.front();
}

TEST(Never, IsHeldSoInARunToo) {
  EXPECT_NE(failure_with(R"("expect":{"reply":{"never":["GOOD day"]}})").find("stands in"), std::string::npos);
  EXPECT_EQ(failure_with(R"("expect":{"reply":{"never":["good night"]}})"), "");
  EXPECT_NE(failure_with(R"("sent":{"never":["james"]})").find("sent.never: \"james\" stands in"), std::string::npos);
  // What has to be said is said as it is written.
  EXPECT_NE(failure_with(R"("expect":{"reply":{"has":["GOOD day"]}})").find("reply: expected"), std::string::npos);
}

struct Told final : Judge {
  void count(const std::string& kind) override { held[kind] += 1; }
  void fail(const std::string& what) override { failures.push_back(what); }
  void compare(const std::string& kind, const json& expected, const json& actual) override {
    count(kind);
    Captures none;
    if (const auto how = difference(expected, actual, none, kind)) fail(*how);
  }
  void look_at(const std::string&) override {}
  std::map<std::string, int> held;
  std::vector<std::string> failures;
};

std::vector<std::string> wrong_in(const json& sent, const json& request) {
  Told told;
  judge_sent(
      sent, request, {}, [](const std::string& id) { return id == "re_1" ? "rf_1" : ""; }, told);
  return told.failures;
}

TEST(Sent, IsHeldAgainstTheRequest) {
  const json request{
      {"tools", json::array({{{"function", {{"name", "refund"}}}}})},
      {"messages",
       json::array({{{"role", "tool"}, {"tool_call_id", "k"}, {"content", R"({"state":"paid"})"}},
                    {{"role", "user"}, {"content", R"([notice] {"payment_intent":"pi_1","refund":"re_1"})"}}})}};
  for (const char* good : {R"({"last_role":"user"})", R"({"tools":["refund"]})", R"({"messages_max":2})",
                           R"({"tool_result":{"call":"k","has":{"state":"paid"},"never":["x"]}})",
                           R"({"event":{"id":"pi_1","out_refund_no":"rf_1"}})", R"({"never":["weixin://"]})"})
    EXPECT_TRUE(wrong_in(json::parse(good), request).empty()) << good;
  for (const char* bad :
       {R"({"last_role":"tool"})", R"({"tools":["pay"]})", R"({"messages_max":1})", R"({"tool_result":{"call":"j"}})",
        R"({"tool_result":{"call":"k","has":{"state":"open"}}})", R"({"tool_result":{"call":"k","never":["PAID"]}})",
        R"({"event":{"out_refund_no":"rf_2"}})", R"({"never":["NOTICE"]})"})
    EXPECT_EQ(wrong_in(json::parse(bad), request).size(), 1u) << bad;
  EXPECT_EQ(wrong_in({{"last_role", "user"}}, json::object()).size(), 1u) << "of nothing";
}

std::vector<std::string> wrong_calls(const char* wanted, const std::vector<CalledTool>& calls) {
  Told told;
  Captures captures;
  judge_trajectory(json::parse(wanted), calls, 2, captures, told);
  return told.failures;
}

TEST(Trajectory, IsHeldAgainstTheCalls) {
  const std::vector<CalledTool> calls{
      {"query_payment", "{}", false}, {"refund", R"({"total_fen":1})", true}, {"refund", R"({"total_fen":2})", false}};
  for (const char* good :
       {R"({"calls":"exact","list":[{"name":"refund","args":{"total_fen":2}}]})", R"({"max_calls":3})",
        R"({"max_model_requests":2})", R"({"calls_never":["create_payment_intent"]})",
        R"({"calls":"any_order","list":[{"name":"refund"},{"name":"query_payment"}]})"})
    EXPECT_TRUE(wrong_calls(good, calls).empty()) << good;
  for (const char* bad : {R"({"calls":"exact","list":[{"name":"refund","args":{"total_fen":1}}]})",
                          R"({"max_calls":2})", R"({"max_model_requests":1})",
                          R"({"calls_never":["refund","cancel_payment"]})", R"({"calls":"exact","list":[]})",
                          R"({"calls":"in_order","list":[{"name":"refund"},{"name":"query_payment"}]})"})
    EXPECT_FALSE(wrong_calls(bad, calls).empty()) << bad;
}

}  // namespace
}  // namespace purser::replay
