#include "gateway/pay/qr.hpp"
#include "tests/support/desk.hpp"
#include "tests/support/samples.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

class IntentsTest : public testing::Test {
 protected:
  http::Response cancel(const std::string& id, std::string key = "cancel") {
    return desk.post("/v1/intents/" + id + "/cancel", "", std::move(key));
  }
  http::Response renew(const std::string& id, std::string key = "renew") {
    return desk.post("/v1/intents/" + id + "/renew", "", std::move(key));
  }
  // An intent that was not paid in time.
  PaymentIntent expired(const std::string& thread) {
    const PaymentIntent intent = desk.buy(thread);
    desk.pass(std::chrono::minutes(6));
    EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::expired);
    return intent;
  }
  // The rail says of an order that has expired that it was paid a second before.
  void pay_in_time(const PaymentIntent& intent) {
    OrderFacts facts = FakeChannel::paid(intent);
    facts.success_time = intent.expires_at - Millis(1'000);
    ASSERT_TRUE(desk.loop.run(desk.cashier.take_order_facts(facts)).ok());
  }
  // What the thread was told by the payment system.
  std::vector<std::string> news(const std::string& thread) {
    std::vector<std::string> types;
    const auto rows = desk.loop.run(desk.store->messages(ThreadId::trusted(thread), 0, 1000)).value();
    for (const Message& row : rows)
      if (row.role == Role::event) types.push_back(json::parse(row.text).value("type", ""));
    return types;
  }
  void set_price(const std::string& sku, std::int64_t fen) {
    auto items = desk.catalogue.items();
    for (CatalogueItem& item : items) {
      if (item.sku.str() == sku) item.unit_price = samples::fen(fen);
    }
    desk.catalogue = Catalogue("v2", std::move(items));
  }
  void take_off_sale(const std::string& sku) {
    auto items = desk.catalogue.items();
    for (CatalogueItem& item : items) {
      if (item.sku.str() == sku) item.on_sale = false;
    }
    desk.catalogue = Catalogue("v2", std::move(items));
  }

  TempFolder folder;
  Desk desk{folder.path()};
};

TEST_F(IntentsTest, an_open_intent_shows_how_it_is_paid) {
  const PaymentIntent qr = desk.buy(desk.thread());
  const json shown = body_of(desk.get("/v1/intents/" + qr.id.str()));
  EXPECT_EQ(shown["state"], "awaiting_payment");
  EXPECT_EQ(shown["amount"]["value"], 400);
  EXPECT_EQ(shown["confirmation"], (json{{"type", "qr"}, {"code_url", qr.order.code_url}}));
  EXPECT_FALSE(shown.contains("cards"));

  const PaymentIntent inside = desk.buy(desk.thread("bob", "openid-of-bob"), "buy-2");
  const json other = body_of(desk.get("/v1/intents/" + inside.id.str()));
  EXPECT_EQ(other["confirmation"]["type"], "mini_program");
  EXPECT_EQ(other["confirmation"]["package"], "prepay_id=" + inside.order.prepay_id);
}

TEST_F(IntentsTest, an_open_intent_is_drawn_for_a_phone) {
  const PaymentIntent qr = desk.buy(desk.thread());
  const auto image = desk.get("/v1/intents/" + qr.id.str() + "/qr.svg");
  EXPECT_EQ(image.status, 200);
  EXPECT_EQ(header_of(image, "Content-Type"), "image/svg+xml");
  EXPECT_EQ(image.body, *qr_svg(qr.order.code_url));
  const auto bitmap = desk.get("/v1/intents/" + qr.id.str() + "/qr.png");
  EXPECT_EQ(header_of(bitmap, "Content-Type"), "image/png");
  EXPECT_EQ(bitmap.body, *qr_png(qr.order.code_url));
  desk.pay(qr);
  EXPECT_EQ(desk.get("/v1/intents/" + qr.id.str() + "/qr.svg").status, 404);
  EXPECT_EQ(desk.get("/v1/intents/" + qr.id.str() + "/qr.png").status, 404);
  // Inside WeChat there is nothing to scan.
  const PaymentIntent inside = desk.buy(desk.thread("bob", "openid-of-bob"), "buy-2");
  EXPECT_EQ(desk.get("/v1/intents/" + inside.id.str() + "/qr.svg").status, 404);
}

TEST_F(IntentsTest, without_a_confirmation_the_row_is_still_told) {
  const PaymentIntent intent = desk.buy(desk.thread());
  desk.channel.confirmations.push_back(Error(Errc::crypto_failed));
  const auto answer = desk.get("/v1/intents/" + intent.id.str());
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(body_of(answer).contains("confirmation"));
}

