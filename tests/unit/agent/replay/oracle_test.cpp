// Each oracle is shown what it is there for, and must say so.
#include "agent/replay/mirror.hpp"
#include "agent/replay/model_wire.hpp"
#include "agent/replay/stage.hpp"
#include "gateway/log.hpp"
#include "tests/unit/agent/replay/mirror_steps.hpp"

#include <gtest/gtest.h>

namespace purser::replay {
namespace {

Money fen(std::int64_t amount) {
  return Money(amount, Currency::cny());
}

PaymentIntent intent(const std::string& id) {
  PaymentIntent row;
  row.id = IntentId::trusted("pi_" + id);
  row.tenant = TenantId::trusted("shop_1");
  row.user = UserId::trusted("u_" + id);
  row.thread = ThreadId::trusted("thr_1");
  row.amount = fen(100);
  row.captured = row.refunded = row.refund_reserved = fen(0);
  row.order.out_trade_no = OutTradeNo::trusted("no_" + id);
  return row;
}

Refund refund(const PaymentIntent& of, const std::string& id, std::int64_t amount) {
  Refund row;
  row.id = RefundId::trusted("re_" + id);
  row.intent = of.id;
  row.thread = of.thread;
  row.out_refund_no = OutRefundNo::trusted("back_" + id);
  row.origin = "turn:" + id;
  row.amount = fen(amount);
  return row;
}

LedgerEntry line(const PaymentIntent& of, const std::string& kind, std::int64_t amount) {
  LedgerEntry out;
  out.intent = of.id;
  out.kind = kind;
  out.reference = kind + of.id.str();
  out.debit_account = "a";
  out.credit_account = "b";
  out.amount = fen(amount);
  return out;
}

PaymentIntent paid(Mirror& mirror) {
  PaymentIntent row = intent("1");
  commit(mirror, op::InsertIntent{row});
  row.state = IntentState::succeeded;
  row.captured = fen(100);
  commit(mirror, op::UpdateIntent{row});
  commit(mirror, op::PostLedger{line(row, "capture", 100)});
  return row;
}

TEST(Oracle, AHonestSaleWithAPartialRefundIsNotBlamed) {
  Mirror mirror;
  PaymentIntent row = paid(mirror);
  Refund back = refund(row, "1", 40);
  row.refund_reserved = fen(40);
  commit(mirror, op::UpdateIntent{row});
  commit(mirror, op::InsertRefund{back});
  back.state = RefundState::succeeded;
  commit(mirror, op::UpdateRefund{back});
  row.refund_reserved = fen(0);
  row.refunded = fen(40);
  commit(mirror, op::UpdateIntent{row});
  commit(mirror, op::PostLedger{line(row, "refund", 40)});
  mirror.check_end(true);
  EXPECT_TRUE(mirror.violations.empty()) << mirror.violations.front();
}

TEST(Oracle, TwoOpenPaymentsOfOneUserAndOneNumberTwiceAreBlamed) {
  Mirror mirror;
  PaymentIntent first = intent("1");
  PaymentIntent second = intent("2");
  second.user = first.user;
  commit(mirror, op::InsertIntent{first});
  commit(mirror, op::InsertIntent{second});
  EXPECT_TRUE(blamed(mirror, "O3"));

  Mirror numbers;
  PaymentIntent twin = intent("2");
  twin.order.out_trade_no = first.order.out_trade_no;
  commit(numbers, op::InsertIntent{first});
  commit(numbers, op::InsertIntent{twin});
  EXPECT_TRUE(blamed(numbers, "I1"));
}

TEST(Oracle, OneRefundMadeTwiceIsBlamed) {
  Mirror mirror;
  const PaymentIntent row = paid(mirror);
  Refund twin = refund(row, "2", 10);
  twin.origin = "turn:1";
  commit(mirror, op::InsertRefund{refund(row, "1", 10)});
  EXPECT_FALSE(blamed(mirror, "O3"));
  commit(mirror, op::InsertRefund{twin});
  EXPECT_TRUE(blamed(mirror, "O3"));
}

TEST(Oracle, ARefundOfWhatNeverCameIsBlamed) {
  Mirror mirror;
  const PaymentIntent row = intent("1");
  commit(mirror, op::InsertIntent{row});
  commit(mirror, op::InsertRefund{refund(row, "1", 10)});
  EXPECT_TRUE(blamed(mirror, "I3"));
}

TEST(Oracle, ARefundThatComesBackFromItsEndIsBlamed) {
  Mirror mirror;
  Refund row = refund(paid(mirror), "1", 10);
  commit(mirror, op::InsertRefund{row});
  row.state = RefundState::succeeded;
  commit(mirror, op::UpdateRefund{row});
  EXPECT_FALSE(blamed(mirror, "I6"));
  row.state = RefundState::processing;
  commit(mirror, op::UpdateRefund{row});
  EXPECT_TRUE(blamed(mirror, "I6"));
}

TEST(Oracle, AnAmountANumberOrAnOwnerThatChangesIsBlamed) {
  Mirror mirror;
  PaymentIntent row = intent("1");
  commit(mirror, op::InsertIntent{row});
  row.amount = fen(101);
  commit(mirror, op::UpdateIntent{row});
  EXPECT_TRUE(blamed(mirror, "O8"));
}

TEST(Oracle, BooksThatDoNotAddUpAreBlamed) {
  Mirror twice;
  const PaymentIntent row = paid(twice);
  commit(twice, op::PostLedger{line(row, "capture", 100)});
  EXPECT_TRUE(blamed(twice, "I2"));

  Mirror still;
  LedgerEntry same = line(row, "capture", 100);
  same.credit_account = same.debit_account;
  commit(still, op::PostLedger{same});
  EXPECT_TRUE(blamed(still, "I2"));

  Mirror silent;
  PaymentIntent kept = intent("1");
  kept.captured = fen(100);
  commit(silent, op::InsertIntent{kept});
  silent.check_end(false);
  EXPECT_TRUE(blamed(silent, "I2"));
}

TEST(Oracle, AnEventNumberThatDoesNotRiseIsBlamed) {
  Mirror mirror;
  StreamEvent event;
  event.thread = ThreadId::trusted("thr_1");
  event.seq = 5;
  Receipt receipt;
  receipt.events = {event};
  mirror.apply(Batch("test"), receipt);
  EXPECT_TRUE(mirror.violations.empty());
  mirror.apply(Batch("test"), receipt);
  EXPECT_TRUE(blamed(mirror, "O5"));
}

TEST(Oracle, WhatIsLeftUndoneIsBlamedOnceThereWasTime) {
  Mirror mirror;
  commit(mirror, op::InsertIntent{intent("1")});
  Turn turn;
  turn.id = TurnId::trusted("turn_1");
  commit(mirror, op::InsertTurn{turn});
  WorkItem item;
  item.kind = WorkKind::expire_intent;
  item.subject = "pi_1";
  commit(mirror, op::PutWork{item});
  mirror.check_end(false);
  EXPECT_TRUE(mirror.violations.empty());
  mirror.check_end(true);
  EXPECT_EQ(mirror.violations.size(), 3u) << "the intent, the turn and the work";
  EXPECT_TRUE(blamed(mirror, "I11"));
}

TEST(Oracle, AnEventThatIsNeverToldIsBlamed) {
  Mirror mirror;
  WorkItem item;
  item.kind = WorkKind::resume_thread;
  item.subject = "intent.succeeded:pi_1";
  commit(mirror, op::PutWork{item});
  commit(mirror, op::TakeWork{item.kind, item.subject});
  mirror.check_end(true);
  EXPECT_TRUE(blamed(mirror, "O6"));
}

TEST(Oracle, ARailThatHearsOfAnythingBeforeTheStoreOrOfAnotherFigureIsBlamed) {
  const json order{{"out_trade_no", "no_1"}, {"amount", {{"total", 100}}}};
  Mirror early;
  early.rail_hears("create", order);
  EXPECT_TRUE(blamed(early, "I7"));

  Mirror mirror;
  const PaymentIntent row = paid(mirror);
  mirror.rail_hears("create", order);
  EXPECT_TRUE(mirror.violations.empty());
  mirror.rail_hears("create", {{"out_trade_no", "no_1"}, {"amount", {{"total", 99}}}});
  EXPECT_TRUE(blamed(mirror, "O8"));

  Mirror returns;
  const json back{{"out_refund_no", "back_1"}, {"amount", {{"refund", 10}}}};
  returns.rail_hears("refund", back);
  EXPECT_TRUE(blamed(returns, "I7"));
  commit(returns, op::InsertIntent{row});
  commit(returns, op::InsertRefund{refund(row, "1", 11)});
  returns.rail_hears("refund", back);
  EXPECT_TRUE(blamed(returns, "O8"));
}

TEST(Oracle, ATurnThatBeginsOrEndsTwiceAndTwoInOneThreadAreBlamed) {
  Turn turn;
  turn.id = TurnId::trusted("turn_1");
  turn.thread = ThreadId::trusted("thr_1");
  turn.cause = "user";
  Mirror ended;
  commit(ended, op::InsertTurn{turn});
  turn.state = TurnState::completed;
  commit(ended, op::FinishTurn{turn});
  EXPECT_TRUE(ended.violations.empty());
  commit(ended, op::FinishTurn{turn});
  EXPECT_TRUE(blamed(ended, "I6"));

  Mirror begun;
  turn.state = TurnState::running;
  commit(begun, op::InsertTurn{turn});
  Turn other = turn;
  other.id = TurnId::trusted("turn_2");
  other.thread = ThreadId::trusted("thr_2");
  commit(begun, op::InsertTurn{other});
  EXPECT_TRUE(begun.violations.empty()) << "each in a thread of its own";
  other.id = TurnId::trusted("turn_3");
  commit(begun, op::InsertTurn{other});
  EXPECT_TRUE(blamed(begun, "O6"));
  commit(begun, op::InsertTurn{turn});
  EXPECT_TRUE(blamed(begun, "I6"));
  // The end of the one that had no right to run frees the thread for nobody.
  other.state = TurnState::completed;
  commit(begun, op::FinishTurn{other});
  const std::size_t before = begun.violations.size();
  other.id = TurnId::trusted("turn_4");
  other.state = TurnState::running;
  commit(begun, op::InsertTurn{other});
  EXPECT_EQ(begun.violations.size(), before + 1);
}

TEST(Oracle, AKeyThatIsTakenTwiceOrNeverLetGoIsBlamed) {
  IdempotencyRow row;
  row.scope = "shop_1 POST /v1/threads";
  row.key = "k1";
  Mirror mirror;
  commit(mirror, op::InsertIdempotency{row, Millis(1)});
  mirror.check_keys();
  EXPECT_TRUE(blamed(mirror, "I11"));
  EXPECT_FALSE(blamed(mirror, "O3"));
  commit(mirror, op::InsertIdempotency{row, Millis(1)});
  EXPECT_TRUE(blamed(mirror, "O3"));

  Mirror good;
  commit(good, op::InsertIdempotency{row, Millis(1)});
  commit(good, op::FinishIdempotency{row.scope, row.key, "", 200, "{}"});
  good.check_keys();
  commit(good, op::DropIdempotency{row.scope, row.key, ""});
  commit(good, op::InsertIdempotency{row, Millis(1)});
  EXPECT_TRUE(good.violations.empty());
}

TEST(Oracle, ARefundThatNobodyAsksAboutAnyMoreIsBlamed) {
  Mirror mirror;
  PaymentIntent row = paid(mirror);
  Refund back = refund(row, "1", 10);
  back.state = RefundState::unknown;
  row.refund_reserved = fen(10);
  commit(mirror, op::UpdateIntent{row});
  commit(mirror, op::InsertRefund{back});
  WorkItem item;
  item.kind = WorkKind::resolve_refund;
  item.subject = back.id.str();
  commit(mirror, op::PutWork{item});
  mirror.check_end(true);
  EXPECT_TRUE(mirror.violations.empty()) << mirror.violations.front();
  commit(mirror, op::DropWork{item.kind, item.subject});
  mirror.check_end(false);
  EXPECT_TRUE(mirror.violations.empty()) << "there was no time yet";
  mirror.check_end(true);
  EXPECT_TRUE(blamed(mirror, "I11"));
}

TEST(Oracle, ALineInAnotherCurrencyThanItsPaymentIsBlamed) {
  Mirror mirror;
  PaymentIntent row = intent("1");
  commit(mirror, op::InsertIntent{row});
  LedgerEntry other = line(row, "capture", 100);
  other.amount = Money(100, Currency::parse("JPY").value());
  commit(mirror, op::PostLedger{other});
  EXPECT_TRUE(blamed(mirror, "I2"));
}

TEST(Oracle, ALineOfNothingIsBlamed) {
  Mirror mirror;
  commit(mirror, op::PostLedger{line(paid(mirror), "fee", 0)});
  EXPECT_TRUE(blamed(mirror, "I2"));
}

TEST(Oracle, AnIntentThatIsNotBornAsOneIsBlamed) {
  Mirror mirror;
  PaymentIntent row = intent("1");
  row.state = IntentState::awaiting_payment;
  commit(mirror, op::InsertIntent{row});
  EXPECT_TRUE(blamed(mirror, "I6"));
}

// A link to pay by is the daemon's secret before models, logs and events, unless somebody else brought it.
TEST(Oracle, ALinkIsALeakUnlessItWasPastedIn) {
  const std::string pasted = R"({"text":"can I pay weixin://wxpay/bizpayurl?pr=abcDEF instead"})";
  Quoted said;
  EXPECT_EQ(secret_in(pasted, said), "weixin://...");
  said.add(pasted);
  EXPECT_EQ(secret_in(pasted, said), "");
  EXPECT_EQ(secret_in("refused: \"weixin://wxpay/bizpayurl?pr=abcDEF\"", said), "");
  EXPECT_EQ(secret_in("cut off: weixin://wxpay/bizpayurl?pr=ab…", said), "");
  EXPECT_EQ(secret_in("weixin://wxpay/bizpayurl?pr=abcDEFG", said), "weixin://...") << "another one";
  EXPECT_EQ(secret_in("weixin://wxpay/bizpayurl?pr=xyz", said), "weixin://...");
  EXPECT_EQ(secret_in(pasted + " prepay_id=wx1", said), "prepay_id=...");
  said.add("package: prepay_id=wx1");
  EXPECT_EQ(secret_in(pasted + " prepay_id=wx1", said), "");
  said.add("weixin://me?tel=13912345678");
  EXPECT_EQ(secret_in("weixin://me?tel=139****5678", said), "") << "with the number hidden";
  said.add(std::string(kApiKey));
  EXPECT_FALSE(secret_in(kApiKey, said).empty()) << "a key is one whoever says it";
  EXPECT_FALSE(secret_in("-----BEGIN PRIVATE KEY-----").empty());
}

TEST(Oracle, ARequestWithoutMessagesIsBlamed) {
  EXPECT_FALSE(model_request_faults({{"messages", json::array()}}, "").empty());
  EXPECT_FALSE(model_request_faults(json::object(), "").empty());
}

// --- those that need a world around them ----------------------------------------------------------------------------

class InAWorld : public testing::Test {
 protected:
  InAWorld() : world_(options()), stage_(world_) { EXPECT_TRUE(world_.start().ok()); }

