// Where a failure is told to be, whoever found it: the step's line, or the last one that was played, and the
// derivation.
#include "agent/replay/loopback.hpp"
#include "agent/replay/progress.hpp"
#include "agent/replay/record.hpp"
#include "agent/replay/refusals.hpp"
#include "agent/replay/runner.hpp"

#include <gtest/gtest.h>

namespace purser::replay {
namespace {

Script placed(const std::string& steps, const std::string& more = "") {
  auto scripts = parse_scripts("placed.json", "{\"script\":1,\"name\":\"placed\",\n\"given\":{\"model\":\"rules\"}," +
                                                  more + "\n\"steps\":[\n" + steps + "]}");
  EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
  return scripts->at(0);
}

std::string first_failure(const RunResult& run) {
  return run.failures.empty() ? std::string() : run.failures.front();
}

RunResult played_as(const Script& script, const Derivation& derivation, const RunResult* plain) {
  return run_script(script, derivation, plain, RunOptions());
}

// The thread cannot be used any more at the end: nobody's step, so behind the last of them.
constexpr const char* kUsedUp = R"("derive":{"ends":"any"},)";
Script used_up() {
  auto scripts =
      parse_scripts("placed.json", "{\"script\":1,\"name\":\"placed\"," + std::string(kUsedUp) +
                                       "\n\"given\":{\"model\":\"rules\",\"settings\":"
                                       "{\"limits.turns_per_user\":1}},\n\"steps\":[\n{\"user\":\"你好\"}]}");
  EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
  return scripts->at(0);
}

TEST(Places, AnOracleNamesTheLastStepAndTheDerivation) {
  const Script script = used_up();
  const RunResult plain = played_as(script, Derivation(), nullptr);
  EXPECT_EQ(first_failure(plain), "placed.json:4: behind the last step: O10: the thread main cannot be used any more");
  ASSERT_FALSE(plain.steps.empty());
  EXPECT_EQ(plain.steps.back().substr(0, 4), "> 4 ");
  Derivation late;
  late.code = "F7:a-millisecond-late";
  late.same_end = false;
  EXPECT_EQ(first_failure(played_as(script, late, &plain)).rfind("placed.json:4: F7:a-millisecond-late: behind", 0),
            0U);
}

TEST(Places, AnOracleNamesTheStepThatBrokeIt) {
  // A catalogue whose goods carry a link to pay by shows it to the model, at the second step.
  auto scripts = parse_scripts("placed.json", R"({"script":1,"name":"placed","given":{"locale":"en",
"catalogue":{"tea":{"unit_price_fen":100,"name":{"zh":"tea","en":"tea"},"description":{"zh":"weixin://wxpay/x","en":"weixin://wxpay/x"}}}},
"steps":[
{"user":"hello"},
{"model":{"calls":[{"id":"k1","name":"search_catalogue","args":{"query":"tea"}}]}},
{"model":{"text":"Here is tea."}}]})");
  ASSERT_TRUE(scripts.ok()) << scripts.error().message;
  const RunResult run = played_as(scripts->at(0), Derivation(), nullptr);
  EXPECT_EQ(first_failure(run).rfind("placed.json:5: O7: a model was shown weixin://", 0), 0U) << first_failure(run);
}

TEST(Places, AnEndThatDiffersNamesWhatIsAnotherAndWhere) {
  const Script script = placed(R"({"user":"来两包龙井"},
{"pay":{}})");
  RunResult plain = played_as(script, Derivation(), nullptr);
  ASSERT_TRUE(plain.failures.empty()) << plain.failures.front();
  plain.end_state["captured"] = 1;
  plain.end_state["intents"][0]["state"] = "expired";
  Derivation pieces;
  pieces.code = "F7:time-in-pieces";
  pieces.split_time = true;
  EXPECT_EQ(first_failure(played_as(script, pieces, &plain)),
            "placed.json:5: F7:time-in-pieces: behind the last step: the end differs from the plain run's: "
            "captured: 1 became 17600; intents[0].state: \"expired\" became \"succeeded\"");
}

TEST(Places, TwoRunsThatDifferNameWhereTheyPart) {
  const Script script = placed(R"({"user":"来两包龙井"},
{"advance":"10s"},
{"pay":{}})");
  const RunResult one = played_as(script, Derivation(), nullptr);
  RunResult other = one;
  ASSERT_GT(one.journal.size(), 4U);
  const auto paid = std::find_if(other.journal.begin(), other.journal.end(),
                                 [](const JournalLine& line) { return line.text == "the payer pays"; });
  ASSERT_NE(paid, other.journal.end());
  paid->text = "nobody pays";
  EXPECT_EQ(where_two_differ(script, one, other),
            "placed.json:6: two runs differ, first in \"rail the payer pays\" and \"rail nobody pays\"");
  other.journal.erase(other.journal.begin(), other.journal.end());
  EXPECT_NE(where_two_differ(script, one, other).find("placed.json:4: two runs differ"), std::string::npos);
  EXPECT_NE(where_two_differ(script, one, other).find("and \"nothing more\""), std::string::npos);
}

