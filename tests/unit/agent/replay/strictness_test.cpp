// What a script's author got wrong is told with the file, the line, the member and the rule, and never passes.
#include "agent/replay/bless.hpp"
#include "agent/replay/pairing.hpp"
#include "agent/replay/runner.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>

namespace purser::replay {
namespace {

constexpr const char* kOneOrder = R"({"user":"来两包龙井"})";
constexpr const char* kPaidOrder = R"({"user":"来两包龙井"},{"pay":{}})";

std::string text_with(const std::string& steps, const std::string& more, const std::string& given) {
  return "{\"script\":1,\"name\":\"here\",\n\"given\":" + given + "," + more + "\n\"steps\":[\n" + steps + "]}";
}

// What is told of a script that cannot be read; empty when it can.
std::string refused_script(const std::string& steps, const std::string& more = "",
                           const std::string& given = R"({"model":"rules"})") {
  auto scripts = parse_scripts("here.json", text_with(steps, more, given));
  return scripts ? std::string() : scripts.error().message;
}

RunResult result_of(const std::string& steps, const std::string& more = "",
                    const std::string& given = R"({"model":"rules"})") {
  auto scripts = parse_scripts("here.json", text_with(steps, more, given));
  EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
  if (!scripts) return {};
  return run_script(scripts->at(0), Derivation(), nullptr, RunOptions());
}

std::string first_of(const RunResult& run) {
  return run.failures.empty() ? std::string() : run.failures.front();
}

std::string failure_of(const std::string& steps, const std::string& more = "",
                       const std::string& given = R"({"model":"rules"})") {
  return first_of(result_of(steps, more, given));
}

TEST(Strict, AFaultThatNeverHappensFailsWhereItWasGiven) {
  const std::string idle = R"({"rail":{"faults":[{"call":"refund","what":"http_500"}]}},)";
  EXPECT_EQ(failure_of(idle + "\n" + kPaidOrder).rfind("here.json:4: /rail/faults/0: this fault never happened", 0), 0U)
      << failure_of(idle + "\n" + kPaidOrder);
  const std::string second = R"({"rail":{"faults":[{"call":"create","what":"delay","delay":"1s","nth":2}]}},)";
  EXPECT_NE(failure_of(second + kPaidOrder).find("never happened"), std::string::npos);
  const std::string met = R"({"rail":{"faults":[{"call":"create","what":"http_429"}]}},)";
  EXPECT_EQ(failure_of(met + kOneOrder), "");
  // Also when others take its place.
  EXPECT_NE(failure_of(idle + R"({"rail":{"faults":[]}},)" + kPaidOrder).find("never happened"), std::string::npos);
  EXPECT_NE(failure_of(R"({"rail":{"faults":[]}},)" + std::string(kPaidOrder)).find("none that could be taken"),
            std::string::npos);
}

TEST(Strict, WhatTheDaemonRefusesIsSaidToBeRefused) {
  const std::string order = std::string(kOneOrder) + ",\n";
  const std::string cancel = R"({"cancel":"pi_nothing")";
  EXPECT_EQ(
      failure_of(order + cancel + "}").rfind("here.json:5: POST /v1/intents/pi_nothing/cancel is refused with 4", 0),
      0U)
      << failure_of(order + cancel + "}");
  EXPECT_EQ(failure_of(order + cancel + R"(,"expect":{"http":"4xx"}})"), "");
  EXPECT_NE(failure_of(order + R"({"renew":"$intent1"})").find("/renew is refused with"), std::string::npos);
  EXPECT_NE(failure_of(order + R"({"request":{"method":"GET","path":"/v1/intents/pi_x"}})").find("is refused with 404"),
            std::string::npos);
  EXPECT_NE(failure_of(R"({"user":")" + std::string(60'000, 'x') + R"("})").find("/turns is refused with 4"),
            std::string::npos);
  EXPECT_NE(failure_of(order + R"({"webhook":{"event":"TRANSACTION.SUCCESS","sign":"bad"}})").find("is refused with"),
            std::string::npos);
}

TEST(Strict, ANoticeOfWhatWasNeverMadeIsASlipOfThePen) {
  const std::string order = std::string(kOneOrder) + ",\n";
  const auto told = [&](const std::string& how, const std::string& more = "") {
    return failure_of(order + R"({"webhook":{"event":)" + how + "}" + more + "}");
  };
  EXPECT_NE(told(R"("TRANSACTION.SUCCESS","order":9)").find("here.json:5: there is no order 9"), std::string::npos)
      << told(R"("TRANSACTION.SUCCESS","order":9)");
  EXPECT_NE(told(R"("REFUND.SUCCESS")").find("there is no refund 1"), std::string::npos);
  EXPECT_NE(told(R"("REFUND.SUCCESS","refund":4)").find("there is no refund 4"), std::string::npos);
  const std::string unknown = R"("TRANSACTION.SUCCESS","out_trade_no":"nobody_knows_this_1")";
  EXPECT_NE(told(unknown).find("a notice of nobody_knows_this_1, which nobody knows"), std::string::npos);
  EXPECT_EQ(told(unknown, R"(,"expect":{"http":"2xx"})"), "");
  EXPECT_NE(told(R"("TRANSACTION.SUCCESS","out_trade_no":"$oder1")", R"(,"expect":{"http":"2xx"})")
                .find("nothing was taken as \"$oder1\""),
            std::string::npos);
  EXPECT_NE(
      failure_of(order + R"({"cancel":"$intnt1","expect":{"http":404}})").find("nothing was taken as \"$intnt1\""),
      std::string::npos);
  EXPECT_NE(failure_of(order + R"({"pay":{"order":7,"refused":true}})").find("there is no order 7"), std::string::npos);
  EXPECT_NE(refused_script(R"({"webhook":{"event":"TRANSACTION.SUCESS"}})").find("here.json:4: /steps/0/webhook/event"),
            std::string::npos);
  EXPECT_NE(
      refused_script(R"({"webhook":{"event":"TRANSACTION.SUCCESS","amount":{"ttl":1}}})").find("ttl: no such key"),
      std::string::npos);
}

TEST(Strict, WhatDoesNothingIsAMistake) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"advance":"0s"})", R"(/steps/0/advance: "advance" of no time does nothing)"},
      {R"({"wall":"0ms"})", R"(/steps/0/wall: "wall" of no time)"},
      {R"({"wall":"999ms"})", "/steps/0/wall: the clock on the wall jumps by whole seconds"},
      {R"({"wall":"-1001ms"})", "whole seconds"},
      {R"({"client":{"connect":false}})", "/steps/0/client/connect: expected one of [true]"},
      {R"({"client":{}})", R"(/steps/0/client: expected one of "connect")"},
      {R"({"client":{"connect":true,"disconnect":true}})", "/steps/0/client: expected one of"},
      {R"({"user":"a","reply":{"status":500}})", R"(/steps/0/reply: "reply" stands beside "gateway" alone)"},
      {R"({"pay":{},"key":"k"})", R"(/steps/0/key: "key" stands beside "user", "cancel", "renew" alone)"},
      {R"({"model":{"text":"a"},"stream":true})", R"("stream" stands beside "user" alone)"},
      {R"({"advance":"1s","thread":"main"})", "/steps/0/thread: nobody looks at"},
      {R"({"concurrent":[{"user":"a"},{"user":"b","open":true}]})", R"(no "open" is looked at)"},
      {R"({"concurrent":[{"user":"a"},{"advance":"0s"}]})", "/steps/0/concurrent/1/advance: "},
      {R"({"model":{}})", R"(/steps/0/model: expected "text", "calls" or "fault")"},
      {R"({"model":{"text":"a","retry_after":5}})", "retry_after\" stands beside the fault http_429"},
      {R"({"model":{"text":"a","fault":"index_gap"}})", "/steps/0/model/fault: index_gap needs two calls"},
      {R"({"model":{"calls":[{"id":"k","name":"n","args":{},"args_raw":"{}"}]}})",
       R"(/steps/0/model/calls/0: "args" or "args_raw", not both)"},
      {R"({"expect":{}})", R"(/steps/0/expect: an empty "expect" expects nothing)"},
      {R"({"user":"a","expect":{"reply":{}}})", R"(an empty "reply")"},
      {R"({"user":"a","expect":{"reply":{"never":[]}}})", R"(/steps/0/expect/reply/never: an empty "never")"},
      {R"({"user":"a","expect":{"body":{}}})", R"(an empty "body")"},
      {R"({"user":"a","expect":{"events":[]}})", R"(["$exact"] says that there are none)"},
      {R"({"model":{"text":"a"},"sent":{}})", R"(an empty "sent")"},
      {R"({"expect":{"intent":{"$exact":1}}})", R"("$exact" is true or is not there)"},
      {R"({"expect":{"intent":{"id":5}}})", "/steps/0/expect/intent/id: expected string, found 5"},
      {R"({"model":{"text":"a","fault":"cut_after:99999999999999999999"}})", "/steps/0/model/fault: expected "},
      {R"({"user":"a","expect":{"http":"2x"}})", "/steps/0/expect/http: expected a status"},
      {R"({"webhook":{"event":"REFUND.SUCCESS","gap":"1s"}})", R"("gap" needs "times" of two or more)"},
      {R"({"webhook":{"event":"REFUND.SUCCESS","times":2,"gap":"99999999999999999999s"}})", "400 days at most"},
      {R"({"webhook":{"event":"TRANSACTION.SUCCESS","refund":1}})", "the notice of a payment speaks of no refund"},
      {R"({"rail":{"faults":[{"call":"create","what":"nonsense"}]}})", "/steps/0/rail/faults: /0/what"},
  };
  for (const auto& [step, rule] : known) {
    EXPECT_NE(refused_script(step).find("here.json:4: /steps/0"), std::string::npos) << step << refused_script(step);
    EXPECT_NE(refused_script(step).find(rule), std::string::npos) << step << "\n" << refused_script(step);
  }
  EXPECT_NE(refused_script(kOneOrder, R"("finally":{},)").find(R"(here.json:2: /finally: an empty "finally")"),
            std::string::npos);
  EXPECT_NE(refused_script(kOneOrder, R"("trajectory":{"calls_never":[]},)").find(R"(an empty "calls_never")"),
            std::string::npos);
}

