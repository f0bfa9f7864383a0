// What a script says and nobody would ever notice: expectations that everything meets, members that nobody looks at,
// captures that nothing took, faults that never happen, requests that nobody answers.
#include "agent/replay/model_wire.hpp"
#include "agent/replay/runner.hpp"
#include "agent/replay/stage.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace purser::replay {
namespace {

constexpr const char* kOrdered =
    R"({"user":"two packs"},
{"model":{"calls":[{"id":"k1","name":"create_payment_intent","args":{"lines":[{"sku":"tea-longjing-100g","quantity":2}]}}]}},
{"model":{"text":"Please pay."}})";
constexpr const char* kOrderedAndPaid =
    R"({"user":"two packs"},
{"model":{"calls":[{"id":"k1","name":"create_payment_intent","args":{"lines":[{"sku":"tea-longjing-100g","quantity":2}]}}]}},
{"model":{"text":"Please pay."}},
{"pay":{}},
{"model":{"text":"Thank you."}})";

std::string told_story(const std::string& steps, const std::string& more, const std::string& given) {
  return "{\"script\":1,\"name\":\"story\",\n\"given\":" + given + "," + more + "\n\"steps\":[\n" + steps + "]}";
}

// What is told of a script when it is read; empty when it can be played.
std::string unreadable(const std::string& steps, const std::string& more = "",
                       const std::string& given = R"({"locale":"en"})") {
  auto scripts = parse_scripts("story.json", told_story(steps, more, given));
  return scripts ? std::string() : scripts.error().message;
}

// The first failure of a run; empty when there is none.
std::string failing(const std::string& steps, const std::string& more = "",
                    const std::string& given = R"({"locale":"en"})") {
  auto scripts = parse_scripts("story.json", told_story(steps, more, given));
  EXPECT_TRUE(scripts.ok()) << (scripts ? "" : scripts.error().message);
  if (!scripts) return "unreadable";
  const RunResult run = run_script(scripts->at(0), Derivation(), nullptr, RunOptions());
  return run.failures.empty() ? std::string() : run.failures.front();
}

bool says(const std::string& told, const std::string& part) {
  return told.find(part) != std::string::npos;
}

TEST(Vacuous, AnExpectationThatEverythingMeetsIsAMistake) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"intent":{"$absent_":1}})", "/steps/0/expect/intent/$absent_: no such key"},
      {R"({"intent":{"failur":"$absent"}})", "/steps/0/expect/intent/failur: no such key; expected one of id, state"},
      {R"({"intents":[{"stat":"$absent"}]})", "/steps/0/expect/intents/0/stat: no such key"},
      {R"({"intent":{"amount":{"curency":"$absent"}}})", "/steps/0/expect/intent/amount/curency: no such key"},
      {R"({"intent":{"lines":[{"qty":"$absent"}]}})", "/steps/0/expect/intent/lines/0/qty: no such key"},
      {R"({"refund":{"intent":"$absent"}})", "/steps/0/expect/refund/intent: no such key"},
      {R"({"refunds":[{"out_trade_no":"$absent"}]})", "/steps/0/expect/refunds/0/out_trade_no: no such key"},
      {R"({"reply":{"money_line":{"stat":"x"}}})", "/steps/0/expect/reply/money_line/stat: no such key"},
      {R"({"http":404,"body":{"eror":"$absent"}})", "/steps/0/expect/body/eror: no answer of the API has a member"},
      {R"({"intent":{"state":"$re:"}})", R"(/steps/0/expect/intent/state: every text meets "$re:")"},
      {R"({"intent":{"state":"$re:.*"}})", "every text meets"},
      {R"({"intent":{"state":"$re:x*"}})", "every text meets"},
      {R"({"intent":{"id":"$as:any"}})", R"(/steps/0/expect/intent/id: "$any" matches something already)"},
      {R"({"intent":{"id":"$as:absent"}})", "matches something already"},
      {R"({"reply":{"has":["a",""]}})", "/steps/0/expect/reply/has/1: an empty text stands in every reply"},
  };
  for (const auto& [expect, rule] : known) {
    const std::string told = unreadable(R"({"user":"a","expect":)" + std::string(expect) + "}");
    EXPECT_TRUE(says(told, rule)) << expect << "\n" << told;
  }
  EXPECT_EQ(unreadable(R"({"user":"a","expect":{"intent":{"state":"$re:^aw","id":"$any","amount":{"value":5}},)"
                       R"("body":{"error":"$absent"},"refunds":[{"out_refund_no":"$str"}]}})"),
            "");
}

