// The operator's hand: work that was put aside, and a user's words.
#include "agent/api/admin.hpp"
#include "agent/api/answer.hpp"
#include "agent/api/request.hpp"
#include "agent/resume/parking.hpp"
#include "agent/turn/views.hpp"
#include "gateway/http/url.hpp"
#include "gateway/log.hpp"

#include <nlohmann/json.hpp>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::int64_t kParkedShown = 50;
constexpr std::int64_t kParkedShownMax = 200;
constexpr std::size_t kOperatorNameBytesMax = 1'024;

json parked_view(const WorkItem& row) {
  const parking::Parked parked = parking::about(row);
  return {{"id", row.subject},         {"object", "parked_work"},      {"kind", parked.kind},
          {"subject", parked.subject}, {"thread", row.thread.str()},   {"tries", parked.tried.times},
          {"why", parked.tried.why},   {"parked_at", parked.parked_at}};
}

}  // namespace

Task<http::Response> Admin::parked(http::Request request) {
  auto query = api::Query::parse(request.query, {"after", "limit"});
  if (!query) co_return api::error_answer(query.error());
  auto limit = query->integer("limit", kParkedShown, 1, kParkedShownMax);
  if (!limit) co_return api::error_answer(limit.error());
  auto after = http::percent_decode(query->text("after"));
  if (!after) co_return api::error_answer(Error(Errc::request_malformed, "this is the id of parked work", "after"));
  auto rows = co_await ports_.store.work_of_kind(WorkKind::parked, std::string(), std::move(*after), *limit + 1);
  if (!rows) co_return api::error_answer(rows.error());
  const bool more = std::ssize(*rows) > *limit;
  if (more) rows->pop_back();
  json data = json::array();
  for (const WorkItem& row : *rows) data.push_back(parked_view(row));
  co_return api::json_answer(200, views::page(std::move(data), more));
}

Task<Result<void>> Admin::retry_one(WorkItem row) {
  auto due = parking::unparked(row, ports_.clock.durable());
  if (!due) co_return Error(Errc::store_corrupt, "the row does not say what it was", row.subject);
  Batch batch("work.unparked");
  batch.add(op::TakeWork{row.kind, row.subject});
  batch.add(op::AddWork{std::move(*due)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done) co_return done.error();
  log::info("work.unparked", {{"work", row.subject}});
  co_return success();
}

Task<Result<std::int64_t>> Admin::retry_all() {
  std::int64_t count = 0;
  std::string after;
  for (;;) {
    auto rows = co_await ports_.store.work_of_kind(WorkKind::parked, std::string(), after, kParkedShownMax);
    if (!rows) co_return rows.error();
    for (WorkItem& row : *rows) {
      after = row.subject;
      auto done = co_await retry_one(std::move(row));
      if (done) count += 1;
      // Somebody else has had it done, or it stays where it is for a person to look at.
      if (!done && done.code() == Errc::store_unavailable) co_return done.error();
    }
    if (std::ssize(*rows) < kParkedShownMax) co_return count;
  }
}

Task<http::Response> Admin::retry(http::Request request) {
  auto body = api::object_body(request, {"id", "all"}, false);
  if (!body) co_return api::error_answer(body.error());
  if (body->contains("all")) {
    if (body->size() != 1 || (*body)["all"] != true)
      co_return api::error_answer(Error(Errc::request_malformed, "all is true and stands alone", "all"));
    auto count = co_await retry_all();
    if (!count) co_return api::error_answer(count.error());
    json told = json::object();
    told["retried"] = *count;
    co_return api::json_answer(200, told);
  }
  auto id = api::string_member(*body, "", "id", kOperatorNameBytesMax);
  if (!id) co_return api::error_answer(id.error());
  auto rows = co_await ports_.store.work_of_kind(WorkKind::parked, *id, std::string(), 1);
  if (!rows) co_return api::error_answer(rows.error());
  if (rows->empty() || rows->front().subject != *id) co_return api::error_answer(Errc::not_found);
  auto done = co_await retry_one(std::move(rows->front()));
  if (!done) co_return api::error_answer(done.error());
  json told = json::object();
  told["retried"] = 1;
  co_return api::json_answer(200, told);
}

Task<http::Response> Admin::erase(http::Request request) {
  auto body = api::object_body(request, {"tenant", "user"}, false);
  if (!body) co_return api::error_answer(body.error());
  auto tenant = api::string_member(*body, "", "tenant", kOperatorNameBytesMax);
  if (!tenant) co_return api::error_answer(tenant.error());
  auto user = api::string_member(*body, "", "user", kOperatorNameBytesMax);
  if (!user) co_return api::error_answer(user.error());
  auto done = co_await eraser_.erase_user(TenantId::trusted(*tenant), UserId::trusted(*user));
  if (!done) co_return api::error_answer(done.error());
  json erased = json::array();
  for (const ThreadId& thread : done->erased) erased.push_back(thread.str());
  json left = json::array();
  for (const Eraser::Left& one : done->left) left.push_back({{"thread", one.thread.str()}, {"why", one.why}});
  json told = json::object();
  told["erased"] = std::move(erased);
  told["left"] = std::move(left);
  co_return api::json_answer(200, told);
}

}  // namespace purser
