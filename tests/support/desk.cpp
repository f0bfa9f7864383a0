#include "tests/support/desk.hpp"

#include "gateway/store/failpoint_store.hpp"
#include "gateway/store/open/open.hpp"
#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace purser::test {
namespace {

using nlohmann::json;

std::unique_ptr<Store> open(const std::string& folder, const std::string& failpoints, Clock& clock) {
  StoreSettings settings;
  settings.url = Secret("sqlite://" + folder + "/purser.db");
  auto store = open_store(settings, clock);
  if (!store) throw std::runtime_error(store.error().message);
  if (failpoints.empty()) return *std::move(store);
  auto points = parse_failpoints(failpoints);
  if (!points) throw std::runtime_error(points.error().message);
  return std::make_unique<FailpointStore>(*std::move(store), *std::move(points));
}

WebhookEndpoints endpoints_of(const DeskDoors& doors) {
  return doors.endpoints.empty() ? WebhookEndpoints() : WebhookEndpoints::parse(doors.endpoints, true).value();
}

purser::Identity identity_of(AuthSettings settings) {
  settings.api_keys = Secret(std::string(kOurs) + ":" + std::string(kOurKey) + "\nother:" + std::string(kTheirKey));
  return purser::Identity::make(settings).value();
}

}  // namespace

json body_of(const http::Response& response) {
  return json::parse(response.body, nullptr, false);
}

std::string code_of(const http::Response& response) {
  const json body = body_of(response);
  return body.is_object() && body.contains("error") ? body["error"].value("code", "") : "";
}

std::string header_of(const http::Response& response, std::string_view name) {
  return std::string(http::header(response.headers, name));
}

http::Request request(std::string method, std::string target, std::string body, std::string idempotency_key) {
  http::Request made;
  made.method = std::move(method);
  made.target = std::move(target);
  const auto question = made.target.find('?');
  made.path = made.target.substr(0, question);
  if (question != std::string::npos) made.query = made.target.substr(question + 1);
  made.headers.emplace_back("Authorization", "Bearer " + std::string(kOurKey));
  if (!body.empty()) made.headers.emplace_back("Content-Type", "application/json");
  if (!idempotency_key.empty()) made.headers.emplace_back("Idempotency-Key", std::move(idempotency_key));
  made.body = std::move(body);
  return made;
}

void drop_header(http::Request& request, std::string_view name) {
  std::erase_if(request.headers, [&](const auto& entry) { return http::equals_ignoring_case(entry.first, name); });
}

void set_header(http::Request& request, std::string name, std::string value) {
  drop_header(request, name);
  request.headers.emplace_back(std::move(name), std::move(value));
}

Task<Result<void>> Reader::write(std::shared_ptr<State> state, std::string piece) {
  if (state->pieces == state->patience) co_return Errc::connection_lost;
  state->pieces += 1;
  state->text += piece;
  co_return success();
}

http::StreamSink Reader::sink() const {
  return [state = state_](std::string piece) { return write(state, std::move(piece)); };
}

std::vector<std::string> Reader::fields(std::string_view label) const {
  std::vector<std::string> found;
  for (std::size_t start = 0; start < state_->text.size();) {
    const auto end = std::min(state_->text.find('\n', start), state_->text.size());
    const std::string_view line = std::string_view(state_->text).substr(start, end - start);
    if (line.starts_with(label)) found.emplace_back(line.substr(label.size()));
    start = end + 1;
  }
  return found;
}

