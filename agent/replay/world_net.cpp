#include "agent/replay/model_wire.hpp"
#include "agent/replay/world_impl.hpp"
#include "gateway/async/with_timeout.hpp"

#include <algorithm>

namespace purser::replay {
namespace {

// News of the rail that come later than this belong to something else.
constexpr Millis kSoon{3'000};

// What a model answers, as people read it: its words, its calls, what goes wrong with it.
std::string as_told(const json& answer) {
  const auto text = [](const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); };
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : "; ") + part; };
  if (answer.contains("text")) add("says " + text(answer["text"]));
  for (const json& call : answer.value("calls", json::array()))
    add("calls " + call.value("name", "?") + " " +
        (call.contains("args_raw") ? text(call["args_raw"]) : text(call.value("args", json::object()))));
  if (answer.contains("fault")) add("fault " + text(answer["fault"]));
  return out.empty() ? "says nothing" : out;
}

std::size_t count_of(const json& body, const char* list) {
  const auto found = body.find(list);
  return found == body.end() ? 0 : found->size();
}

Result<http::Reply> plain_error(int status) {
  http::Reply out;
  out.status = status;
  out.headers.emplace_back("Content-Type", "application/json");
  out.body = R"({"code":"SYSTEM_ERROR","message":"broken"})";
  return out;
}

}  // namespace

std::string rail_name(const std::string& method, const std::string& target) {
  const auto ends = [&](std::string_view tail) { return target.size() > tail.size() && target.ends_with(tail); };
  if (target.find("/refund/") != target.npos) return method == "POST" ? "refund" : "query_refund";
  if (ends("/close")) return "close";
  return method == "POST" ? "create" : "query";
}

// --- the daemon's way out -----------------------------------------------------------------------------------------

Task<Result<http::Reply>> World::Impl::Net::send(http::Call call, Deadline deadline) {
  if (!life_->up) co_return Errc::connection_lost;
  if (call.origin.port == "7001") co_return co_await to_rail(std::move(call), deadline);
  auto served = co_await to_model(std::move(call), deadline);
  if (!served) co_return served.error();
  const auto slow = static_cast<int>(served->ends.size()) * served->between;
  auto waited = co_await wait(served->first + slow, deadline.at);
  if (!waited) co_return waited.error();
  if (served->cut) co_return Errc::connection_lost;
  co_return std::move(served->reply);
}

Task<Result<http::Reply>> World::Impl::Net::stream(http::Call call, http::ReplySink& sink, Deadline deadline) {
  if (call.origin.port == "7001") co_return co_await http::Client::stream(std::move(call), sink, deadline);
  const Deadline first{std::min(deadline.at, sink.limit())};
  auto served = co_await to_model(std::move(call), first);
  if (!served) co_return served.error();
  auto waited = co_await wait(served->first, first.at);
  if (!waited) co_return waited.error();
  sink.head(served->reply.status, served->reply.headers);
  std::size_t from = 0;
  for (const std::size_t end : served->ends) {
    if (from > 0 && served->between.count() > 0) {
      auto paused = co_await wait(served->between, std::min(deadline.at, sink.limit()));
      if (!paused) co_return paused.error();
    }
    const bool more = sink.piece(std::string_view(served->reply.body).substr(from, end - from));
    from = end;
    if (!more) co_return std::move(served->reply);
  }
  if (from == 0 && !served->reply.body.empty()) (void)sink.piece(served->reply.body);
  if (served->cut) co_return Errc::connection_lost;
  served->reply.body.clear();
  co_return std::move(served->reply);
}

// Time that passes on the wire; the daemon may die in it, or have waited long enough.
Task<Result<void>> World::Impl::Net::wait(std::chrono::milliseconds time, Clock::time_point limit) {
  const auto until = of_.clock.now() + time;
  if (time.count() > 0) {
    auto slept = co_await of_.clock.sleep_until(std::min(until, limit));
    if (!slept) co_return slept.error();
  }
  if (!life_->up) co_return Errc::connection_lost;
  if (until > limit) co_return Errc::timed_out;
  co_return success();
}

Task<Result<Served>> World::Impl::Net::to_model(http::Call call, Deadline deadline) {
  if (!life_->up) co_return Errc::connection_lost;
  if (call.origin.port != "7002") co_return Error(Errc::connect_failed, "a replay has no network: " + call.origin.host);
  Parked parked;
  parked.what.method = call.method;
  parked.what.target = call.target;
  parked.what.body = std::make_shared<const json>(world_.ground.model_requests().parse(call.body));
  parked.number = ++world_.models_asked;
  for (std::string& fault : model_request_faults(*parked.what.body, call.body, world_.heard))
    world_.mirror.violations.push_back(std::move(fault));
  world_.note("model", "asked (" + std::to_string(count_of(*parked.what.body, "messages")) + " messages)");
  co_return co_await park(world_.models, std::move(parked), deadline);
}