TEST(Vacuous, ALineOfTheLedgerIsOfOneKindWithItsSum) {
  const std::string lines = "/steps/0/expect/ledger/0";
  const std::pair<const char*, std::string> known[] = {
      {R"({"captur":"$absent"})", lines + "/captur: no such key; expected one of capture, late_capture"},
      {R"({"capture":5,"intnet":"$absent"})", lines + "/intnet: no such key"},
      {R"({"intent":"$any"})", lines + ": a line of the ledger is of one kind, with its sum: expected one of capture"},
      {R"({"intent":"$intent1"})", lines + ": a line of the ledger is of one kind"},
      {"{}", lines + ": a line of the ledger is of one kind"},
      {R"({"capture":5,"refund":5})", "fee_return, token_cost, found several"},
      {R"({"capture":"$absent"})", lines + "/capture: expected a sum, found \"$absent\""},
      {R"({"capture":"5"})", lines + "/capture: expected a sum, found \"5\""},
      {R"({"capture":5.0})", lines + "/capture: expected a sum, found 5.0"},
  };
  for (const auto& [line, rule] : known) {
    const std::string told = unreadable(R"({"user":"a","expect":{"ledger":[)" + std::string(line) + "]}}");
    EXPECT_TRUE(says(told, "story.json:4: /steps/0") && says(told, rule)) << line << "\n" << told;
  }
  EXPECT_EQ(unreadable(R"({"user":"a","expect":{"ledger":[]}})"), "");
  for (const char* good : {R"({"capture":5})", R"({"token_cost":1,"intent":""})", R"({"$exact":true,"refund":7})",
                           R"({"late_capture":"$one","intent":"$any"})"})
    EXPECT_EQ(unreadable(R"({"user":"a","expect":{"ledger":[)" + std::string(good) + "]}}"), "") << good;
}

TEST(Vacuous, WhatIsExpectedOfARowNotEveryRowMeets) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"intent":{}})", R"(/expect/intent: an empty row expects nothing; {"id": "$any"} says that there is one)"},
      {R"({"intents":[{}]})", "/expect/intents/0: an empty row"},
      {R"({"refunds":[{}]})", "/expect/refunds/0: an empty row"},
      {R"({"intent":{"amount":{}}})", "/expect/intent/amount: every amount meets {}"},
      {R"({"refund":{"amount":{"$exact":true}}})", "/expect/refund/amount: every amount meets"},
      {R"({"intent":{"amount":{"currency":"$str"}}})", "/expect/intent/amount: every amount meets"},
      {R"({"intent":{"lines":[{}]}})", "/expect/intent/lines/0: every line meets {}"},
      {R"({"intent":{"lines":["$any"]}})",
       "/expect/intent/lines/0: expected an object of sku, quantity, unit_price, found \"$any\""},
      {R"({"intent":{"lines":[{"sku":"$str","quantity":"$int"}]}})", "/expect/intent/lines/0: every line meets"},
      {R"({"intent":{"lines":"$any"}})", "/expect/intent/lines: expected a list of lines"},
      {R"({"intent":{"failure":"$str"}})",
       R"(/expect/intent/failure: every row meets "$str"; of a text "$re:." says that it is not empty, "" that it is)"},
      {R"({"refund":{"reason":"$any"}})", "/expect/refund/reason: every row meets"},
      {R"({"intent":{"expires":"$str"}})", "/expect/intent/expires: every row meets"},
      {R"({"reply":{"money_line":{"amount":{}}}})", "/expect/reply/money_line/amount: every amount"},
  };
  for (const auto& [expect, rule] : known) {
    const std::string told = unreadable(R"({"user":"a","expect":)" + std::string(expect) + "}");
    EXPECT_TRUE(says(told, "story.json:4: /steps/0" + std::string(rule))) << expect << "\n" << told;
  }
  EXPECT_EQ(unreadable(R"({"user":"a","expect":{"intent":{"id":"$any","failure":"$re:.","amount":{"value":5,)"
                       R"("currency":"$str"},"lines":[{"sku":"a","quantity":"$int"}]},"refund":{"reason":""}}})"),
            "");
}