Desk::Desk(const std::string& folder, const std::string& failpoints, DeskDoors doors)
    : store(open(folder, failpoints, loop.clock)),
      model(&loop.clock),
      mint(Secret("merchant secret of the tests")),
      catalogue(samples::shop()),
      intents(doors.intents),
      group(loop.executor(), loop.clock, [](std::string_view, std::exception_ptr) {}),
      cashier({*store, channel, mint, loop.clock}, intents, RefundSettings()),
      tools({*store, cashier, catalogue, loop.clock}, intents, RefundSettings(), turns),
      conversations({*store, model, tools, cashier, mint, loop.clock, &metrics}, turns, {"zh prompt", "en prompt"},
                    true, loop.executor()),
      webhooks({*store, channel, cashier, loop.clock, group, metrics}, [this] { ++pokes; }),
      limiter(loop.clock),
      endpoints(endpoints_of(doors)),
      api({*store, conversations, cashier, catalogue, webhooks, mint, loop.clock, group, metrics, limiter, endpoints,
           DirectDoor::Models{&model, doors.tiers}},
          identity_of(doors.auth), {intents, turns, doors.limits, doors.trusted_proxies, true}),
      admin({*store, loop.clock, metrics}, true, "1.2.3", "") {
  store->watch([this](const Change& change) {
    for (const ThreadId& thread : change.threads) conversations.news(thread).notify();
  });
}

Desk::~Desk() {
  // What the store still finishes resumes somebody of this loop: the store goes first, then the coroutines.
  loop.run(group.stop(Clock::duration(0)));
}

std::string Desk::thread(std::string_view user, std::string_view openid) {
  json body{{"user", {{"id", user}}}, {"locale", "en"}};
  if (!openid.empty()) body["user"]["openid"] = openid;
  const auto made = send(request("POST", "/v1/threads", body.dump()));
  if (made.status != 201) throw std::runtime_error("no thread: " + made.body);
  return body_of(made).at("id");
}

PaymentIntent Desk::buy(const std::string& thread, std::string idempotency_key) {
  model.push(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":2}]})"));
  model.push(says("Here is your order."));
  const auto answer = post("/v1/threads/" + thread + "/turns", R"({"text":"two cups"})", std::move(idempotency_key));
  if (answer.status != 200) throw std::runtime_error("no order: " + answer.body);
  auto rows = loop.run(store->intents_of_thread(ThreadId::trusted(thread), 1));
  return rows.value().at(0);
}

void Desk::pay(const PaymentIntent& intent) {
  auto taken = loop.run(cashier.take_order_facts(FakeChannel::paid(intent)));
  if (!taken) throw std::runtime_error("not paid: " + taken.error().message);
}

PaymentIntent Desk::intent(const std::string& id) {
  return loop.run(store->intent(IntentId::trusted(id))).value();
}

std::size_t Desk::count_turns(const std::string& thread) {
  const auto rows = loop.run(store->messages(ThreadId::trusted(thread), 0, 1000)).value();
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const Message& row) { return row.role == Role::user; }));
}

Result<void> Desk::perform(WorkItem item) {
  switch (item.kind) {
    case WorkKind::expire_intent:
      return loop.run(cashier.expire(std::move(item)));
    case WorkKind::close_order:
      return loop.run(cashier.close(std::move(item)));
    case WorkKind::resolve_order:
      return loop.run(cashier.resolve_order(std::move(item)));
    case WorkKind::submit_refund:
      return loop.run(cashier.submit_refund(std::move(item)));
    case WorkKind::resolve_refund:
      return loop.run(cashier.resolve_refund(std::move(item)));
    case WorkKind::expire_approval:
      return loop.run(cashier.expire_approval(std::move(item)));
    case WorkKind::take_notification:
      return loop.run(webhooks.apply(std::move(item)));
    case WorkKind::resume_thread:
      if (model.left() == 0) model.push(says("noted"));
      return loop.run(conversations.resume(std::move(item)));
    case WorkKind::deliver_webhook:
    case WorkKind::dead_webhook:
    case WorkKind::parked:
      break;
  }
  return Errc::internal;
}

void Desk::work_off() {
  for (int round = 0; round < 100; ++round) {
    auto due = loop.run(store->due_work(loop.clock.durable(), 100));
    if (due.value().empty()) return;
    for (WorkItem& item : *due) {
      const std::string subject = item.subject;
      auto done = perform(std::move(item));
      if (!done) throw std::runtime_error(subject + ": " + done.error().message);
    }
  }
  throw std::runtime_error("work that falls due without end");
}

void Desk::pass(Clock::duration d) {
  loop.advance(d);
  work_off();
}

}  // namespace purser::test
