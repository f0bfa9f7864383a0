#include "agent/replay/bless.hpp"
#include "agent/replay/match.hpp"
#include "agent/replay/mirror.hpp"
#include "agent/replay/model_wire.hpp"
#include "agent/replay/record.hpp"
#include "agent/replay/runner.hpp"
#include "agent/replay/script_text.hpp"
#include "agent/replay/simulate.hpp"
#include "tests/unit/agent/replay/mirror_steps.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdlib.h>

namespace purser::replay {
namespace {

std::string mistake(const std::string& text) {
  auto scripts = parse_scripts("tea.json", text);
  return scripts ? "" : scripts.error().message;
}

TEST(Script, AMistakeNamesTheFileTheLineAndWhatWasExpected) {
  EXPECT_NE(mistake("{\n \"script\": 1,\n \"name\": \"x\",\n \"steps\": [\n  {\"user\": 5}\n ]\n}")
                .find("tea.json:5: /steps/0/user: expected string, found 5"),
            std::string::npos);
  EXPECT_NE(mistake("{\"script\": 1, \"name\": \"x\",\n\"stepz\": [], \"steps\": [{\"user\": \"a\"}]}")
                .find("tea.json:2: /stepz: no such key"),
            std::string::npos);
  EXPECT_NE(mistake("{\"script\": 1,\n\"name\": \"x\",\n\"steps\": [\n{\"user\": \"a\", \"advance\": \"1s\"}]}")
                .find("tea.json:4: "),
            std::string::npos);
  EXPECT_NE(mistake("{\"script\": 1,\n oops").find("tea.json:2: not JSON"), std::string::npos);
  EXPECT_NE(mistake("{\"script\": 2, \"name\": \"x\", \"steps\": [{\"user\": \"a\"}]}").find("expected one of [1]"),
            std::string::npos);
}

TEST(Script, AFailureShowsTheStepAndTheThreeBeforeIt) {
  std::string text = "{\"script\": 1, \"name\": \"x\", \"steps\": [";
  for (const char* step : {"one", "two", "three", "four", "five"})
    text += "\n{\"user\": \"" + std::string(step) + "\"}" + (step == std::string("five") ? "]}" : ",");
  const Script script = parse_scripts("tea.json", text).value().front();
  EXPECT_EQ(steps_up_to(script, 4), (std::vector<std::string>{R"(  3  {"user": "two"})", R"(  4  {"user": "three"})",
                                                              R"(  5  {"user": "four"})", R"(> 6  {"user": "five"})"}));
  EXPECT_EQ(steps_up_to(script, 1), (std::vector<std::string>{R"(  2  {"user": "one"})", R"(> 3  {"user": "two"})"}));
  EXPECT_EQ(steps_up_to(script, 0).size(), 1u);
  // After the last step: "finally", which is shown by the failure itself.
  EXPECT_EQ(steps_up_to(script, 5).size(), 3u);
  EXPECT_TRUE(steps_up_to(script, 50).empty());
}

std::string mistake_of_step(const std::string& step) {
  return mistake("{\"script\": 1,\n\"name\": \"x\",\n\"steps\": [\n" + step + "]}");
}

// Each kind of mistake, where it stands, and what should stand there.
TEST(Script, EveryKindOfMistakeSaysWhereItIs) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"advance": "soon"})", "tea.json:4: /steps/0/advance: expected "},
      {R"({"advance": 5})", "tea.json:4: /steps/0/advance: expected string, found 5"},
      {R"({"paid": {}})", "tea.json:4: /steps/0/paid: no such key; expected one of "},
      {R"({"note": "nothing happens"})", "tea.json:4: /steps/0: expected one of the kinds of step"},
      {R"({"user": "a", "pay": {}})", "tea.json:4: /steps/0: a step is of one kind"},
      {R"({"webhook": {}})", "tea.json:4: /steps/0/webhook: expected a member \"event\""},
      {R"({"user": "a", "expect": {"ledgr": []}})", "tea.json:4: /steps/0/expect/ledgr: no such key"},
      {R"({"model": {"calls": [{"id": "k"}]}})", "tea.json:4: /steps/0/model/calls/0: expected a member \"name\""},
      {R"({"include": "parts/none.json"})", "tea.json:4: parts/none.json: cannot be read"},
  };
  for (const auto& [step, what] : known)
    EXPECT_NE(mistake_of_step(step).find(what), std::string::npos) << step << "\n" << mistake_of_step(step);
  EXPECT_NE(mistake("[]").find("tea.json:1: expected an object"), std::string::npos);
  EXPECT_NE(mistake("").find("tea.json:1: not JSON"), std::string::npos);
  EXPECT_NE(mistake(R"({"script":1,"name":"x","steps":[]})").find("/steps: expected at least 1 items"),
            std::string::npos);
  EXPECT_NE(load_scripts("no/such/folder.json").error().message.find("no/such/folder.json: cannot be read"),
            std::string::npos);
}