TEST(Vacuous, AStateIsNamed) {
  const auto told = [](const std::string& row, const std::string& state) {
    return unreadable(R"({"user":"a","expect":{")" + row + R"(":{"state":)" + state + "}}}");
  };
  for (const char* any : {R"("$any")", R"("$str")", R"("$int")", R"("$absent")", R"("succeded")", R"("pending")", "5"})
    EXPECT_TRUE(
        says(told("intent", any), "story.json:4: /steps/0/expect/intent/state: expected a state, one of created,"))
        << any << told("intent", any);
  EXPECT_TRUE(says(told("refund", R"("processing")"), "one of created, pending, succeeded"));
  EXPECT_TRUE(says(told("intent", R"("$re:^paid$")"), "no state meets \"$re:^paid$\"; there are created,"));
  EXPECT_TRUE(says(told("intent", R"("$re:^[a-z_]+$")"), "every state meets"));
  for (const char* good : {R"("expired")", R"("$re:^(expired|canceled)$")", R"("$before")"})
    EXPECT_EQ(told("intent", good), "") << good;
  EXPECT_EQ(told("refund", R"("pending")"), "");
  const auto ended = [](const std::string& states) {
    return unreadable(R"({"user":"a"})", R"("finally":)" + states + ",");
  };
  EXPECT_TRUE(says(ended(R"({"intents":["$str"]})"), "story.json:2: /finally/intents/0: expected a state"));
  EXPECT_TRUE(says(ended(R"({"refunds":["pending"]})"), "/finally/refunds/0: expected a state, one of created, proc"));
  EXPECT_EQ(ended(R"({"intents":["expired"],"refunds":["processing"]})"), "");
  for (const char* place : {R"("sent":{"tool_result":{"call":"k","has":{"state":"$str"}}})",
                            R"("sent":{"event":{"state":"$any"}})", R"("expect":{"body":{"state":"$int"}})"}) {
    const std::string wrong = unreadable(R"({"user":"a"},{"model":{"text":"b"},)" + std::string(place) + "}");
    EXPECT_TRUE(says(wrong, "state: a state has a name, $")) << wrong;
  }
}

TEST(Vacuous, ACaptureIsAskedForAgain) {
  const std::string taken = R"({"user":"a","expect":{"intent":{"id":"$as:one"}}})";
  EXPECT_EQ(unreadable(taken),
            "story.json:4: /steps/0/expect/intent/id: \"$as:one\" is never asked for: nothing says \"$one\"; where any "
            "value will do, say \"$any\"");
  EXPECT_TRUE(says(unreadable(taken + R"(,{"user":"$$one $onely"})"), "is never asked for"));
  EXPECT_TRUE(
      says(unreadable(R"({"user":"a"})", R"("trajectory":{"list":[{"name":"refund","args":{"reason":"$as:w"}}]},)"),
           "story.json:2: /trajectory/list/0/args/reason: \"$as:w\" is never asked for"));
  for (const char* use :
       {R"({"user":"of $one."})", R"({"cancel":"$one"})",
        R"({"model":{"calls":[{"id":"k","name":"refund","args_raw":"{\"x\":\"$one\"}"}]}})",
        R"({"user":"b","expect":{"intent":{"id":"$as:one"}}})", R"({"concurrent":[{"user":"$one"},{"user":"b"}]})"})
    EXPECT_EQ(unreadable(taken + "," + use), "") << use;
  // Of a table's rows one will do.
  EXPECT_EQ(unreadable(taken + R"(,{"user":"{{word}}"})", R"("table":[{"word":"none"},{"word":"$one"}],)"), "");
}

TEST(Vacuous, ABoundCanBeReached) {
  const auto told = [](const std::string& bound, const std::string& given = R"({"locale":"en"})") {
    return unreadable(kOrdered, R"("trajectory":{)" + bound + "},", given);
  };
  EXPECT_TRUE(says(told(R"("max_model_requests":1000000)"),
                   "story.json:2: /trajectory/max_model_requests: 1000000 is never reached: the story answers the "
                   "model 2 times, so expected at most 2"));
  EXPECT_TRUE(says(told(R"("max_model_requests":3)"), "3 is never reached"));
  EXPECT_TRUE(
      says(told(R"("max_calls":2)"), "/trajectory/max_calls: 2 is never reached: the models of this story make 1"));
  EXPECT_EQ(told(R"("max_model_requests":2,"max_calls":1)"), "");
  EXPECT_TRUE(says(told(R"("max_model_requests":1)", R"({"model":"rules"})"), "the rule engine asks no model"));
  // While something waits a model is asked again; a real one asks for what it likes.
  const std::string bound = R"("trajectory":{"max_model_requests":60},)";
  EXPECT_EQ(unreadable(R"({"user":"a","open":true},{"advance":"2s","open":true},{"model":{"text":"b"}})", bound), "");
  EXPECT_EQ(unreadable(R"({"user":"a"})", bound), "");
  EXPECT_TRUE(says(unreadable(R"({"user":"a"})", R"("trajectory":{"max_calls":65},)"), "the story has 1 steps"));
  EXPECT_TRUE(says(unreadable(R"({"user":"a"},{"model":{"text":"b"},"sent":{"messages_max":1001}})"),
                   "story.json:4: /steps/1/sent/messages_max: no request has more than 1000 messages"));
}