TEST(Strict, TheDaemonAndItsClientsComeAndGoOnce) {
  const std::string order = std::string(kOneOrder) + ",\n";
  const std::pair<const char*, const char*> known[] = {
      {R"({"restart":true})", R"("restart": the daemon is up already)"},
      {R"({"client":{"disconnect":true}})", R"("disconnect": no client is connected)"},
      {R"({"client":{"reconnect":{}}})", R"("reconnect": no client was connected before)"},
  };
  for (const auto& [step, rule] : known)
    EXPECT_EQ(failure_of(order + step).rfind(std::string("here.json:5: ") + rule, 0), 0U) << failure_of(order + step);
  EXPECT_EQ(failure_of(order + R"({"crash":"now"},)" + "\n" + R"({"crash":"now"},{"restart":true})"),
            "here.json:6: \"crash\": the daemon is down already");
  EXPECT_EQ(failure_of(order + R"({"client":{"connect":true}},{"client":{"disconnect":true}},{"advance":"1m"})"), "");
}

TEST(Strict, MoneyIsComparedExactlyOrNotAtAll) {
  for (const char* any : {"$int", "$any", "$str", "$re:.*", "$ge:1", "$le:9"}) {
    const std::string word = "\"" + std::string(any) + "\"";
    const std::string rule = "money is compared exactly, " + std::string(any).substr(0, std::string(any).find(':'));
    for (const std::string& expected :
         {R"({"intent":{"amount":{"value":)" + word + "}}}", R"({"ledger":[{"capture":)" + word + "}]}",
          R"({"intents":[{"amount":)" + word + "}]}"}) {
      const std::string told = refused_script(R"({"expect":)" + expected + "}");
      EXPECT_NE(told.find("here.json:4: /steps/0/expect/"), std::string::npos) << expected << told;
      EXPECT_NE(told.find(rule), std::string::npos) << expected << told;
    }
    EXPECT_NE(
        refused_script(R"({"model":{"text":"a"},"sent":{"tool_result":{"call":"k","has":{"total_fen":)" + word + "}}}}")
            .find(rule),
        std::string::npos);
    Captures none;
    for (const char* name : {"captured_fen", "value", "total", "refund"})
      EXPECT_TRUE(difference({{name, any}}, {{name, 5}}, none, "x")) << name << any;
  }
  EXPECT_EQ(refused_script(R"({"expect":{"intent":{"amount":{"value":"$as:sum"},"captured":"$sum"}}})"), "");
  Captures seen;
  EXPECT_FALSE(difference({{"refund", "$str"}}, {{"refund", "re_1"}}, seen, "x")) << "an id";
  EXPECT_FALSE(difference({{"quantity", "$int"}}, {{"quantity", 5}}, seen, "x"));
}