class InAFolder : public testing::Test {
 protected:
  InAFolder() {
    std::string name = std::filesystem::temp_directory_path() / "purser-scripts-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~InAFolder() override { std::filesystem::remove_all(folder_); }
  std::string put(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  std::filesystem::path folder_;
};

TEST(Script, WhatWouldNeverBeLookedAtIsAMistake) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"user": "a", "sent": {"last_role": "user"}})", R"("sent" stands beside "model" alone)"},
      {R"({"user": "a", "with": {}})", R"("with" stands beside "include" alone)"},
      {R"({"user": "a", "retry": false})", R"("retry" stands beside "restart" alone)"},
      {R"({"concurrent": [{"user": "a"}, {"user": "b", "expect": {"http": 500}}]})", R"(no "expect" is looked at)"},
      {R"({"concurrent": [{"user": "a"}, {"include": "x"}]})", R"(no "include" is looked at)"},
      {R"({"concurrent": [{"user": "a"}, {"concurrent": [{"user": "b"}, {"user": "c"}]}]})", R"(no "concurrent")"},
      {R"({"concurrent": [{"user": "a"}, {"pay": {}, "retry": true}]})", R"("retry" stands beside)"},
      {R"({"advance": "401d"})", R"("advance" goes 400 days at most)"},
      {R"({"advance": "99999999999999999999s"})", R"("advance" goes 400 days at most)"},
      {R"({"wall": "-401d"})", R"("wall" goes 400 days at most)"},
      {R"({"crash": "after:intent.paid:0"})", "/steps/0/crash: expected "},
      {R"({"user": "{{nope}}"})", "{{nope}} is no parameter here"},
      {R"({"include": "x.json", "expect": {"http": 500}})", R"(beside "include" no "expect" is looked at)"},
      {R"({"include": "x.json", "thread": "main"})", R"(beside "include" no "thread" is looked at)"},
      {R"({"include": "x.json", "with": {"n": 1}, "key": "k"})", R"(beside "include" no "key" is looked at)"},
      {R"({"webhook": {"event": "REFUND.SUCCESS", "appid": "wx1"}})", R"(no "appid" and no "currency")"},
      {R"({"webhook": {"event": "REFUND.SUCCESS", "amount": {"currency": "USD"}}})", R"(no "appid" and no "currency")"},
      {R"({"user": "a", "thread": "mian"})", R"(no thread "mian" under /given/threads)"},
      {R"({"concurrent": [{"user": "a"}, {"user": "b", "thread": "other"}]})", R"(no thread "other")"},
  };
  for (const auto& [step, what] : known) {
    EXPECT_NE(mistake_of_step(step).find("tea.json:4: "), std::string::npos) << step << "\n" << mistake_of_step(step);
    EXPECT_NE(mistake_of_step(step).find(what), std::string::npos) << step << "\n" << mistake_of_step(step);
  }
  EXPECT_EQ(mistake_of_step(R"({"advance": "400d"})"), "");
  EXPECT_EQ(mistake_of_step(R"({"user": "{{{{nope}} is a name"})"), "");
}

TEST(Script, WhatIsSaidTwiceOrBrokenIsAMistake) {
  const std::pair<std::string, const char*> known[] = {
      {"{\"script\":1,\n\"name\":\"x\",\n\"name\":\"y\"}", "tea.json:2: /name: this key stands twice"},
      {"{\"steps\":[{},\n{\"expect\":{},\"expect\":{}}]}", "tea.json:2: /steps/1/expect: this key stands twice"},
      {std::string(100, '['), "nested deeper than 64"},
      {"{\"script\":1,\n\"name\": \"x", "tea.json:2: not JSON: syntax error"},
      {"\xEF\xBB\xBF{}", "byte order mark"},
      {R"({"script":1,"name":"x","steps":[{"user":"a"}],"finally":{"gateway_posts":{"creates":0}}})",
       "/finally/gateway_posts/creates: no such key"},
      {R"({"script":1,"name":"x","steps":[{"user":"a"}],"trajectory":{"calls_never":["refunds"]}})",
       "/trajectory/calls_never/0: expected one of"},
      {R"({"script":1,"name":"x","table":5,"steps":[{"user":"a"}]})", "/table: expected rows"},
      {R"({"script":1,"name":"x","table":[],"steps":[{"user":"a"}]})", "/table: expected rows"},
      {R"({"script":1,"name":"x","table":[1],"steps":[{"user":"a"}]})", "/table/0: expected object"},
      {R"({"script":1,"name":"x","table":[{"row":1}],"steps":[{"user":"a"}]})", "/table/0/row: expected string"},
      {R"({"script":1,"name":"x","params":[],"steps":[{"user":"a"}]})", "/params: expected object"},
      {R"({"script":1,"name":"x","recorded":{"provider":"p","model":"m","date":"2026-01-01","expires":"soon"},)"
       R"("steps":[{"user":"a"}]})",
       "/recorded/expires: expected "},
  };
  for (const auto& [text, what] : known) EXPECT_NE(mistake(text).find(what), std::string::npos) << mistake(text);
}

TEST_F(InAFolder, APartIsStepsAloneAndItsParametersAreUsed) {
  put("part.json", R"({"steps":[{"user":"{{what}}"}]})");
  put("more.json", "{\"steps\":[{\"user\":\"a\"}],\n\"finally\":{\"captured_fen\":1}}");
  const auto verdict = [&](const std::string& step, const std::string& head = "") {
    auto scripts = load_scripts(put("s.json", R"({"script":1,"name":"x",)" + head + "\n\"steps\":[" + step + "]}"));
    return scripts.ok() ? std::string() : scripts.error().message;
  };
  EXPECT_EQ(verdict(R"({"include":"part.json","with":{"what":"tea"}})"), "");
  EXPECT_NE(
      verdict(R"({"include":"part.json","with":{"what":"tea","waht":"x"}})").find("s.json:2: {{waht}} stands nowhere"),
      std::string::npos);
  EXPECT_NE(verdict(R"({"include":"more.json"})").find("more.json:2: /finally: a part is steps alone"),
            std::string::npos);
  const std::string user = R"({"user":"cup {{n}}"})";
  EXPECT_EQ(verdict(user, R"("params":{"n":1},"table":[{"row":"one","n":2},{}],)"), "");
  EXPECT_NE(
      verdict(user, R"("params":{"n":1},"table":[{"n":2},{"m":3}],)").find("s.json:1: /table/1: {{m}} stands nowhere"),
      std::string::npos);
}

TEST_F(InAFolder, WhatIsNoFileIsNoPart) {
  std::filesystem::create_directory(folder_ / "sub.json");
  auto scripts = load_scripts(put("s.json", R"({"script":1,"name":"x","steps":[{"include":"sub.json"}]})"));
  ASSERT_FALSE(scripts.ok());
  EXPECT_NE(scripts.error().message.find("is no file"), std::string::npos) << scripts.error().message;
  std::filesystem::remove(folder_ / "s.json");
  put("t.json", R"({"script":1,"name":"x","steps":[{"user":"a"}]})");
  EXPECT_TRUE(load_scripts(folder_).ok()) << "a folder may have any name";
}

TEST_F(InAFolder, ABlessingThatCannotBeReadAgainIsNotWritten) {
  const std::string text =
      R"({"script":1,"name":"x","steps":[{"user":"a","expect":{"http":500,"body":{"state":"x"}}}],)"
      R"("finally":{"captured_fen":1}})";
  const std::string path = put("s.json", text);
  const Script script = load_scripts(path).value().front();
  const auto blessed = [&](const std::string& kind, const json& value) {
    return bless(script, {Blessing{kind.starts_with("finally") ? 1U : 0U, kind, value}});
  };
  const auto now = [&] {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  for (const json& value : {json(json::value_t::discarded), json(), json({{"a", 1}})}) {
    const auto done = blessed("http", value);
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done->rewritten, 0U);
    EXPECT_EQ(done->left.size(), 1U);
  }
  EXPECT_FALSE(blessed("body", json::array({1})).ok()) << "no schema allows it";
  EXPECT_EQ(now(), text);
  EXPECT_TRUE(blessed("finally.captured_fen", 7).ok());
  EXPECT_NE(now().find(R"("captured_fen":7)"), std::string::npos) << now();
}

TEST(Script, WhatWasRecordedStandsAsItself) {
  const json said = "$intent1 costs $5 {{x}}";
  const json written = named(said, {{"intent1", "pi_0123456789abcdef"}});
  EXPECT_EQ(written, "$$intent1 costs $$5 {{{{x}}");
  auto scripts =
      parse_scripts("r.json", json{{"script", 1}, {"name", "r"}, {"steps", {{{"model", {{"text", written}}}}}}}.dump());
  ASSERT_TRUE(scripts.ok()) << scripts.error().message;
  EXPECT_EQ(substituted(scripts->front().steps[0]["model"]["text"], {{"intent1", "pi_0123456789abcdef"}}), said);
}

TEST_F(InAFolder, PartsThatIncludeEachOtherEnd) {
  put("a.json", R"({"steps":[{"include":"b.json"}]})");
  put("b.json", R"({"steps":[{"user":"x"},{"include":"a.json"}]})");
  auto scripts = load_scripts(put("s.json", R"({"script":1,"name":"x","steps":[{"include":"a.json"}]})"));
  ASSERT_FALSE(scripts.ok());
  EXPECT_NE(scripts.error().message.find("parts include each other without end"), std::string::npos);
}

TEST_F(InAFolder, AMistakeInAPartIsThePartsAndAllMistakesOfAFolderComeAtOnce) {
  put("part.json", "{\"steps\":[\n{\"user\": 1}]}");
  put("one.json", R"({"script":1,"name":"x","steps":[{"include":"part.json"}]})");
  put("two.json", R"({"script":1,"name":"x","steps":[{"pays":{}}]})");
  const auto scripts = load_scripts(folder_);
  ASSERT_FALSE(scripts.ok());
  EXPECT_NE(scripts.error().message.find("part.json:2: /steps/0/user: expected string"), std::string::npos)
      << scripts.error().message;
  EXPECT_NE(scripts.error().message.find("two.json:1: /steps/0/pays: no such key"), std::string::npos);
}

TEST(Script, AHugeOneIsReadInTime) {
  std::string steps;
  for (int i = 0; i < 3'000; ++i) steps += (i > 0 ? ",\n" : "") + std::string(R"({"user": "再来一包"})");
  auto scripts = parse_scripts("huge.json", "{\"script\":1,\"name\":\"huge\",\"steps\":[" + steps + "]}");
  ASSERT_TRUE(scripts.ok());
  EXPECT_EQ(scripts->at(0).where.back(), "huge.json:3000");
}

TEST(Script, ATableIsOneRunARowAndFillsValuesIn) {
  auto scripts = parse_scripts("t.json", R"({"script":1,"name":"n","table":[{"row":"a","q":1},{"row":"b","q":2}],
    "steps":[{"model":{"calls":[{"id":"k","name":"t","args":{"quantity":"{{q}}","note":"{{q}} packs"}}]}}]})");
  ASSERT_TRUE(scripts.ok()) << scripts.error().message;
  ASSERT_EQ(scripts->size(), 2u);
  EXPECT_EQ(scripts->at(1).name, "n [b]");
  const json args = scripts->at(1).steps[0]["model"]["calls"][0]["args"];
  EXPECT_EQ(args["quantity"], 2);
  EXPECT_EQ(args["note"], "2 packs");
}

TEST(Match, ObjectsAreSubsetsArraysExactAndMoneyIsExact) {
  Captures seen;
  EXPECT_FALSE(difference(json{{"a", 1}}, json{{"a", 1}, {"b", 2}}, seen, ""));
  EXPECT_TRUE(difference(json{{"a", 1}, {"$exact", true}}, json{{"a", 1}, {"b", 2}}, seen, ""));
  EXPECT_TRUE(difference(json::array({1}), json::array({1, 2}), seen, "x"));
  EXPECT_TRUE(difference(json(25), json(25.0), seen, "x"));
  EXPECT_TRUE(difference(json("$ge:5"), json(7), seen, "total_fen"));
  EXPECT_FALSE(difference(json("$ge:5"), json(7), seen, "count"));
  EXPECT_TRUE(difference(json{{"a", "$int"}}, json{{"a", "1"}}, seen, ""));
  EXPECT_FALSE(difference(json{{"a", "$absent"}}, json{{"b", 1}}, seen, ""));
}

TEST(Match, MoneyIsNeverComparedByABound) {
  Captures none;
  for (const char* name :
       {"captured_fen", "value", "total", "refund", "capture", "late_capture", "captured", "refunded", "unit_price",
        "reserved", "duplicate_capture", "fee", "fee_return", "token_cost"})
    EXPECT_TRUE(difference({{name, "$ge:1"}}, {{name, 5}}, none, "x")) << name;
  EXPECT_FALSE(difference({{"quantity", "$ge:1"}}, {{"quantity", 5}}, none, "x"));
}

TEST(Match, ACaptureAgreesWithItselfFromThenOn) {
  Captures seen;
  EXPECT_FALSE(difference(json("$as:x"), json("one"), seen, "x"));
  EXPECT_FALSE(difference(json("$x"), json("one"), seen, "x"));
  EXPECT_TRUE(difference(json("$as:x"), json("two"), seen, "x"));
  EXPECT_EQ(substituted("/v3/$x/y", seen), "/v3/one/y");
  EXPECT_EQ(substituted("$$x", seen), "$x");
}

json request_with(json messages) {
  return {{"messages", std::move(messages)}};
}

std::vector<std::string> faults_of(const json& request) {
  return model_request_faults(request, request.dump());
}

TEST(Oracle, AHistoryWithAnUnansweredCallIsBlamed) {
  const json call{{"role", "assistant"},
                  {"tool_calls", json::array({{{"id", "a"}, {"function", {{"arguments", "{}"}}}}})}};
  const json answer{{"role", "tool"}, {"tool_call_id", "a"}, {"content", "{}"}};
  const json user{{"role", "user"}, {"content", "hi"}};
  EXPECT_TRUE(faults_of(request_with({user, call, answer})).empty());
  EXPECT_FALSE(faults_of(request_with({user, call, user})).empty());
  EXPECT_FALSE(faults_of(request_with({user, call})).empty());
  EXPECT_FALSE(faults_of(request_with({user, call, answer, answer})).empty());
  EXPECT_FALSE(faults_of(request_with({user, call, answer, call, answer})).empty());
  const json leak{{"role", "user"}, {"content", "weixin://wxpay/x"}};
  EXPECT_FALSE(faults_of(request_with({leak})).empty());
}

TEST(Oracle, EachFaultOfAHistoryIsToldByItself) {
  const auto call = [](std::initializer_list<const char*> ids, const char* arguments = "{}") {
    json calls = json::array();
    for (const char* id : ids) calls.push_back({{"id", id}, {"function", {{"arguments", arguments}}}});
    return json{{"role", "assistant"}, {"tool_calls", calls}};
  };
  const auto answer = [](const char* id) { return json{{"role", "tool"}, {"tool_call_id", id}, {"content", "{}"}}; };
  const json user{{"role", "user"}, {"content", "hi"}};
  using Faults = std::vector<std::string>;
  EXPECT_EQ(faults_of(request_with({user, call({"a", "b"}), answer("a"), answer("b"), user})), Faults());
  EXPECT_EQ(faults_of(request_with({call({"a", "b"}), answer("b"), answer("a")})),
            (Faults{"O1: the answer to b stands where it may not", "O1: b has no answer"}))
      << "in another order than the model's";
  EXPECT_EQ(faults_of(request_with({answer("a")})), Faults{"O1: the answer to a stands where it may not"});
  EXPECT_EQ(faults_of(request_with({call({"a"}), user})), Faults{"O1: a has no answer"});
  EXPECT_EQ(faults_of(request_with({call({"a"})})), Faults{"O1: a has no answer"});
  EXPECT_EQ(faults_of(request_with({call({""}), answer("")})), Faults{"O1: the call id '' is used twice"});
  EXPECT_EQ(faults_of(request_with({call({"a"}), answer("a"), call({"a"}), answer("a")})),
            Faults{"O1: the call id 'a' is used twice"});
  EXPECT_EQ(faults_of(request_with({call({"a"}, "{\"n\":"), answer("a")})), Faults{"O1: arguments that are no JSON"});
  EXPECT_EQ(faults_of(request_with(json::array())), Faults{"O1: a request without messages"});
}

PaymentIntent paid_intent() {
  PaymentIntent row;
  row.id = IntentId::trusted("pi_1");
  row.amount = Money(100, Currency::cny());
  row.captured = row.refunded = row.refund_reserved = Money(0, Currency::cny());
  row.order.out_trade_no = OutTradeNo::trusted("no_1");
  return row;
}

TEST(Oracle, AnIntentThatWalksAnIllegalEdgeIsBlamed) {
  Mirror mirror;
  PaymentIntent row = paid_intent();
  commit(mirror, op::InsertIntent{row});
  row.state = IntentState::expired;
  commit(mirror, op::UpdateIntent{row});
  EXPECT_TRUE(mirror.violations.empty());
  row.state = IntentState::awaiting_payment;
  commit(mirror, op::UpdateIntent{row});
  EXPECT_TRUE(blamed(mirror, "I6"));
}

TEST(Oracle, SuccessWithoutMoneyAndTwoCapturesAreBlamed) {
  Mirror mirror;
  PaymentIntent row = paid_intent();
  commit(mirror, op::InsertIntent{row});
  row.state = IntentState::succeeded;
  commit(mirror, op::UpdateIntent{row});
  EXPECT_TRUE(blamed(mirror, "I5"));
  LedgerEntry line;
  line.intent = row.id;
  line.kind = "capture";
  line.debit_account = "a";
  line.credit_account = "b";
  line.amount = row.amount;
  line.reference = "r1";
  commit(mirror, op::PostLedger{line});
  EXPECT_FALSE(blamed(mirror, "I1"));
  line.reference = "r2";
  commit(mirror, op::PostLedger{line});
  EXPECT_TRUE(blamed(mirror, "I1"));
}

TEST(Oracle, MoreBackThanCameAndAnEventToldTwiceAreBlamed) {
  Mirror mirror;
  PaymentIntent row = paid_intent();
  commit(mirror, op::InsertIntent{row});
  row.refund_reserved = Money(1, Currency::cny());
  commit(mirror, op::UpdateIntent{row});
  EXPECT_TRUE(blamed(mirror, "I3"));
  Turn turn;
  turn.cause = "intent.succeeded:pi_1";
  turn.state = TurnState::completed;
  turn.id = TurnId::trusted("turn_1");
  commit(mirror, op::FinishTurn{turn});
  EXPECT_FALSE(blamed(mirror, "O6"));
  turn.id = TurnId::trusted("turn_2");
  commit(mirror, op::FinishTurn{turn});
  EXPECT_TRUE(blamed(mirror, "O6"));
}

TEST(Oracle, WhatIsLeftUndoneIsBlamedAtTheEnd) {
  Mirror mirror;
  commit(mirror, op::InsertIntent{paid_intent()});
  mirror.check_end(false);
  EXPECT_TRUE(mirror.violations.empty());
  mirror.check_end(true);
  EXPECT_TRUE(blamed(mirror, "I11"));
}

RunResult played(const std::string& steps, const Derivation& derivation = {}) {
  auto scripts =
      parse_scripts("here.json", R"({"script":1,"name":"here","given":{"model":"rules"},"steps":[)" + steps + "]}");
  EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
  return run_script(scripts->at(0), derivation, nullptr, RunOptions());
}

constexpr const char* kBuy = R"({"user":"来两包龙井","expect":{"intent":{"state":"awaiting_payment"}}},{"pay":{}})";

TEST(Run, TheSameScriptLeavesTheSameTrace) {
  const RunResult one = played(kBuy);
  const RunResult two = played(kBuy);
  EXPECT_TRUE(one.failures.empty()) << one.failures.front();
  EXPECT_EQ(one.digest, two.digest);
  EXPECT_EQ(one.end_state["captured"], 17600);
}

TEST(Run, AWrongExpectationIsToldWithItsLine) {
  const RunResult run = played(R"({"user":"来两包龙井","expect":{"intent":{"state":"succeeded"}}})");
  ASSERT_FALSE(run.failures.empty());
  EXPECT_NE(run.failures.front().find("here.json:1: intent.state"), std::string::npos) << run.failures.front();
}

TEST(Run, WhatNeverMayStandIsLookedForInEveryForm) {
  const std::string told =
      R"({"user":"来两包龙井"},{"model":{"calls":[{"id":"k","name":"create_payment_intent","args":)"
      R"({"lines":[{"sku":"tea-longjing-100g","quantity":2}]}}]}},)"
      R"({"model":{"text":"好的，请付款。"},"sent":{"tool_result":{"call":"k"REST}}})";
  const auto with = [&](const std::string& rest, const std::string& more = "") {
    std::string steps = told;
    steps.replace(steps.find("REST"), 4, rest);
    auto scripts = parse_scripts("here.json", R"({"script":1,"name":"here",)" + more + R"("steps":[)" + steps + "]}");
    EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
    return run_script(scripts->at(0), Derivation(), nullptr, RunOptions()).failures;
  };
  EXPECT_TRUE(with("").empty());
  EXPECT_TRUE(with(R"(,"never":["weixin://"])").empty());
  EXPECT_FALSE(with(R"(,"never":["$intent1"])").empty()) << "a capture";
  EXPECT_FALSE(with(R"(,"never":["\"awaiting_payment\""])").empty()) << "with its quotes";
  EXPECT_TRUE(with("", R"("trajectory":{"args":"subset","list":[{"name":"create_payment_intent","args":{"lines":[)"
                       R"({"sku":"tea-longjing-100g"}]}}]},)")
                  .empty());
  EXPECT_FALSE(with("", R"("trajectory":{"args":"exact","list":[{"name":"create_payment_intent","args":{"lines":[)"
                        R"({"sku":"tea-longjing-100g"}]}}]},)")
                   .empty())
      << "exact is exact at every depth";
}

TEST(Run, AStepWithoutARequestHasNoStatus) {
  const RunResult run = played(std::string(kBuy) + R"(,{"advance":"1s","expect":{"http":500}})");
  ASSERT_FALSE(run.failures.empty());
  EXPECT_NE(run.failures.front().find("http: this step makes no request"), std::string::npos) << run.failures.front();
}

std::string first_failure(const std::string& steps, const std::string& given = R"({"model":"rules"})") {
  auto scripts =
      parse_scripts("here.json", R"({"script":1,"name":"here","given":)" + given + R"(,"steps":[)" + steps + "]}");
  if (!scripts) return scripts.error().message;
  const RunResult run = run_script(scripts->at(0), Derivation(), nullptr, RunOptions());
  return run.failures.empty() ? std::string() : run.failures.front();
}

// A key in the customer's words is one that a model is shown; the run asks for each request.
TEST(Oracle, ARequestOfARunIsHeldToIt) {
  const std::string failure =
      first_failure(R"({"user":"What is a PRIVATE KEY?"},{"model":{"text":"A secret."}})", R"({"model":"scripted"})");
  EXPECT_NE(failure.find("O7: a model was shown PRIVATE KEY"), std::string::npos) << failure;
}

TEST(Run, WhatIsExpectedIsExpectedOfTheThreadThatIsNamed) {
  const std::string again = std::string(kBuy) + R"(,{"crash":"now"},{"restart":true)";
  const std::string expect = R"(,"expect":{"intent":{"state":"succeeded"}}})";
  const std::string given = R"({"model":"rules","threads":{"other":{}}})";
  EXPECT_EQ(first_failure(again + expect), "");
  const std::string other = first_failure(again + R"(,"thread":"other")" + expect, given);
  EXPECT_NE(other.find("intent: there is none"), std::string::npos) << other;
}

TEST(Run, AModelAnswersTheThreadThatIsNamed) {
  const std::string failure = first_failure(R"({"user":"你好"},{"model":{"text":"好"},"thread":"other"})",
                                            R"({"model":"scripted","threads":{"other":{}}})");
  EXPECT_NE(failure.find("no request of it waits"), std::string::npos) << failure;
}

TEST(Run, ARequestIntoTheVoidFails) {
  const std::string down = std::string(kBuy) + R"(,{"crash":"now"},{"user":"还在吗？"})";
  const std::string failure = first_failure(down);
  EXPECT_NE(failure.find("the daemon was down and is not started again: POST /v1/threads/"), std::string::npos)
      << failure;
  EXPECT_EQ(first_failure(down + R"(,{"restart":true})"), "");
}

TEST(Run, WhatIsNeverSaidNeedsWordsAndCaptures) {
  const std::string never = R"("expect":{"reply":{"never":["WORD"]}})";
  const auto with = [&](std::string steps, const std::string& word) {
    return first_failure(steps.replace(steps.find("WORD"), 4, word), R"({"model":"scripted"})");
  };
  const std::string early = R"({"user":"你好",)" + never + R"(},{"model":{"text":"好"}})";
  const std::string said = R"({"user":"你好"},{"model":{"text":"好"},)" + never + "}";
  EXPECT_NE(with(early, "已支付").find("reply: there is none yet"), std::string::npos) << with(early, "已支付");
  EXPECT_EQ(with(said, "已支付"), "");
  EXPECT_NE(with(said, "好").find("stands in"), std::string::npos) << with(said, "好");
  EXPECT_NE(with(said, "$intnt1").find("nothing was taken as"), std::string::npos) << with(said, "$intnt1");
}

TEST(Run, AMoneyLineNamesTheSumOfItsRow) {
  const auto told = [](const std::string& words) {
    return first_failure(R"({"user":"两包龙井"},{"model":{"calls":[{"id":"k","name":"create_payment_intent","args":)"
                         R"({"lines":[{"sku":"tea-longjing-100g","quantity":2}]}}]}},{"model":{"text":")" +
                             words + R"("},"expect":{"reply":{"money_line":{"state":"awaiting_payment"}}}})",
                         R"({"model":"scripted"})");
  };
  EXPECT_EQ(told("好的，请付 ¥176.00。"), "");
  EXPECT_NE(told("请用下面的卡片。").find("reply.money_line: ¥176.00 is not named"), std::string::npos)
      << told("请用下面的卡片。");
}