TEST(Vacuous, ARowIsFoundByAWordToo) {
  const auto row = [](const std::string& expect) {
    std::string steps = kOrdered;
    steps.insert(steps.size() - 1, R"(,"expect":)" + expect);
    return failing(steps);
  };
  EXPECT_EQ(row(R"({"intent":{"id":"$any","state":"awaiting_payment"}})"), "");
  EXPECT_EQ(row(R"({"intent":{"id":"$str"}})"), "");
  EXPECT_EQ(row(R"({"intent":{"id":"$re:^pi_"}})"), "");
  EXPECT_TRUE(says(row(R"({"intent":{"id":"$re:^xx_"}})"), "intent: there is none"));
  EXPECT_TRUE(says(row(R"({"intent":{"id":"$int"}})"), "intent: there is none"));
  EXPECT_TRUE(says(row(R"({"refund":{"id":"$any"}})"), "refund: there is none"));
  EXPECT_TRUE(says(row(R"({"reply":{"money_line":{"id":"$any","state":"awaiting_payment"}}})"), "is not named in"))
      << "there is such a row";
}

// By hand: the rail of this story is asked for an order, and the step says what it must have been asked.
TEST(Vacuous, WhatTheRailIsAskedCouldBeOtherwise) {
  const auto asked = [](const std::string& how) {
    const std::string story = R"({"user":"two packs"},
{"model":{"calls":[{"id":"k1","name":"create_payment_intent","args":{"lines":[{"sku":"tea-longjing-100g","quantity":2}]}}]}},
{"gateway":)" + how + R"(,"reply":{"status":200,"body":{"code_url":"weixin://wxpay/bizpayurl?pr=T"}}},
{"model":{"text":"Please pay."}})";
    auto scripts = parse_scripts("story.json", told_story(story, "", R"({"locale":"en","gateway":"scripted"})"));
    if (!scripts) return scripts.error().message;
    const RunResult run = run_script(scripts->at(0), Derivation(), nullptr, RunOptions());
    return run.failures.empty() ? std::string() : run.failures.front();
  };
  EXPECT_TRUE(says(asked(R"({"body":{"out_trade_nr":"$absent"}})"),
                   "story.json:6: /steps/2/gateway/body/out_trade_nr: no request to the rail has a member"));
  EXPECT_TRUE(says(asked(R"({"body":{"amount":{"totl":"$absent"}}})"), "/gateway/body/amount/totl: no request"));
  EXPECT_TRUE(says(asked(R"({"headers":{"Authorisation":"$absent"}})"), "/gateway/headers/Authorisation: no request"));
  EXPECT_EQ(asked(R"({"body":{"goods_tag":"$absent"},"headers":{"idempotency-key":"$absent","accept":"$any"}})"), "");
  EXPECT_TRUE(says(asked(R"({"body":{"amount":"$absent"}})"), "gateway.amount: expected \"$absent\""));
  EXPECT_TRUE(says(asked(R"({"headers":{"Authorization":"$absent"}})"), "gateway.Authorization: expected \"$absent\""));
  for (const char* word : {R"("$any")", R"("$str")"})
    EXPECT_TRUE(says(asked(R"({"headers":{"Cookie":)" + std::string(word) + "}}"), "and it is not there")) << word;
}

TEST(Vacuous, HowOftenTheRailHeardIsANumber) {
  for (const char* any : {R"("$any")", R"("$int")", R"("$str")", R"("$ge:0")", R"("$ge:-5")", R"("$as:x")",
                          R"("$absent")", R"("1")", "{}", "-1", R"("$le:-1")"}) {
    const std::string told =
        unreadable(R"({"user":"a"})", R"("finally":{"gateway_posts":{"create":)" + std::string(any) + "}},");
    EXPECT_TRUE(says(told, "story.json:2: /finally/gateway_posts/create: expected how often")) << any << told;
  }
  for (const char* good : {"0", "3", R"("$ge:1")", R"("$le:0")"})
    EXPECT_EQ(unreadable(R"({"user":"a"})", R"("finally":{"gateway_posts":{"create":)" + std::string(good) + "}},"),
              "");
}