  static WorldOptions options() {
    WorldOptions out;
    out.scripted_model = false;
    out.locale = "en";
    return out;
  }
  PaymentIntent& bought() {
    stage_.thread("main", {{"id", "u_1"}}, "en");
    stage_.say("main", "two packs of longjing", "k1", false);
    world_.settle();
    EXPECT_EQ(world_.mirror().intent_order.size(), 1u);
    return world_.mirror().intents.at(world_.mirror().intent_order.front());
  }
  void pay(const PaymentIntent& row) {
    EXPECT_TRUE(world_.rail().pay(row.order.out_trade_no.str(), {}, world_.rail_moment()).ok());
    EXPECT_TRUE(world_.drain(Millis(3'600'000)));
  }
  bool blamed_now(const std::string& rule) {
    stage_.judge(true);
    return blamed(world_.mirror(), rule);
  }

  World world_;
  Stage stage_;
};

TEST_F(InAWorld, AHonestSaleIsNotBlamed) {
  pay(bought());
  stage_.judge(true);
  EXPECT_TRUE(world_.mirror().violations.empty()) << world_.mirror().violations.front();
}

// Worlds of one process have their database one after the other; whoever comes beside has another.
TEST_F(InAWorld, WorldsShareNothing) {
  const std::string first = bought().order.out_trade_no.str();
  for (int life = 0; life < 3; ++life) {
    World other(options());
    Stage stage(other);
    ASSERT_TRUE(other.start().ok());
    EXPECT_TRUE(other.mirror().intent_order.empty());
    stage.thread("main", {{"id", "u_1"}}, "en");
    stage.say("main", "two packs of longjing", "k1", false);
    other.settle();
    ASSERT_EQ(other.mirror().intent_order.size(), 1u);
    const std::string bought_there = other.mirror().intent_order.front();
    if (life == 1) {  // comes back to what it had
      other.crash();
      ASSERT_TRUE(other.start().ok());
    }
    EXPECT_TRUE(other.drain(Millis(3'600'000)));
    EXPECT_TRUE(other.audit().ok()) << life;
    EXPECT_EQ(other.mirror().intents.at(bought_there).state, IntentState::expired) << life;
  }
  pay(world_.mirror().intents.at(world_.mirror().intent_order.front()));
  stage_.judge(true);
  EXPECT_TRUE(world_.mirror().violations.empty()) << world_.mirror().violations.front();
}

TEST_F(InAWorld, MoneyThatTheRailTookAndTheBooksDoNotKnowIsBlamed) {
  PaymentIntent& row = bought();
  pay(row);
  row.captured = fen(1);
  EXPECT_TRUE(blamed_now("I4"));
}

TEST_F(InAWorld, MoneyInTheBooksThatTheRailNeverTookIsBlamed) {
  PaymentIntent& row = bought();
  row.captured = row.amount;
  EXPECT_TRUE(blamed_now("I5"));
}

TEST_F(InAWorld, WordsThatNoMoneyMakesTrueAreBlamed) {
  const PaymentIntent& row = bought();
  StreamEvent told;
  told.thread = row.thread;
  told.seq = 1'000'000;
  told.type = "message.completed";
  told.data_json = R"({"text":"付款成功，谢谢！"})";
  Receipt receipt;
  receipt.events.push_back(told);
  EXPECT_FALSE(blamed_now("I9"));
  world_.mirror().apply(Batch("test"), receipt);
  EXPECT_TRUE(blamed_now("I9"));
}

TEST_F(InAWorld, ASecretInTheLogIsBlamed) {
  log::warn("test.leaks", {{"key", kApiKey}});
  EXPECT_TRUE(blamed(world_.mirror(), "O7"));
}

TEST_F(InAWorld, AKeyThatNoAnswerLetsGoIsBlamedUnlessADaemonDiedOverIt) {
  pay(bought());
  EXPECT_FALSE(blamed_now("I11"));
  world_.mirror().keys["shop_1 POST /v1/threads k9"] = IdempotencyState::running;
  EXPECT_TRUE(blamed_now("I11"));
  world_.mirror().violations.clear();
  world_.crash();
  EXPECT_TRUE(world_.start().ok());
  EXPECT_FALSE(blamed_now("I11"));
}

// What the customer brings is repeated to the customer and shown to the model; the daemon's own link never is.
TEST_F(InAWorld, ALinkThatTheCustomerPastedIsNoLeak) {
  stage_.thread("main", {{"id", "u_1"}}, "en");
  stage_.say("main", "My friend sent me weixin://wxpay/bizpayurl?pr=friend1 to pay, refund that", "k1", false);
  world_.settle();
  EXPECT_TRUE(world_.mirror().violations.empty()) << world_.mirror().violations.front();
  log::warn("test.repeats", {{"text", "weixin://wxpay/bizpayurl?pr=friend1"}});
  EXPECT_TRUE(world_.mirror().violations.empty());
  log::warn("test.leaks", {{"text", "weixin://wxpay/bizpayurl?pr=ours"}});
  EXPECT_TRUE(blamed(world_.mirror(), "O7"));
}

TEST_F(InAWorld, ATotalThatIsNotTheStoresIsBlamed) {
  pay(bought());
  world_.mirror().ledger.clear();
  EXPECT_TRUE(blamed_now("I2"));
}

// In whatever words the money is told: against what was so when they were shown, not against the end.
TEST(Oracle, WordsAreHeldAgainstTheMoneyOfTheirMoment) {
  const auto claims = [](const std::string& text, bool paid, bool returned, bool returning) {
    return false_claims({text, paid, returned, returning});
  };
  using Claims = std::vector<std::string>;
  for (const char* paid : {"付款成功，马上发货。", "We have got your money, your order is paid.", "您的订单已支付。"}) {
    EXPECT_EQ(claims(paid, false, false, false), Claims{"told as paid"}) << paid;
    EXPECT_EQ(claims(paid, true, false, false), Claims{}) << paid;
  }
  for (const char* back : {"Your money has been refunded.", "已经退款给您了。"}) {
    EXPECT_EQ(claims(back, true, false, true), Claims{"told as returned"}) << back;
    EXPECT_EQ(claims(back, true, true, true), Claims{}) << back;
  }
  EXPECT_EQ(claims("Your refund is being processed.", true, false, false), Claims{"told as on its way back"});
  EXPECT_EQ(claims("Your refund is being processed.", true, false, true), Claims{});
  EXPECT_EQ(claims("Has it been paid? 还没有付款。", false, false, false), Claims{});
}

TEST(Oracle, TheMoneyOfAMomentIsWhatWasCommittedBeforeTheWords) {
  Mirror mirror;
  PaymentIntent row;
  row.id = IntentId::trusted("pi_1");
  row.thread = ThreadId::trusted("thr_1");
  row.amount = Money(100, Currency::cny());
  row.captured = row.refunded = row.refund_reserved = Money(0, Currency::cny());
  row.order.out_trade_no = OutTradeNo::trusted("no_1");
  commit(mirror, op::InsertIntent{row});
  const auto tell = [&](const std::string& thread) {
    Receipt receipt;
    StreamEvent event;
    event.thread = ThreadId::trusted(thread);
    event.seq = static_cast<std::int64_t>(mirror.events.size()) + 1;
    event.type = "message.completed";
    event.data_json = R"({"text":"words"})";
    receipt.events.push_back(event);
    mirror.apply(Batch("test"), receipt);
    return mirror.shown.back();
  };
  EXPECT_EQ(tell("thr_1").text, "words");
  EXPECT_FALSE(mirror.shown.back().paid);
  row.captured = row.amount;
  row.state = IntentState::succeeded;
  commit(mirror, op::UpdateIntent{row});
  EXPECT_TRUE(tell("thr_1").paid);
  EXPECT_FALSE(tell("thr_2").paid) << "of another thread";
  EXPECT_FALSE(mirror.shown.front().paid) << "then it was not";
}

}  // namespace
}  // namespace purser::replay