TEST_F(IntentsTest, a_paid_intent_shows_no_way_to_pay_again) {
  const PaymentIntent intent = desk.buy(desk.thread());
  desk.pay(intent);
  const json shown = body_of(desk.get("/v1/intents/" + intent.id.str()));
  EXPECT_EQ(shown["state"], "succeeded");
  EXPECT_FALSE(shown.contains("confirmation"));
  EXPECT_EQ(shown["order"]["transaction_id"], "42" + intent.order.out_trade_no.str());
}

TEST_F(IntentsTest, cancel_ends_it_and_closes_the_order) {
  const std::string thread = desk.thread();
  const PaymentIntent intent = desk.buy(thread);
  const auto answer = cancel(intent.id.str());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(body_of(answer)["state"], "canceled");
  desk.work_off();
  EXPECT_EQ(desk.channel.count("close_order"), 1U);
  // Another key: canceling what is canceled changes nothing.
  EXPECT_EQ(body_of(cancel(intent.id.str(), "again"))["state"], "canceled");
  // The conversation has heard of it.
  const json messages = body_of(desk.get("/v1/threads/" + thread + "/messages"));
  EXPECT_EQ(messages["data"].back()["text"], "noted");
}

TEST_F(IntentsTest, who_paid_before_the_close_is_a_customer_and_not_one_who_canceled) {
  const PaymentIntent intent = desk.buy(desk.thread());
  CloseReply paid;
  paid.outcome = Outcome::declined;
  paid.already_paid = true;
  desk.channel.closes.push_back(paid);
  desk.channel.queries.push_back(FakeChannel::query_reply(FakeChannel::paid(intent)));
  const auto answer = cancel(intent.id.str());
  EXPECT_EQ(answer.status, 409) << answer.body;
  EXPECT_EQ(code_of(answer), "cancel_not_allowed");
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::succeeded);
  EXPECT_EQ(desk.channel.count("refund"), 0U);
}

TEST_F(IntentsTest, a_paid_order_is_not_canceled_when_the_rail_does_not_say_more) {
  const PaymentIntent intent = desk.buy(desk.thread());
  CloseReply paid;
  paid.outcome = Outcome::declined;
  paid.already_paid = true;
  desk.channel.closes.push_back(paid);
  desk.channel.queries.push_back(QueryReply());
  EXPECT_EQ(cancel(intent.id.str()).status, 409);
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::awaiting_payment);
}

TEST_F(IntentsTest, a_close_refused_as_paid_is_not_believed_against_the_signed_query) {
  const PaymentIntent intent = desk.buy(desk.thread());
  CloseReply paid;
  paid.outcome = Outcome::declined;
  paid.already_paid = true;
  desk.channel.closes.push_back(paid);
  OrderFacts facts = FakeChannel::paid(intent);
  facts.state = TradeState::not_paid;
  desk.channel.queries.push_back(FakeChannel::query_reply(std::move(facts)));
  EXPECT_EQ(cancel(intent.id.str()).status, 200);
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::canceled);
  EXPECT_TRUE(desk.intent(intent.id.str()).order.may_be_open);  // and closed by the work that is due
}

TEST_F(IntentsTest, cancel_without_an_answer_of_the_rail_leaves_the_close_to_be_done) {
  const PaymentIntent intent = desk.buy(desk.thread());
  desk.channel.closes.push_back(CloseReply());
  EXPECT_EQ(body_of(cancel(intent.id.str()))["state"], "canceled");
  EXPECT_TRUE(desk.intent(intent.id.str()).order.may_be_open);
  desk.work_off();
  EXPECT_EQ(desk.channel.count("close_order"), 2U);
  EXPECT_FALSE(desk.intent(intent.id.str()).order.may_be_open);
}

TEST_F(IntentsTest, what_is_paid_cannot_be_canceled) {
  const PaymentIntent intent = desk.buy(desk.thread());
  desk.pay(intent);
  const auto answer = cancel(intent.id.str());
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(code_of(answer), "cancel_not_allowed");
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::succeeded);
}