Task<Result<Served>> World::Impl::Net::park(std::vector<Parked>& queue, Parked parked, Deadline deadline) {
  auto ex = co_await asio::this_coro::executor;
  auto slot = std::make_shared<OneShot<Served>>(ex);
  parked.slot = slot;
  std::optional<json> answer;
  if (&queue == &world_.models && world_.seat) answer = world_.seat(*parked.what.body);
  if (answer) {
    (void)world_.deliver(parked, *answer);
  } else {
    queue.push_back(std::move(parked));
  }
  auto reply = co_await with_timeout(of_.clock, slot->get(), deadline);
  const auto left = std::erase_if(queue, [&](const Parked& one) { return one.slot == slot; });
  if (!life_->up) co_return Errc::connection_lost;
  if (left > 0 && !reply && reply.code() == Errc::timed_out) world_.unserved += 1;
  co_return reply;
}

Task<Result<http::Reply>> World::Impl::Net::to_rail(http::Call call, Deadline deadline) {
  const std::string name = rail_name(call.method, call.target);
  const json body = json::parse(call.body, nullptr, false);
  world_.mirror.rail_hears(name, body);
  world_.rail_names.push_back(name);
  const auto nth = static_cast<std::int64_t>(world_.rail_names.size());
  if (world_.strikes(CrashPoint::Place::rail, CrashPoint::When::before, nth, name)) co_return Errc::connection_lost;
  if (world_.options.scripted_rail) {
    Parked parked;
    parked.what.method = call.method;
    parked.what.target = call.target;
    parked.what.body = std::make_shared<const json>(body);
    parked.what.headers = call.headers;
    parked.what.row_was_durable = true;  // the mirror has blamed it otherwise
    world_.note("rail", call.method + " " + call.target);
    auto served = co_await park(world_.rails, std::move(parked), deadline);
    if (!served) co_return served.error();
    co_return std::move(served->reply);
  }
  http::Request request;
  request.method = call.method;
  request.target = call.target;
  request.path = call.target.substr(0, call.target.find('?'));
  if (request.path.size() < call.target.size()) request.query = call.target.substr(request.path.size() + 1);
  request.headers = call.headers;
  request.body = call.body;
  const std::string fault = nth == world_.rail_fault_at ? world_.rail_fault : "";
  if (!fault.empty()) world_.note("rail", name + " meets " + fault);
  if (fault == "reset") co_return Errc::connection_lost;
  if (fault == "timeout_before") co_return co_await silence(deadline);
  if (fault == "http_500" || fault == "http_429") co_return plain_error(fault == "http_500" ? 500 : 429);
  sandbox::Handled handled = world_.rail.handle(request, world_.moment());
  if (fault == "reset_after") co_return Errc::connection_lost;
  if (fault == "timeout_after") co_return co_await silence(deadline);
  if (fault == "http_500_after") co_return plain_error(500);
  if (fault == "malformed") handled.response.body = "<html><body>ok</body></html>";
  if (fault == "bad_signature") handled.response.body += " ";
  const auto& seen = world_.rail.traffic().back();
  world_.note("rail", name + " " + std::to_string(handled.response.status) + " " + seen.verdict +
                          (seen.fault.empty() ? "" : " fault " + seen.fault));
  if (world_.strikes(CrashPoint::Place::rail, CrashPoint::When::after, nth, name)) co_return Errc::connection_lost;
  if (handled.response.drop) co_return Errc::connection_lost;
  if (world_.webhook_twist == "early") handled.delay = world_.after_news(handled.delay);
  const auto answered = handled.hangs ? deadline.at : of_.clock.now() + handled.delay;
  if (answered > of_.clock.now()) {
    auto slept = co_await of_.clock.sleep_until(std::min(answered, deadline.at));
    if (!slept) co_return slept.error();
  }
  if (!life_->up) co_return Errc::connection_lost;
  if (handled.hangs || answered > deadline.at) co_return Errc::timed_out;
  http::Reply reply;
  reply.status = handled.response.status;
  reply.headers = std::move(handled.response.headers);
  reply.body = std::move(handled.response.body);
  co_return reply;
}

// How long an answer takes that is to come after the news that are on their way.
Millis World::Impl::after_news(Millis delay) const {
  const auto due = rail.next_due();
  if (!due || *due - now() > kSoon) return delay;
  return std::max(delay, *due - now() + Millis(200));
}

Task<Result<http::Reply>> World::Impl::Net::silence(Deadline deadline) {
  auto slept = co_await of_.clock.sleep_until(deadline.at);
  if (!slept) co_return slept.error();
  co_return life_->up ? Errc::timed_out : Errc::connection_lost;
}

std::string World::Impl::deliver(Parked& parked, const json& answer) {
  auto reply = model_reply(*parked.what.body, answer, parked.number);
  heard.add(answer.dump(-1, ' ', false, json::error_handler_t::replace));
  note("model", brief(as_told(answer), 400));
  std::string unmet = reply ? reply->unmet : std::string();
  if (reply || reply.code() != Errc::timed_out)
    parked.slot->set(std::move(reply));  // else the caller's deadline says so
  return unmet;
}

}  // namespace purser::replay