TEST(Strict, WhatIsNoPatternIsToldWhereItStands) {
  const std::string head = R"({"expect":{"intent":{"state":)";
  EXPECT_NE(
      refused_script(head + R"("$re:("}}})").find("here.json:4: /steps/0/expect/intent/state: no regular expression"),
      std::string::npos);
  EXPECT_NE(refused_script(head + R"("$ge:x"}}})").find("$ge: needs a whole number, found \"x\""), std::string::npos);
  EXPECT_NE(refused_script(head + R"("$le:99999999999999999999"}}})").find("needs a whole number"), std::string::npos);
  EXPECT_NE(refused_script(head + R"("$as:"}}})").find("$as: needs a name"), std::string::npos);
}

TEST(Strict, AWorldThatCannotBeMadeIsABadScript) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"settings":{"no.such":1}})", "here.json:2: /given/settings/no.such: "},
      {R"({"settings":{"intent.lifetime_ms":"soon"}})", "here.json:2: /given/settings/intent.lifetime_ms: "},
      {R"({"catalogue":{"tea":{"currency":"CNY"}}})", R"(/given/catalogue/tea: expected a member "unit_price_fen")"},
      {R"({"catalogue":{"tea":{"unit_price_fen":1,"on_sail":true}}})", "/given/catalogue/tea/on_sail: no such key"},
      {R"({"catalogue":{"tea":5}})", "/given/catalogue/tea: expected object"},
      {R"({"catalogue":{"tea":{"unit_price_fen":-5}}})", "here.json:2: /given/catalogue/tea/unit_price_fen: "},
      {R"({"catalogue":{"version":"v","items":[{"sku":"tea"}]}})", "here.json:2: /given/catalogue/items/0"},
      {R"({"threads":{"b":"u_2"}})", "/given/threads/b: expected object"},
      {R"({"threads":{"b":{"usr":{"id":"u"}}}})", "/given/threads/b/usr: no such key"},
      {R"({"threads":{"b":{"user":{"ident":"u"}}}})", "/given/threads/b/user/ident: no such key"},
      {R"({"threads":{"b":{"locale":"fr"}}})", "/given/threads/b/locale: expected one of"},
      {R"({"database":"nope.sql"})", "/given/database: nope.sql: is no file"},
  };
  for (const auto& [given, rule] : known)
    EXPECT_NE(refused_script(kOneOrder, "", given).find(rule), std::string::npos)
        << refused_script(kOneOrder, "", given);
  EXPECT_NE(refused_script(kOneOrder, R"("clock":"noon",)").find("here.json:2: /clock: expected a time of RFC 3339"),
            std::string::npos);
  EXPECT_NE(refused_script(kOneOrder, R"("derived":"G1:x",)").find("/derived: no derivation has the code G1:x"),
            std::string::npos);
  // The daemon has the last word.
  const RunResult unpriced = result_of(kOneOrder, "",
                                       R"({"catalogue":{"version":"v","as_of":"2999-01-01T00:00:00Z","items":)"
                                       R"([{"sku":"tea","name":{"zh":"t","en":"t"},"unit_price_fen":5}]}})");
  EXPECT_TRUE(unpriced.misuse);
  EXPECT_EQ(first_of(unpriced).rfind("here.json:2: /given: ", 0), 0U) << first_of(unpriced);
}