TEST_F(IntentsTest, renew_makes_one_new_intent_for_the_same_lines) {
  const std::string thread = desk.thread();
  const PaymentIntent old = expired(thread);
  const auto answer = renew(old.id.str());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json renewed = body_of(answer);
  EXPECT_NE(renewed["id"], old.id.str());
  EXPECT_EQ(renewed["renewed_from"], old.id.str());
  EXPECT_EQ(renewed["state"], "awaiting_payment");
  EXPECT_EQ(renewed["amount"]["value"], 400);
  EXPECT_EQ(renewed["lines"][0]["sku"], "CUP");
  EXPECT_NE(renewed["order"]["out_trade_no"], old.order.out_trade_no.str());
  EXPECT_EQ(renewed["confirmation"]["type"], "qr");
  ASSERT_EQ(renewed["cards"].size(), 1U);
  EXPECT_EQ(renewed["cards"][0]["type"], "payment_request");
  EXPECT_EQ(renewed["cards"][0]["sandbox"], true);
  EXPECT_EQ(renewed["cards"][0]["confirmation"], renewed["confirmation"]);
  EXPECT_EQ(body_of(desk.get("/v1/threads/" + thread))["state"], "awaiting_payment");

  // With another key: the same new intent, no second order.
  EXPECT_EQ(body_of(renew(old.id.str(), "another"))["id"], renewed["id"]);
  EXPECT_EQ(desk.channel.count("create_order"), 2U);
}

TEST_F(IntentsTest, renewing_at_once_from_many_clients_makes_one_intent) {
  const PaymentIntent old = expired(desk.thread());
  std::vector<Started<http::Response>> started;
  for (int i = 0; i < 8; ++i) {
    auto sent = request("POST", "/v1/intents/" + old.id.str() + "/renew", "", "r" + std::to_string(i));
    started.push_back(desk.loop.start(desk.api.handle(std::move(sent))));
  }
  ASSERT_TRUE(desk.loop.until(
      [&] { return std::all_of(started.begin(), started.end(), [](const auto& one) { return one.done(); }); }));
  std::set<std::string> ids;
  for (auto& one : started) ids.insert(body_of(one.get()).value("id", "none"));
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(desk.channel.count("create_order"), 2U);
}

TEST_F(IntentsTest, a_canceled_intent_can_be_renewed_and_the_old_payment_still_counts_once) {
  const PaymentIntent old = desk.buy(desk.thread());
  ASSERT_EQ(cancel(old.id.str()).status, 200);
  EXPECT_EQ(renew(old.id.str()).status, 200);
}

TEST_F(IntentsTest, only_what_ended_unpaid_is_renewed) {
  const PaymentIntent open = desk.buy(desk.thread());
  const auto early = renew(open.id.str());
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(code_of(early), "illegal_transition");
  desk.pay(open);
  EXPECT_EQ(renew(open.id.str(), "later").status, 409);
  EXPECT_EQ(desk.channel.count("create_order"), 1U);
}

TEST_F(IntentsTest, a_changed_price_is_told_not_charged) {
  const PaymentIntent old = expired(desk.thread());
  for (const std::int64_t price : {201, 199, 2000}) {
    set_price("CUP", price);
    const auto answer = renew(old.id.str());
    EXPECT_EQ(answer.status, 409) << price;
    EXPECT_EQ(code_of(answer), "price_mismatch");
    const std::string message = body_of(answer)["error"]["message"];
    EXPECT_NE(message.find(samples::fen(200).display()), std::string::npos) << message;
    EXPECT_NE(message.find(samples::fen(price).display()), std::string::npos) << message;
  }
  EXPECT_EQ(desk.channel.count("create_order"), 1U);
  set_price("CUP", 200);
  EXPECT_EQ(renew(old.id.str()).status, 200);
}

// The old code was paid in time and told late: the order that stands in for it has ended with that, and nothing may
// stand in for it again.
TEST_F(IntentsTest, nothing_renews_an_order_that_was_paid_after_all) {
  const PaymentIntent old = expired(desk.thread());
  const std::string second = body_of(renew(old.id.str()))["id"];
  pay_in_time(old);
  ASSERT_EQ(desk.intent(old.id.str()).state, IntentState::succeeded);
  ASSERT_EQ(desk.intent(second).state, IntentState::canceled);
  desk.work_off();
  const auto third = renew(second, "again");
  EXPECT_EQ(third.status, 409) << third.body;
  EXPECT_EQ(code_of(third), "illegal_transition");
  EXPECT_EQ(desk.channel.count("create_order"), 2U);
  // The same goods in the conversation are another purchase.
  const PaymentIntent anew = desk.buy(old.thread.str(), "anew");
  EXPECT_EQ(anew.state, IntentState::awaiting_payment);
  EXPECT_TRUE(anew.renewed_from.empty());
}