// What there never is, is always absent; what there is somewhere, may be.
TEST(Vacuous, WhatIsAbsentIsWhatThereCouldBe) {
  const std::string model = R"({"model":{"text":"hi"},"sent":)";
  const auto sent = [&](const std::string& how) { return unreadable(R"({"user":"a"},)" + model + how + "}"); };
  EXPECT_TRUE(says(sent(R"({"tool_result":{"call":"k","has":{"refundabel_fen":"$absent"}}})"),
                   "story.json:4: /steps/1/sent/tool_result/has/refundabel_fen: no result of a tool has a member"));
  EXPECT_EQ(sent(R"({"tool_result":{"call":"k","has":{"refundable_fen":"$absent","lines":[{"sku":"$absent"}]}}})"), "");
  EXPECT_TRUE(says(sent(R"({"event":{"type":"x","lines":[{"skus":"$absent"}]}})"),
                   "story.json:4: /steps/1/sent/event/lines/0/skus: no notice has a member \"skus\""));
  EXPECT_EQ(sent(R"({"event":{"type":"x","late_payment":"$absent"}})"), "");
  const auto called = [](const std::string& args) {
    return unreadable(R"({"user":"a"},{"model":{"calls":[{"id":"k","name":"refund","args":{"discount":1}}]}})",
                      R"("trajectory":{"list":[{"name":"refund","args":)" + args + "}]},");
  };
  EXPECT_TRUE(says(called(R"({"refunds":[{"ammount_fen":"$absent"}]})"),
                   "story.json:2: /trajectory/list/0/args/refunds/0/ammount_fen: no call of a tool has a member"));
  EXPECT_EQ(called(R"({"refunds":[{"amount_fen":"$absent"}]})"), "");
  EXPECT_EQ(called(R"({"discount":"$absent"})"), "") << "a model of this script writes it";
}

TEST(Vacuous, AWordIsWhatAMemberIsAndNoMember) {
  EXPECT_TRUE(
      says(unreadable(R"({"user":"a"},{"model":{"text":"b"},"sent":{"event":{"note":{"$absent":true}}}})"),
           R"(story.json:4: /steps/1/sent/event/note/$absent: "$absent" is what a member is: {"member": "$absent"})"));
  EXPECT_TRUE(says(unreadable(R"({"user":"a"})", R"("trajectory":{"list":[{"name":"refund","args":{"$any":1}}]},)"),
                   "story.json:2: /trajectory/list/0/args/$any: \"$any\" is what a member is"));
  EXPECT_EQ(unreadable(R"({"user":"a"},{"model":{"text":"b"},"sent":{"event":{"$exact":true,"type":"x"}}})"), "");
}

// Both ways, where it is held against what came.
TEST(Vacuous, WhatIsAbsentIsLookedFor) {
  const auto called = [](const std::string& args) {
    return failing(kOrdered, R"("trajectory":{"list":[{"name":"create_payment_intent","args":)" + args + "}]},");
  };
  EXPECT_EQ(called(R"({"currency":"$absent"})"), "");
  EXPECT_TRUE(says(called(R"({"lines":"$absent"})"), "story.json:2: /trajectory/list: trajectory: expected"));
  const auto told = [](const std::string& has) {
    std::string steps = kOrdered;
    steps.insert(steps.size() - 1, R"(,"sent":{"tool_result":{"call":"k1","has":)" + has + "}}");
    return failing(steps);
  };
  EXPECT_EQ(told(R"({"captured_fen":"$absent"})"), "");
  EXPECT_TRUE(says(told(R"({"state":"$absent"})"), "sent.tool_result.state: expected \"$absent\""));
  const auto noticed = [](const std::string& event) {
    std::string steps = kOrderedAndPaid;
    steps.insert(steps.size() - 1, R"(,"sent":{"event":)" + event + "}");
    return failing(steps);
  };
  EXPECT_EQ(noticed(R"({"type":"intent.succeeded","refund":"$absent"})"), "");
  EXPECT_TRUE(says(noticed(R"({"type":"intent.succeeded","state":"$absent"})"), "sent.event.state: expected"));
}