TEST(Strict, WhatIsMissedAtTheEndHasALineToo) {
  EXPECT_EQ(failure_of(kPaidOrder, "\n\"finally\":{\n\"captured_fen\":1},")
                .rfind("here.json:4: /finally/captured_fen: finally.captured_fen: expected 1, found 17600", 0),
            0U)
      << failure_of(kPaidOrder, "\n\"finally\":{\n\"captured_fen\":1},");
  EXPECT_EQ(failure_of(kPaidOrder, "\n\"finally\":{\n\"gateway_posts\":{\n\"create\":7}},").rfind("here.json:5: ", 0),
            0U);
  EXPECT_EQ(failure_of(kPaidOrder, "\n\"trajectory\":{\"max_calls\":0},").rfind("here.json:3: /trajectory: ", 0), 0U)
      << failure_of(kPaidOrder, "\n\"trajectory\":{\"max_calls\":0},");
}

// Whatever nobody has thought of still has a line, and ends as a bad script does.
TEST(Strict, WhatThrowsIsToldWithItsStep) {
  auto scripts = parse_scripts("here.json", text_with(R"({"user":"hi"})", "", R"({"model":"scripted"})"));
  ASSERT_TRUE(scripts.ok()) << scripts.error().message;
  RunOptions options;
  options.model = [](const json&) -> Result<json> { throw std::runtime_error("[json.exception.type_error.302] boom"); };
  const RunResult run = run_script(scripts->at(0), Derivation(), nullptr, options);
  EXPECT_TRUE(run.misuse);
  EXPECT_EQ(first_of(run), "here.json:4: this cannot be played: boom");
}