TEST(Places, WhatTheStepBeforeHadIsToldWhereItIsLookedForTooLate) {
  const RunResult run = played_as(placed(R"({"user":"来两包龙井"},
{"pay":{}},
{"expect":{"ledger":[{"capture":17600}]}})"),
                                  Derivation(), nullptr);
  EXPECT_EQ(first_failure(run).rfind("placed.json:6: ledger: expected 1 entries, found 0: []; the step before, line 5, "
                                     "had [{\"capture\":17600",
                                     0),
            0U)
      << first_failure(run);
}

// --- recordings -----------------------------------------------------------------------------------------------------

Script recorded_on(const std::string& from, const std::string& until) {
  return placed(R"({"user":"a"})", "\n\"recorded\":{\"provider\":\"p\",\"model\":\"m\",\"date\":\"" + from +
                                       "\",\n\"expires\":\"" + until + "\"},");
}

TEST(Recording, IsOfADayThatHasBeen) {
  const UtcTime today = parse_time("2026-06-01T23:59:59Z").value();
  EXPECT_EQ(stale(recorded_on("2026-06-01", "2026-08-30"), today), "");
  EXPECT_EQ(stale(recorded_on("2026-03-03", "2026-06-01"), today), "");
  const std::string early = stale(recorded_on("2026-06-02", "2026-08-30"), today);
  EXPECT_EQ(early.rfind("placed.json:3: /recorded/date: recorded on 2026-06-02, and it is 2026-06-01", 0), 0U) << early;
  const std::string late = stale(recorded_on("2026-03-02", "2026-05-31"), today);
  EXPECT_EQ(late.rfind("placed.json:4: /recorded/expires: recorded from m on 2026-03-02, good until", 0), 0U) << late;
}

// --- progress -------------------------------------------------------------------------------------------------------

TEST(Progress, IsALineNowAndThenAndOneThatIsWrittenOverOnATerminal) {
  Progress file(3'500, Progress::To::file);
  EXPECT_EQ(file.after(0, 0), "");
  EXPECT_EQ(file.after(999, 0), "");
  EXPECT_EQ(file.after(1'003, 1), "1003 of 3500 episodes, 1 failed\n");
  EXPECT_EQ(file.after(1'999, 1), "");
  EXPECT_EQ(file.after(3'400, 2), "3400 of 3500 episodes, 2 failed\n");
  EXPECT_EQ(file.after(3'500, 2), "") << "the result says it";
  EXPECT_EQ(file.wiped(), "");

  Progress terminal(30, Progress::To::terminal);
  EXPECT_EQ(terminal.after(0, 0), "");
  EXPECT_EQ(terminal.after(7, 0), "\r\x1b[K7 of 30 episodes, 0 failed");
  EXPECT_EQ(terminal.after(7, 0), "") << "nothing new";
  EXPECT_EQ(terminal.wiped(), "\r\x1b[K");

  Progress nobody(30'000, Progress::To::nobody);
  EXPECT_EQ(nobody.after(20'000, 0) + nobody.wiped(), "");
}

TEST(Progress, IsCountedOverProcesses) {
  SharedCounts counts;
  counts.add(false);
  counts.add(true);
  EXPECT_EQ(counts.done(), 2U);
  EXPECT_EQ(counts.failed(), 1U);
}

// --- over sockets ---------------------------------------------------------------------------------------------------

TEST(Loopback, DoesNotPlayWhatWaitsWhileTimePasses) {
  const auto inside = [](const std::string& steps) { return only_inside(placed(steps)); };
  EXPECT_EQ(inside(R"({"user":"a","open":true},{"user":"b"},{"advance":"1s"})"), "");
  EXPECT_EQ(inside(R"({"user":"a","open":true},{"advance":"1s"})"), "time passes while a request waits for its answer");
}

TEST(Loopback, ARefusalThatNoStepExpectsIsTold) {
  EXPECT_EQ(unsaid_refusal("POST /x", 201, "{}"), "");
  EXPECT_EQ(unsaid_refusal("POST /x", 409, R"({"error":{"code":"idempotency_conflict"}})"),
            "POST /x is refused with 409 idempotency_conflict; where that is meant, the step says "
            "\"expect\": {\"http\": 409}");
  EXPECT_EQ(unsaid_refusal("GET /x", 404, "nothing here").rfind("GET /x is refused with 404; where", 0), 0U);
}

}  // namespace
}  // namespace purser::replay