// What a model is offered and told in the course of a sale and its refund is known to be possible.
TEST(Vacuous, WhatModelsAreToldIsKnown) {
  WorldOptions options;
  options.locale = "en";
  World world(options);
  ASSERT_TRUE(world.start().ok());
  std::set<std::string> taken;
  const std::function<void(const json&)> walk = [&](const json& value) {
    if (value.is_object() && value.contains("properties"))
      for (const auto& [name, rule] : value["properties"].items()) taken.insert(name);
    if (value.is_structured())
      for (const json& part : value) walk(part);
  };
  world.set_model([&](const json& request) {
    walk(request.value("tools", json::array()));
    return std::optional<json>(json{{"text", "hi"}});
  });
  Stage stage(world);
  stage.thread("main", {{"id", "u_1"}}, "en");
  stage.say("main", "hello", "k1", false);
  world.settle();
  EXPECT_GT(taken.size(), 10U);
  for (const std::string& name : taken)
    EXPECT_EQ(unreadable(R"({"user":"a"})",
                         R"("trajectory":{"list":[{"name":"refund","args":{")" + name + R"(":"$absent"}}]},)"),
              "")
        << name;
}

TEST(Vacuous, AListOfCallsIsComparedWithSomething) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"list":[]})", "/trajectory/list: an empty \"list\" expects nothing"},
      {R"({"calls":"superset","list":[]})", "/trajectory/list: an empty \"list\""},
      {R"({"args":"ignore","list":[{"name":"refund","args":{}}]})",
       "/trajectory/list/0/args: with \"args\": \"ignore\""},
      {R"({"args":"exact","list":[{"name":"refund"}]})", "/trajectory/args: nothing in \"list\" has"},
      {R"({"args":"subset"})", "/trajectory/args: \"args\" says how"},
  };
  for (const auto& [wanted, rule] : known) {
    const std::string told = unreadable(R"({"user":"a"})", R"("trajectory":)" + std::string(wanted) + ",");
    EXPECT_TRUE(says(told, "story.json:2: " + std::string(rule))) << wanted << told;
  }
  for (const char* good : {R"({"calls":"exact","list":[]})", R"({"calls":"any_order","list":[]})",
                           R"({"args":"ignore","list":[{"name":"refund"}]})"})
    EXPECT_EQ(unreadable(R"({"user":"a"})", R"("trajectory":)" + std::string(good) + ","), "") << good;
}

TEST(Vacuous, WhatIsNotThereIsNotMetByAnything) {
  EXPECT_TRUE(says(failing(std::string(kOrdered) + R"(,{"cancel":"$intent1","expect":{"code":"$any"}})"),
                   "code: this answer has none"));
  EXPECT_EQ(failing(std::string(kOrdered) + R"(,{"cancel":"pi_no","expect":{"http":404,"code":"$any"}})"), "");
  EXPECT_TRUE(says(failing(R"({"user":"hi","expect":{"streamed":[]}},{"model":{"text":"hi"}})"),
                   "story.json:4: streamed: no client follows the thread main"));
}

