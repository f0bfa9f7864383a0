#include "agent/resume/webhook_inbox.hpp"

#include "gateway/async/with_timeout.hpp"
#include "gateway/log.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace purser {
namespace {

constexpr std::string_view kJson = "application/json";
// What the rail told and does not confirm is asked about for so long; then a person has to look.
constexpr std::chrono::hours kAskedFor{24};
constexpr std::int64_t kAskedAtLeast = 8;  // also when the daemon stood still for a day
constexpr Millis kAskedFirst{2'000};
constexpr Millis kAskedEvery{600'000};

http::Response say(int status, std::string_view code, std::string_view message) {
  const nlohmann::json body{{"code", code}, {"message", message}};
  http::Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", kJson);
  response.body = body.dump();
  return response;
}

http::Response taken() {
  http::Response response;
  response.status = 200;
  response.headers.emplace_back("Content-Type", kJson);
  response.body = R"({"code":"SUCCESS","message":"成功"})";
  return response;
}

int status_of_refusal(Errc code) {
  switch (code) {
    case Errc::unsupported_media_type:
      return 415;
    case Errc::notification_malformed:
      return 400;
    case Errc::decrypt_failed:  // signed by the rail, sealed with a key we do not hold (yet): it should come again
    case Errc::store_unavailable:
      return 500;
    default:
      return 401;
  }
}

bool is_json(const http::Headers& headers) {
  const std::string_view type = http::header(headers, "Content-Type");
  return http::equals_ignoring_case(type.substr(0, kJson.size()), kJson) &&
         (type.size() == kJson.size() || type[kJson.size()] == ';' || type[kJson.size()] == ' ');
}

// The channel stands before the first colon; an id may hold colons of its own.
std::pair<std::string, std::string> channel_and_id(const std::string& subject) {
  const auto colon = subject.find(':');
  if (colon == std::string::npos) return {subject, {}};
  return {subject.substr(0, colon), subject.substr(colon + 1)};
}

}  // namespace

http::Response WebhookInbox::refuse(const Error& why) {
  ports_.metrics.add(kWebhooks, {{"verdict", std::string(code_of(why.code))}});
  auto level = why.code == Errc::signature_probe ? log::Level::info : log::Level::warn;
  // Signed by the rail and not to be opened: no forger's doing, and none of its news arrives until it is mended.
  const bool wrong_key = why.code == Errc::decrypt_failed;
  if (wrong_key) level = log::Level::error;
  log::write(
      level, "webhook.refused",
      {{"channel", channel()}, {"code", why.code}, {"hint", wrong_key ? "is this the merchant's APIv3 key?" : ""}});
  return say(status_of_refusal(why.code), "FAIL", meaning_of(why.code));
}

Batch WebhookInbox::batch_for(Notification notification, const TenantId& tenant) const {
  const UtcTime now = ports_.clock.durable();
  WorkItem item;
  item.kind = WorkKind::take_notification;
  item.subject = std::string(channel()) + ':' + notification.id;
  item.payload_json = R"({"tenant":")" + tenant.str() + R"("})";  // an id has no letter that JSON would escape
  item.due_at = now;
  NotificationRow row;
  row.channel = channel();
  row.id = std::move(notification.id);
  row.event_type = std::move(notification.event_type);
  row.plain = std::move(notification.plain);
  row.received_at = now;
  Batch batch("notification.stored");
  batch.add(op::InsertNotification{std::move(row)});
  batch.add(op::AddWork{std::move(item)});
  return batch;
}

// Runs to its end also when the rail has stopped waiting: what was stored then answers its next try.
Task<void> WebhookInbox::keep(Batch batch, Stored stored) {
  auto done = co_await ports_.store.commit(std::move(batch));
  if (done) {
    stored->set(success());
    poke_();
  } else {
    stored->set(done.error());
  }
}

Task<http::Response> WebhookInbox::receive(http::Request request, TenantId tenant) {
  if (!is_json(request.headers)) co_return refuse(Errc::unsupported_media_type);
  RawNotification raw;
  raw.headers = std::move(request.headers);
  raw.body = std::move(request.body);
  auto read = ports_.channel.read_notification(raw);
  if (!read && read.code() == Errc::unknown_serial) {
    // The rail may have begun to sign with a key that it published since we last asked.
    const Deadline soon = Deadline::after(ports_.clock, kAckLimit / 2);
    const bool fresh = co_await ports_.channel.refresh_keys(soon);
    if (fresh) read = ports_.channel.read_notification(raw);
  }
  if (!read) co_return refuse(read.error());
  const std::string id = read->id;
  const std::string type = read->event_type;

  auto ex = co_await asio::this_coro::executor;
  const Deadline limit = Deadline::after(ports_.clock, kAckLimit);
  auto stored = std::make_shared<OneShot<void>>(ex);
  Batch batch = batch_for(std::move(*read), tenant);
  auto started = ports_.work.spawn("webhook.store", keep(std::move(batch), stored));
  if (!started) stored->set(started.error());
  auto done = co_await with_timeout(ports_.clock, stored->get(), limit);
  if (!done && done.code() == Errc::store_duplicate) {
    ports_.metrics.add(kWebhooks, {{"verdict", "duplicate"}});
    log::info("webhook.duplicate", {{"channel", channel()}, {"id", id}});
    co_return taken();
  }
  if (!done) {
    ports_.metrics.add(kWebhooks, {{"verdict", "not_stored"}});
    log::error("webhook.not_stored", {{"channel", channel()}, {"id", id}, {"code", done.code()}});
    co_return say(500, "FAIL", meaning_of(Errc::store_unavailable));
  }
  ports_.metrics.add(kWebhooks, {{"verdict", "stored"}});
  log::info("webhook.stored", {{"channel", channel()}, {"tenant", tenant.str()}, {"id", id}, {"type", type}});
  co_return taken();
}

Task<Result<void>> WebhookInbox::apply(WorkItem item) {
  auto [name, id] = channel_and_id(item.subject);
  auto row = co_await ports_.store.notification(name, id);
  if (!row) co_return row.error();
  if (!row->applied) {
    const auto about = nlohmann::json::parse(item.payload_json, nullptr, false);
    const std::string door = about.is_object() ? about.value("tenant", "") : "";
    auto given = co_await give_to_cashier(*row, TenantId::trusted(door));
    if (!given && given.code() == Errc::rail_unknown) {
      const bool waits = item.attempts < kAskedAtLeast || ports_.clock.durable() - row->received_at < kAskedFor;
      log::write(waits ? log::Level::warn : log::Level::error, waits ? "webhook.waits" : "webhook.given_up",
                 {{"channel", row->channel}, {"id", row->id}, {"message", given.error().message}});
      if (waits) co_return co_await ask_later(std::move(item));
      given = success();
    }
    if (!given) co_return given.error();
  }
  co_return co_await end(std::move(item), *row);
}

Task<Result<void>> WebhookInbox::give_to_cashier(const NotificationRow& row, TenantId door) {
  auto read = ports_.channel.parse_resource(row.event_type, row.plain);
  if (!read) {
    log::error("webhook.unreadable", {{"channel", row.channel}, {"id", row.id}, {"code", read.code()}});
    co_return success();
  }
  if (!read->order && !read->refund) {
    log::warn("webhook.unknown_type", {{"channel", row.channel}, {"id", row.id}, {"type", row.event_type}});
    co_return success();
  }
  Result<void> taken_in = success();
  if (read->order) taken_in = co_await ports_.cashier.take_order_facts(*read->order);
  if (taken_in && read->refund) taken_in = co_await ports_.cashier.take_refund_facts(*read->refund);
  const bool lost = !taken_in && taken_in.code() == Errc::not_found;
  if (lost && read->order && read->order->state == TradeState::paid && !door.empty()) {
    taken_in = co_await ports_.cashier.return_unknown_payment(std::move(door), *read->order);
    if (taken_in)
      log::error("webhook.unknown_payment", {{"channel", row.channel},
                                             {"id", row.id},
                                             {"out_trade_no", read->order->out_trade_no.str()},
                                             {"hint", "it is being given back"}});
  }
  if (!taken_in && taken_in.code() == Errc::not_found) {
    // Signed by the rail, and yet about nothing of ours: another system uses the same merchant account.
    log::error("webhook.unknown_number", {{"channel", row.channel}, {"id", row.id}, {"type", row.event_type}});
    co_return success();
  }
  if (!taken_in && taken_in.code() == Errc::facts_differ) {
    ports_.metrics.add(kWebhooks, {{"verdict", std::string(code_of(Errc::facts_differ))}});
    log::error("webhook.differs", {{"channel", row.channel},
                                   {"id", row.id},
                                   {"intent", taken_in.error().param},
                                   {"message", taken_in.error().message}});
    co_return success();
  }
  co_return taken_in;
}

// Behind whatever else is due: what the rail does not confirm must hold up nothing else.
Task<Result<void>> WebhookInbox::ask_later(WorkItem item) {
  const auto pause = std::min<Millis>(kAskedFirst * (1LL << std::min<std::int64_t>(item.attempts, 10)), kAskedEvery);
  item.attempts += 1;
  item.due_at = ports_.clock.durable() + pause;
  Batch batch("notification.waits");
  // Taken first: an item that was ended meanwhile must not come back.
  batch.add(op::TakeWork{item.kind, item.subject});
  batch.add(op::PutWork{std::move(item)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done && done.code() != Errc::store_conflict) co_return done.error();
  co_return success();
}

Task<Result<void>> WebhookInbox::end(WorkItem item, const NotificationRow& row) {
  Batch batch("notification.applied");
  if (!row.applied) batch.add(op::ApplyNotification{row.channel, row.id});
  batch.add(op::TakeWork{item.kind, std::move(item.subject)});
  auto done = co_await ports_.store.commit(std::move(batch));
  // A conflict is somebody who was faster with the same row.
  if (!done && done.code() != Errc::store_conflict) co_return done.error();
  co_return success();
}

}  // namespace purser
