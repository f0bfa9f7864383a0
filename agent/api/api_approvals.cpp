// The doors to what waits for a person of the tenant: approvals, and payments that were made otherwise than ordered.
#include "agent/api/answer.hpp"
#include "agent/api/api.hpp"
#include "agent/api/request.hpp"
#include "agent/turn/views.hpp"
#include "gateway/log.hpp"
#include "validation/money/text.hpp"

#include <algorithm>

namespace purser {

namespace {

using nlohmann::json;

constexpr std::int64_t kDefault = 50;
constexpr std::int64_t kMax = 200;
// How far back a list is read; what waits for a person is never that much.
constexpr std::int64_t kApprovalsRead = 2'000;
constexpr std::size_t kNoteMax = 500;

bool is_outcome_of(const Approval& row, const ApprovalDecision& decision) {
  const bool fits = row.state == (decision.approve ? ApprovalState::approved : ApprovalState::denied);
  return fits && row.decided_by == decision.by && row.note == decision.note;
}

}  // namespace

Task<Result<Approval>> Api::own_approval(const Call& call) {
  auto id = ApprovalId::parse(call.parts.front());
  if (!id) co_return Errc::not_found;
  auto row = co_await ports_.store.approval(*id);
  if (row && row->tenant != call.caller.tenant) co_return Errc::not_found;
  if (!row && row.code() == Errc::not_found) co_return Errc::not_found;
  co_return row;
}

Api::Reply Api::get_approvals(Call& call) {
  auto query = api::Query::parse(call.request.query, {"state", "after", "limit"});
  if (!query) co_return query.error();
  auto limit = query->integer("limit", kDefault, 1, kMax);
  if (!limit) co_return limit.error();
  std::optional<ApprovalState> state;
  if (query->has("state")) {
    auto wanted = parse_approval_state(query->text("state"));
    if (!wanted) co_return Error(Errc::request_malformed, "no such state of an approval", "state");
    state = *wanted;
  }
  auto rows = co_await ports_.store.approvals(call.caller.tenant, state, kApprovalsRead);
  if (!rows) co_return rows.error();
  auto next = rows->begin();
  if (query->has("after")) {
    next = std::find_if(next, rows->end(), [&](const Approval& row) { return row.id.str() == query->text("after"); });
    if (next == rows->end()) co_return Error(Errc::request_malformed, "no such approval in this list", "after");
    ++next;
  }
  json data = json::array();
  for (; next != rows->end() && static_cast<std::int64_t>(data.size()) < *limit; ++next)
    data.push_back(views::approval(*next));
  co_return api::json_answer(200, views::page(std::move(data), next != rows->end()));
}

Api::Reply Api::get_approval(Call& call) {
  auto row = co_await own_approval(call);
  if (!row) co_return row.error();
  co_return api::json_answer(200, views::approval(*row));
}

Api::Reply Api::decide_approval(Call& call) {
  auto row = co_await own_approval(call);
  if (!row) co_return row.error();
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {"decision", "note"}, false);
  if (!body) co_return body.error();
  auto word = api::string_member(*body, "", "decision", 16);
  if (!word) co_return word.error();
  if (*word != "approve" && *word != "deny")
    co_return Error(Errc::json_out_of_range, "decision is approve or deny", "/decision");
  ApprovalDecision decision(call.caller.tenant, row->id, *word == "approve");
  decision.by = call.caller.name;
  if (body->contains("note")) {
    auto note = api::string_member(*body, "", "note", kNoteMax * 4);
    if (!note) co_return note.error();
    auto cleaned = clean(*note, TextRules());
    if (!cleaned || code_points(cleaned->text) > kNoteMax)
      co_return Error(Errc::json_out_of_range, "a note is text of at most 500 characters", "/note");
    decision.note = std::move(cleaned->text);
  }
  Idempotency::Action action = [this, decision = std::move(decision)](bool again) {
    return do_decide(decision, again);
  };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::do_decide(ApprovalDecision decision, bool again) {
  auto row = co_await ports_.cashier.decide(decision);
  if (row && row->state == ApprovalState::voided)
    co_return Error(Errc::approval_ended,
                    "the approval is void: its payments are not as they were when it was asked for", "approval");
  if (row) co_return api::json_answer(200, views::approval(*row));
  if (!again) co_return row.error();
  // An earlier try may have decided just this before its daemon died.
  auto stored = co_await ports_.store.approval(decision.id);
  if (!stored || !is_outcome_of(*stored, decision)) co_return row.error();
  co_return api::json_answer(200, views::approval(*stored));
}

Api::Reply Api::settle_intent(Call& call) {
  auto row = co_await own_intent(call);
  if (!row) co_return row.error();
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {}, true);
  if (!body) co_return body.error();
  Idempotency::Action action = [this, id = row->id, by = call.caller.name](bool) { return do_settle(id, by); };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::do_settle(IntentId id, std::string by) {
  auto row = co_await ports_.cashier.settle_conflict(std::move(id));
  if (!row) co_return row.error();
  log::warn("intent.conflict_settled", {{"intent", row->id.str()}, {"by", by}});
  co_return api::json_answer(200, views::intent(*row));
}

}  // namespace purser