// Whichever comes first, one of the wish is left that is paid or may be.
TEST_F(IntentsTest, a_renewal_and_the_news_that_the_old_order_was_paid_see_each_other) {
  for (const bool renewal_first : {true, false}) {
    const std::string thread = desk.thread(renewal_first ? "mei" : "lee");
    const PaymentIntent old = expired(thread);
    OrderFacts facts = FakeChannel::paid(old);
    facts.success_time = old.expires_at - Millis(1'000);
    std::vector<Started<http::Response>> renewals;
    const auto start = [&] {
      auto asked = request("POST", "/v1/intents/" + old.id.str() + "/renew", "", "race-" + thread);
      renewals.push_back(desk.loop.start(desk.api.handle(std::move(asked))));
    };
    if (renewal_first) start();
    auto news = desk.loop.start(desk.cashier.take_order_facts(facts));
    if (!renewal_first) start();
    ASSERT_TRUE(desk.loop.until([&] { return news.done() && renewals.at(0).done(); }));
    EXPECT_TRUE(news.get().ok());
    const auto all = desk.loop.run(desk.store->intents_of_thread(old.thread, 10)).value();
    EXPECT_EQ(std::count_if(
                  all.begin(), all.end(),
                  [](const PaymentIntent& row) { return is_open(row.state) || row.state == IntentState::succeeded; }),
              1)
        << renewal_first;
    EXPECT_EQ(desk.intent(old.id.str()).state, IntentState::succeeded);
  }
}

TEST_F(IntentsTest, what_is_not_sold_any_more_is_not_renewed) {
  const PaymentIntent old = expired(desk.thread());
  take_off_sale("CUP");
  const auto answer = renew(old.id.str());
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(code_of(answer), "sku_not_on_sale");
}

TEST_F(IntentsTest, an_open_payment_elsewhere_comes_first) {
  const PaymentIntent old = expired(desk.thread());
  desk.buy(desk.thread(), "buy-2");  // the same user in another thread
  const auto answer = renew(old.id.str());
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(code_of(answer), "active_payment_exists");
}

TEST_F(IntentsTest, a_renewal_waits_for_the_turn_that_is_running) {
  const std::string thread = desk.thread();
  const PaymentIntent old = expired(thread);
  desk.model.push_silence();
  auto turn =
      desk.loop.start(desk.api.handle(request("POST", "/v1/threads/" + thread + "/turns", R"({"text":"hm"})", "t")));
  const auto asked = desk.model.requests().size();
  ASSERT_TRUE(desk.loop.until([&] { return desk.model.requests().size() > asked || desk.model.left() == 0; }));
  auto renewal = desk.loop.start(desk.api.handle(request("POST", "/v1/intents/" + old.id.str() + "/renew", "", "r")));
  desk.loop.settle();
  EXPECT_FALSE(renewal.done());
  EXPECT_EQ(desk.channel.count("create_order"), 1U);
  desk.loop.advance(std::chrono::minutes(2));
  ASSERT_TRUE(desk.loop.until([&] { return turn.done() && renewal.done(); }));
  EXPECT_EQ(turn.get().status, 200);  // the model stayed silent, and the turn kept its row
  EXPECT_EQ(renewal.get().status, 200);
}

TEST_F(IntentsTest, an_order_the_rail_declines_comes_back_failed) {
  const PaymentIntent old = expired(desk.thread());
  OrderReply no;
  no.outcome = Outcome::declined;
  no.says.code = "NO_AUTH";
  desk.channel.orders.push_back(no);
  const json renewed = body_of(renew(old.id.str()));
  EXPECT_EQ(renewed["state"], "failed");
  EXPECT_EQ(renewed["failure"], "NO_AUTH");
  EXPECT_FALSE(renewed.contains("cards"));
}

TEST_F(IntentsTest, a_silent_rail_leaves_a_renewal_unknown_under_the_same_number) {
  const PaymentIntent old = expired(desk.thread());
  desk.channel.orders.push_back(OrderReply());
  const json first = body_of(renew(old.id.str()));
  EXPECT_EQ(first["state"], "unknown");
  const json second = body_of(renew(old.id.str(), "again"));
  EXPECT_EQ(second["state"], "awaiting_payment");
  EXPECT_EQ(second["order"]["out_trade_no"], first["order"]["out_trade_no"]);
  EXPECT_EQ(second["id"], first["id"]);
}

// An order that the rail has handed a code out for exists, whoever says otherwise.
TEST_F(IntentsTest, an_order_that_was_handed_out_is_not_forgotten_at_a_404) {
  const PaymentIntent intent = desk.buy(desk.thread());
  CloseReply not_known;
  not_known.outcome = Outcome::declined;
  for (int i = 0; i < 3; ++i) desk.channel.closes.push_back(not_known);
  desk.pass(std::chrono::minutes(6));
  for (int i = 0; i < 2; ++i) desk.pass(std::chrono::minutes(1));
  EXPECT_TRUE(desk.channel.closes.empty());
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::expired);

  CloseReply paid = not_known;
  paid.already_paid = true;
  desk.channel.closes.push_back(paid);
  auto facts = FakeChannel::paid(intent);
  facts.success_time = intent.expires_at - std::chrono::seconds(1);
  desk.channel.queries.push_back(FakeChannel::query_reply(facts));
  for (int i = 0; i < 3; ++i) desk.pass(std::chrono::minutes(1));
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::succeeded);
}