class WithFiles : public testing::Test {
 protected:
  WithFiles() {
    std::string name = std::filesystem::temp_directory_path() / "purser-strict-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~WithFiles() override { std::filesystem::remove_all(folder_); }
  std::string put(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  std::filesystem::path folder_;
};

TEST_F(WithFiles, ADatabaseThatIsNoneIsABadScript) {
  put("bad.sql", "this is no SQL;");
  const std::string path = put("s.json", text_with(kOneOrder, "", R"({"model":"rules","database":"bad.sql"})"));
  const RunResult run = run_script(load_scripts(path).value().front(), Derivation(), nullptr, RunOptions());
  EXPECT_TRUE(run.misuse);
  EXPECT_EQ(first_of(run).rfind(path + ":2: /given: this world cannot be made: ", 0), 0U) << first_of(run);
}

TEST_F(WithFiles, ABlessingFollowsAMoneyLine) {
  const std::string path = put(
      "s.json", text_with(R"({"user":"两包龙井"},{"model":{"calls":[{"id":"k","name":"create_payment_intent","args":)"
                          R"({"lines":[{"sku":"tea-longjing-100g","quantity":2}]}}]}},)"
                          R"({"model":{"text":"好的，请付 ¥176.00。"},"expect":{"reply":{"money_line":)"
                          R"({"state":"awaiting_payment","amount":{"value":1}}}}})",
                          "", R"({"model":"scripted"})"));
  const auto played = [&](bool blesses) {
    RunOptions options;
    options.bless = blesses;
    return run_script(load_scripts(path).value().front(), Derivation(), nullptr, options);
  };
  EXPECT_NE(first_of(played(false)).find("reply.money_line.amount.value: expected 1, found 17600"), std::string::npos)
      << first_of(played(false));
  const RunResult run = played(true);
  EXPECT_EQ(first_of(run), "");
  const auto done = bless(load_scripts(path).value().front(), run.blessings);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->rewritten, 1U);
  EXPECT_TRUE(done->left.empty()) << done->left.front();
  EXPECT_EQ(first_of(played(false)), "");
}

TEST(Strict, CallsInAnyOrderFindTheirOwn) {
  const json calls = {{{"sku", "a"}, {"n", 2}}, {{"sku", "a"}, {"n", 3}}};
  const auto left = [&](const json& list, Captures& captures) {
    const auto agrees = [&](std::size_t one, std::size_t call, Captures& seen) {
      return !difference(list[one], calls[call], seen, "args");
    };
    return unpaired(list.size(), calls.size(), agrees, captures);
  };
  Captures none;
  // The first of them would take the call that the second needs.
  EXPECT_FALSE(left({{{"sku", "a"}}, {{"n", 2}}}, none));
  EXPECT_FALSE(left({{{"n", 3}}, {{"n", 2}}}, none));
  EXPECT_EQ(left({{{"n", 2}}, {{"n", 2}}}, none), 1U);
  EXPECT_TRUE(left({{{"sku", "a"}}, {{"sku", "a"}}, {{"sku", "a"}}}, none));
  // What one captures another has to agree with.
  Captures seen;
  EXPECT_FALSE(left({{{"n", "$as:first"}}, {{"n", 2}}}, seen));
  EXPECT_EQ(seen.at("first"), 3);
  Captures both;
  EXPECT_TRUE(left({{{"n", "$as:same"}}, {{"n", "$as:same"}}}, both));
  EXPECT_TRUE(both.empty());
}

}  // namespace
}  // namespace purser::replay