TEST(Vacuous, ACaptureThatNothingTookIsASlipWhereverItStands) {
  const std::string paid = std::string(kOrderedAndPaid) + ",\n{\"user\":\"back\"},\n";
  const auto refund = [](const std::string& args) {
    return R"({"model":{"calls":[{"id":"k2","name":"refund",)" + args + "}]}}";
  };
  const std::string missing = R"(story.json:10: nothing was taken as "$inten1")";
  EXPECT_TRUE(says(failing(paid + refund(R"("args":{"refunds":[{"payment_intent":"$inten1"}]})")), missing));
  EXPECT_TRUE(says(failing(paid + refund(R"("args_raw":"{\"x\":\"a $inten1\"}")")), missing));
  EXPECT_TRUE(says(failing(paid + R"({"model":{"text":"it is $inten1"}})"), missing));
  const std::string asked = R"(story.json:4: nothing was taken as "$nosuch"; a dollar itself is written "$$")";
  EXPECT_TRUE(says(failing(R"({"user":"hello $nosuch"})"), asked));
  EXPECT_TRUE(says(failing(R"({"user":"hello","key":"$nosuch"})"), asked));
  EXPECT_TRUE(says(failing(R"({"request":{"method":"GET","path":"/v1/threads","key":"$nosuch"}})"), asked));
  EXPECT_TRUE(says(failing(R"({"request":{"method":"POST","path":"/v1/threads","body":{"user":"$nosuch"}}})"), asked));
  EXPECT_TRUE(says(failing(std::string(kOrdered) + R"(,{"webhook":{"event":"TRANSACTION.SUCCESS","mchid":"$nosuch"}})"),
                   R"(nothing was taken as "$nosuch")"));
  EXPECT_TRUE(says(failing(R"({"user":"hello"},{"model":{"text":"hi"},"sent":{"never":["of $nosuch"]}})"),
                   R"(sent.never: nothing was taken as "$nosuch")"));
  EXPECT_EQ(
      failing(
          R"({"user":"It costs $$5.","key":"$$k"},{"model":{"text":"Hello $$"},"expect":{"reply":{"has":["Hello $$"]}}})"),
      "");
  for (const char* word : {"$any", "$str", "$as:x", "$absent"}) {
    const std::string text = "\"" + std::string(word) + "\"";
    const std::string rule = std::string(word).substr(0, std::string(word).find(':')) + " is for what is expected";
    for (const std::string& step :
         {R"({"user":)" + text + "}", R"({"model":{"text":)" + text + "}}", R"({"user":"a","key":)" + text + "}",
          R"({"model":{"calls":[{"id":"k","name":"refund","args":{"a":[)" + text + "]}}]}}"})
      EXPECT_TRUE(says(unreadable(step), rule)) << step << unreadable(step);
  }
}

TEST(Vacuous, AMemberThatNobodyLooksAtIsAMistake) {
  const std::pair<const char*, const char*> known[] = {
      {R"({"model":{"text":"a","fault":"refuse"}})", "/steps/0/model/text: beside the fault refuse nobody sees"},
      {R"({"model":{"finish":"stop","fault":"http_500"}})", "/steps/0/model/finish: beside"},
      {R"({"model":{"stream":{"tps":5},"fault":"timeout"}})", "/steps/0/model/stream: beside"},
      {R"({"decline":{"openid":"o"}})", "/steps/0/decline/openid: who declines"},
      {R"({"user":"a","open":false})", "/steps/0/open: expected one of [true]"},
      {R"({"webhook":{"event":"TRANSACTION.SUCCESS","state":"SUCESS"}})", "/steps/0/webhook/state: expected one of"},
      {R"({"webhook":{"event":"REFUND.SUCCESS","state":"PAYERROR"}})", "/steps/0/webhook/state: expected one of"},
  };
  for (const auto& [step, rule] : known) EXPECT_TRUE(says(unreadable(step), rule)) << step << unreadable(step);
  EXPECT_TRUE(says(unreadable(R"({"user":"a"})", "", R"({"threads":{"b":{}}})"),
                   "story.json:2: /given/threads/b: no step has this thread"));
  EXPECT_EQ(unreadable(R"({"concurrent":[{"user":"a"},{"user":"b","thread":"b"}]})", "", R"({"threads":{"b":{}}})"),
            "");
  EXPECT_TRUE(
      says(failing(std::string(kOrdered) + R"(,{"pay":{"openid":"o_x"}})"), "/pay/openid: this order is a code"));
  EXPECT_TRUE(
      says(unreadable(R"({"user":"a"})", R"("params":{"x":1},)"), "story.json:2: /params: {{x}} stands nowhere"));
}

TEST(Vacuous, OpenIsSaidWhereSomethingIs) {
  const std::string none = "\"open\": nothing waits for an answer here or behind this step";
  EXPECT_EQ(failing(R"({"user":"hi"},{"model":{"text":"hi"},"open":true})"), "story.json:4: " + none);
  EXPECT_EQ(failing(R"({"user":"hi","open":true},{"advance":"1s","open":true},{"model":{"text":"hi"}})"), "");
}

TEST(Vacuous, ARequestThatNobodyAnsweredIsToldWhenItsTimeIsOver) {
  const std::string late = std::string(kOrdered) + ",\n";
  EXPECT_TRUE(says(failing(late + R"({"advance":"20m"})"),
                   "story.json:7: a request was made and nobody answered it until its time was over"));
  EXPECT_EQ(failing(late + R"({"advance":"20m","open":true})"), "");
  EXPECT_TRUE(says(failing(R"({"user":"hi"},{"advance":"20m","expect":{"model_turns":0}})"), "nobody answered it"));
}

TEST(Vacuous, AFaultOfTheModelHappens) {
  const auto answered = [](const std::string& answer) {
    return failing(R"({"user":"hi"},)"
                   "\n"
                   R"({"model":)" +
                   answer + R"(,"open":true},{"model":{"text":"hi"},"open":true})");
  };
  EXPECT_TRUE(says(answered(R"({"text":"a","fault":"cut_after:99999"})"),
                   "story.json:5: /model/fault: this fault never happens: the reply has "));
  EXPECT_TRUE(says(answered(R"({"text":"a","fault":"cut_after_piece:50"})"), "/model/fault: this fault never happens"));
  EXPECT_TRUE(
      says(answered(R"({"text":"a","stream":{"split":[1,99999]}})"), "/model/stream/split: the reply ends after "));
  const nlohmann::json whole{{"messages", nlohmann::json::array()}};
  const auto unmet = [&](const char* fault) { return model_reply(whole, {{"text", "a"}, {"fault", fault}}, 1)->unmet; };
  EXPECT_TRUE(says(unmet("no_done"), "is no stream"));
  EXPECT_TRUE(says(unmet("cut_after_piece:0"), "has 0 pieces"));
  EXPECT_EQ(unmet("cut_after:3"), "");
}

TEST(Vacuous, ARecordingEndsOnADayThatThereIs) {
  const auto told = [](const std::string& date, const std::string& expires) {
    return unreadable(R"({"user":"a"})", R"("recorded":{"provider":"p","model":"m","date":")" + date +
                                             R"(","expires":")" + expires + "\"},");
  };
  EXPECT_TRUE(says(told("2026-01-01", "2026-13-41"), "story.json:2: /recorded/expires: there is no day 2026-13-41"));
  EXPECT_TRUE(says(told("2026-02-30", "2026-03-01"), "/recorded/date: there is no day 2026-02-30"));
  EXPECT_TRUE(says(told("2026-02-03", "2026-02-02"), "/recorded/expires: it ends before its \"date\""));
  EXPECT_TRUE(says(told("2026-02-03", "2027-02-05"), "366 days at most"));
  EXPECT_EQ(told("2026-02-03", "2027-02-04"), "");
}

TEST(Vacuous, AClientConnectsOnceAndComesBackToWhatWas) {
  EXPECT_TRUE(says(failing(R"({"client":{"connect":true}},{"client":{"connect":true}},{"advance":"1m"})"),
                   "\"connect\": a client is connected already"));
  EXPECT_TRUE(
      says(failing(R"({"user":"hi"},{"model":{"text":"hi"}},{"client":{"connect":true}},)"
                   R"({"client":{"disconnect":true}},{"client":{"reconnect":{"from_event":999}}},{"advance":"1m"})"),
           "\"from_event\": the thread has had no event 999"));
}

// The client of a streamed turn whose daemon dies asks again, and time does not run away from the story meanwhile.
TEST(Derived, AStreamThatDiesWithTheDaemonIsAskedForAgain) {
  const std::string steps = R"({"user":"Two","stream":true},
{"model":{"calls":[{"id":"k1","name":"create_payment_intent","args":{"lines":[{"sku":"tea-longjing-100g","quantity":2}]}}]}},
{"model":{"text":"pay"}},{"user":"fresh?"},{"model":{"text":"yes"}},{"pay":{}},{"model":{"text":"thank you"}})";
  auto scripts = parse_scripts("story.json", told_story(steps, "", R"({"locale":"en"})"));
  ASSERT_TRUE(scripts.ok()) << scripts.error().message;
  const RunResult plain = run_script(scripts->at(0), Derivation(), nullptr, RunOptions());
  ASSERT_TRUE(plain.failures.empty()) << plain.failures.front();
  std::size_t crashes = 0;
  for (const Derivation& one : derivations_of(scripts->at(0), plain)) {
    if (!one.code.starts_with("F1:")) continue;
    ++crashes;
    const RunResult run = run_script(scripts->at(0), one, &plain, RunOptions());
    EXPECT_TRUE(run.failures.empty()) << one.code << " " << run.failures.front();
    // Nobody waits for what is over: the story takes about as long as it did.
    ASSERT_FALSE(run.step_ends.empty());
    EXPECT_LT(run.step_ends.back() - plain.step_ends.back(), std::chrono::seconds(60)) << one.code;
  }
  EXPECT_GT(crashes, 10U);
}

}  // namespace
}  // namespace purser::replay