TEST_F(IntentsTest, who_may_have_paid_is_not_told_to_order_anew) {
  const std::string thread = desk.thread();
  const PaymentIntent intent = desk.buy(thread);
  CloseReply paid;
  paid.outcome = Outcome::declined;
  paid.already_paid = true;
  desk.channel.closes.push_back(paid);
  desk.channel.queries.emplace_back();  // no answer: nothing is sure
  desk.pass(std::chrono::minutes(6));
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::expired);
  EXPECT_TRUE(news(thread).empty());
  desk.channel.closes.push_back(paid);
  auto facts = FakeChannel::paid(intent);
  facts.success_time = intent.expires_at - std::chrono::seconds(1);
  desk.channel.queries.push_back(FakeChannel::query_reply(facts));
  desk.pass(std::chrono::minutes(1));
  EXPECT_EQ(news(thread), std::vector<std::string>{"intent.succeeded"});
}

TEST_F(IntentsTest, who_has_ordered_anew_is_not_told_to) {
  const std::string thread = desk.thread();
  const PaymentIntent first = desk.buy(thread);
  desk.channel.closes.emplace_back();  // no answer yet
  desk.loop.advance(std::chrono::minutes(6));
  WorkItem ends;
  ends.kind = WorkKind::expire_intent;
  ends.subject = first.id.str();
  ASSERT_TRUE(desk.loop.run(desk.cashier.expire(std::move(ends))).ok());
  EXPECT_EQ(renew(first.id.str()).status, 200);
  desk.work_off();
  for (int i = 0; i < 3; ++i) desk.pass(std::chrono::seconds(30));
  EXPECT_TRUE(news(thread).empty());
}

// The close was done and its answer lost; before it could be written down, somebody asked the rail.
TEST_F(IntentsTest, a_cancel_whose_own_close_was_seen_by_the_janitor_is_not_refused) {
  const PaymentIntent intent = desk.buy(desk.thread());
  desk.channel.closes.emplace_back();  // unknown
  desk.channel.queries.push_back(FakeChannel::query_reply(FakeChannel::facts_of(intent, TradeState::closed)));
  desk.channel.gate = [this, &intent](RailCall call) -> Task<void> {
    if (call.method != "close_order") co_return;
    PaymentIntent seen = intent;
    auto asked = co_await desk.cashier.ask_rail(std::move(seen));
    EXPECT_TRUE(asked.ok());
  };
  const auto answer = cancel(intent.id.str());
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(body_of(answer)["state"], "expired");
  desk.channel.gate = nullptr;
  EXPECT_EQ(code_of(cancel(intent.id.str(), "later")), "cancel_not_allowed") << "it had ended before this was asked";
}

// Killed behind the close: at the next start the rail says that the order is closed, before the client asks again.
TEST(IntentsAfterACrash, a_cancel_that_was_cut_off_is_not_refused_for_what_it_has_done) {
  test::TempFolder folder;
  std::string id;
  {
    test::Desk desk(folder.path(), "before:intent.canceled:1:fail,before:request.dropped:1:fail");
    const PaymentIntent intent = desk.buy(desk.thread());
    id = intent.id.str();
    EXPECT_EQ(desk.post("/v1/intents/" + id + "/cancel", "", "cancel").status, 503);
    desk.channel.queries.push_back(FakeChannel::query_reply(FakeChannel::facts_of(intent, TradeState::closed)));
    PaymentIntent seen = intent;
    ASSERT_TRUE(desk.loop.run(desk.cashier.ask_rail(std::move(seen))).ok());
    ASSERT_EQ(desk.intent(id).state, IntentState::expired);
  }
  test::Desk desk(folder.path());
  EXPECT_EQ(code_of(desk.post("/v1/intents/" + id + "/cancel", "", "another")), "cancel_not_allowed");
  const auto answer = desk.post("/v1/intents/" + id + "/cancel", "", "cancel");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(body_of(answer)["state"], "expired");
}

}  // namespace
}  // namespace purser::test
