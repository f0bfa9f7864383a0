// What a suite tells: commands that a shell takes, XML that a parser takes, searches that end.
#include "agent/replay/report.hpp"

#include "agent/replay/shrink.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <unistd.h>

namespace purser::replay {
namespace {

Outcome failed_run(const std::string& path) {
  Outcome out;
  out.path = path;
  out.name = "n";
  out.failures.push_back("f");
  return out;
}

TEST(Report, ACommandIsOneThatAShellTakes) {
  Outcome run = failed_run("tests/replay/a.json");
  EXPECT_EQ(command_of(run), "purser replay tests/replay/a.json");
  run.derivation = "F1:commit:7:after";
  EXPECT_EQ(command_of(run), "purser replay tests/replay/a.json --derive all --only F1:commit:7:after");
  run.row = "version 1";
  EXPECT_EQ(command_of(run),
            "purser replay tests/replay/a.json --row 'version 1' --derive all --only F1:commit:7:after");
  EXPECT_EQ(command_of(failed_run("it's; rm $HOME/*.json")), R"(purser replay 'it'\''s; rm $HOME/*.json')");
  EXPECT_EQ(command_of(failed_run("")), "purser replay ''");
  EXPECT_NE(failure_text(run).find("again: " + command_of(run)), std::string::npos);
}

TEST(Report, WhatXmlDoesNotKnowIsLeftOut) {
  Suite suite;
  suite.outcomes.push_back(failed_run("a.json"));
  suite.outcomes.back().failures = {"<a & \"b\"> \x01\x1b[31m \xEF\xBF\xBE\xEF\xBF\xBF \xEF\xBF\xBD end"};
  const std::string xml = junit_xml(suite);
  EXPECT_NE(xml.find("message=\"&lt;a &amp; &quot;b&quot;&gt; [31m  \xEF\xBF\xBD end\""), std::string::npos) << xml;
  for (const char* none : {"\x01", "\x1b", "\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    EXPECT_EQ(xml.find(none), std::string::npos);
}

TEST(Report, WhatIsNotHeldOverSocketsIsCountedByItsKinds) {
  Outcome run;
  run.assertions = {{"events", 3}, {"intent", 2}};
  EXPECT_EQ(held_text(run), "5 expectations held over sockets, 0 cannot be");
  Suite suite;
  suite.outcomes.push_back(run);
  EXPECT_EQ(summary_text(suite).find("not to be held"), std::string::npos) << "of none nothing is said";
  run.unheld = {{"ledger", 2}, {"trajectory.list", 1}};
  EXPECT_EQ(held_text(run), "5 expectations held over sockets, 3 cannot be: ledger 2 trajectory.list 1");
  suite.outcomes = {run, run};
  EXPECT_NE(summary_text(suite).find("not to be held over sockets: ledger 4 trajectory.list 2\n"), std::string::npos);
  EXPECT_EQ(summary_json(suite)["runs"][1]["not_held"]["ledger"], 2);
  EXPECT_EQ(summary_json(suite)["runs"][1]["assertions"]["events"], 3);
  EXPECT_EQ(outcome_from(to_json(run)).unheld, run.unheld);
}

TEST(Report, HowManyAreToldBySecondsOfTheWallAndOfACore) {
  Outcome run;
  run.processor_us = 8'000;
  run.signing_us = 2'000;
  Suite suite;
  EXPECT_EQ(summary_text(suite).find("a second"), std::string::npos) << "of nothing nothing is said";
  suite.outcomes = {run, run, run};
  suite.outcomes[2].derivation = "F1:commit:1:after";
  suite.microseconds = 15'000;
  suite.jobs = 2;
  const std::string said = summary_text(suite);
  EXPECT_NE(said.find("conversations: 200 a second with 2 workers\n"), std::string::npos) << said;
  EXPECT_NE(said.find("plain runs: 125 a second of a core, 25 % of it signing\n"), std::string::npos) << said;
  suite.jobs = 1;
  EXPECT_NE(summary_text(suite).find("200 a second with 1 worker\n"), std::string::npos);
}

TEST(Report, WhatWasNotPlayedIsNeverGood) {
  Outcome left;
  left.path = "a.json";
  left.name = "n";
  left.unplayed = "it has a step \"crash\"";
  Suite suite;
  EXPECT_FALSE(suite.good()) << "nothing";
  suite.outcomes.push_back(left);
  EXPECT_FALSE(suite.good());
  suite.outcomes.push_back(Outcome());
  EXPECT_FALSE(suite.good());
  EXPECT_EQ(summary_json(suite)["ok"], false);
  EXPECT_EQ(summary_json(suite)["scripts"], 1);
  EXPECT_EQ(summary_json(suite)["not_played"], 1);
  EXPECT_EQ(summary_json(suite)["runs"][0]["ok"], false);
  EXPECT_EQ(summary_json(suite)["runs"][0]["not_played"], left.unplayed);
  EXPECT_NE(junit_xml(suite).find("tests=\"2\" failures=\"0\" skipped=\"1\""), std::string::npos) << junit_xml(suite);
  EXPECT_NE(junit_xml(suite).find("><skipped message=\"it has a step &quot;crash&quot;\"/></testcase>"),
            std::string::npos);
  EXPECT_NE(summary_text(suite).find("1 scripts, 0 derived runs, 0 failed, 1 not played, "), std::string::npos);
  EXPECT_NE(html_page(suite).find("not played: it has a step"), std::string::npos);
  // Where it is meant, it is; but never is nothing at all played well.
  suite.leaves_out = true;
  EXPECT_TRUE(suite.good());
  suite.outcomes.pop_back();
  EXPECT_FALSE(suite.good());
  EXPECT_EQ(outcome_from(to_json(left)).unplayed, left.unplayed);
}

TEST(Report, AnOutcomeCrossesToItsParentWhole) {
  Outcome run = failed_run("a.json");
  run.row = "ten";
  run.place = 10;
  run.misuse = true;
  const Outcome read = outcome_from(to_json(run));
  EXPECT_EQ(read.row, "ten");
  EXPECT_EQ(read.place, 10U);
  EXPECT_TRUE(read.misuse);
  EXPECT_EQ(to_json(read), to_json(run));
}

TEST(Shrink, ASearchEndsAfterTwentySecondsOfTheProcessorOrTwoThousandRuns) {
  std::chrono::nanoseconds spent = std::chrono::seconds(100);
  Patience patience([&spent] { return spent; });
  spent += std::chrono::seconds(20);
  EXPECT_FALSE(patience.exhausted());
  spent += std::chrono::nanoseconds(1);
  EXPECT_TRUE(patience.exhausted());
  Patience other([] { return std::chrono::nanoseconds(0); });
  for (int run = 1; run <= 2'000; ++run) ASSERT_FALSE(other.exhausted()) << run;
  EXPECT_TRUE(other.exhausted());
}

TEST(Script, AFolderThatCannotBeReadIsTold) {
  std::string name = std::filesystem::temp_directory_path() / "purser-closed-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name.data());
  std::ofstream(folder / "a.json") << R"({"script":1,"name":"a","steps":[{"user":"a"}]})";
  std::filesystem::create_directory(folder / "closed");
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
  // Nothing is closed to root.
  constexpr uid_t kNobody = 65'534;
  const uid_t before = ::geteuid();
  if (before == 0) {
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const auto scripts = load_scripts(folder);
  if (before == 0) {
    ASSERT_EQ(::seteuid(before), 0);
  }
  EXPECT_FALSE(scripts.ok());
  if (!scripts) {
    EXPECT_NE(scripts.error().message.find("cannot be read"), std::string::npos) << scripts.error().message;
  }
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::all);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace purser::replay