TEST(Run, HowCallsAreComparedNeedsCalls) {
  auto scripts = parse_scripts(
      "here.json", R"({"script":1,"name":"here","trajectory":{"calls":"exact"},"steps":[)" + std::string(kBuy) + "]}");
  ASSERT_TRUE(scripts.ok());
  EXPECT_FALSE(run_script(scripts->at(0), Derivation(), nullptr, RunOptions()).failures.empty());
}

TEST(Run, ACrashThatNeverComesFails) {
  for (const char* point : {"after:intent.nonsense", "before:rail:nonsense", "after:intent.created:99"}) {
    const RunResult run = played(R"({"crash":")" + std::string(point) + R"("},)" + kBuy);
    ASSERT_FALSE(run.failures.empty()) << point;
    EXPECT_NE(run.failures.front().find("was not reached; passed were intent.created"), std::string::npos)
        << run.failures.front();
  }
  const RunResult two =
      played(std::string(R"({"crash":"after:intent.nonsense"},{"crash":"now"},{"restart":true},)") + kBuy);
  EXPECT_FALSE(two.failures.empty()) << "the first one never came";
}

TEST(Run, AModelStepThatNobodyAskedForFails) {
  const RunResult run = played(R"({"model":{"text":"hello"}})");
  ASSERT_FALSE(run.failures.empty());
  EXPECT_NE(run.failures.front().find("no request waits"), std::string::npos);
}

// Nobody wants anything any more, and yet the next honest word is refused.
TEST(Oracle, AThreadThatCannotBeUsedAtTheEndIsBlamed) {
  const auto end_with = [](const std::string& settings) {
    auto scripts = parse_scripts("here.json", R"({"script":1,"name":"here","given":{"model":"rules","settings":)" +
                                                  settings + R"(},"steps":[{"user":"你好"}]})");
    EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
    return run_script(scripts->at(0), Derivation(), nullptr, RunOptions()).failures;
  };
  EXPECT_TRUE(end_with("{}").empty());
  const auto failures = end_with(R"({"limits.turns_per_user":1})");
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("O10: the thread main cannot be used any more"), std::string::npos) << failures[0];
}

TEST(Simulation, ASeedReplaysExactlyAndHoldsTheInvariants) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const EpisodeResult one = play(episode_of(seed));
    const EpisodeResult two = play(episode_of(seed));
    EXPECT_EQ(one.digest, two.digest) << seed;
    EXPECT_TRUE(one.violations.empty()) << seed << " " << one.violations.front();
  }
}

}  // namespace
}  // namespace purser::replay
