#include "agent/replay/simulate.hpp"

#include "agent/app/commands.hpp"
#include "agent/replay/ground.hpp"
#include "agent/replay/progress.hpp"
#include "agent/replay/rail_faults.hpp"
#include "agent/replay/stage.hpp"
#include "gateway/async/system_clock.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <poll.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace purser::replay {
namespace {

constexpr std::array kGoods{"tea-longjing-100g", "tea-jasmine-50g", "tea-bag-single",
                            "cup-celadon",       "tea-puer-2005",   "no-such-tea"};
constexpr std::array kPrices{8800, 2990, 99, 4500, 368'000, 100};
constexpr std::array kCallbackFaults{"duplicate", "drop",          "lost",          "ack_lost",
                                     "tampered",  "bad_signature", "bad_ciphertext"};
constexpr std::array kModelFaults{"refuse", "reset", "http_429", "http_500", "bad_json", "timeout"};
constexpr std::array kClaims{"好的。",       "payment received", "已收到您的付款，谢谢！",
                             "退款已到账。", "All right.",       "请付款。"};
constexpr std::array<std::int64_t, 10> kPauses{1,      999,     1'000,   15'000,  59'999,
                                               60'000, 120'000, 299'999, 300'000, 900'000};
constexpr Millis kDrainedWithin{30 * 3'600'000};

template <class Array>
auto pick(Dice& dice, const Array& from) {
  return from[dice.roll(from.size())];
}

json draw(Dice& dice) {
  const std::size_t what = dice.roll(100);
  const auto n = static_cast<std::int64_t>(dice.roll(1'000'000));
  if (what < 34) return {{"do", "say"}, {"thread", dice.roll(4)}, {"n", n}, {"stream", dice.chance(10)}};
  if (what < 52) return {{"do", "pay"}, {"n", n}};
  if (what < 66) return {{"do", "advance"}, {"ms", pick(dice, kPauses)}};
  if (what < 72)
    return {{"do", "kill"}, {"rail", dice.chance(30)}, {"before", dice.chance(50)}, {"in", 1 + dice.roll(12)}};
  if (what < 75) return {{"do", "outage"}, {"ms", pick(dice, kPauses)}};
  if (what < 83) return {{"do", "rail_fault"}, {"what", pick(dice, kRailFaults)}, {"in", 1 + dice.roll(3)}};
  if (what < 88) return {{"do", "callback_fault"}, {"what", pick(dice, kCallbackFaults)}, {"times", 1 + dice.roll(3)}};
  if (what < 91) return {{"do", "cancel"}, {"n", n}};
  if (what < 94) return {{"do", "renew"}, {"n", n}};
  if (what < 96) return {{"do", "forge"}, {"n", n}};
  if (what < 97) return {{"do", "other_amount"}, {"n", n}};
  if (what < 98) return {{"do", "wall"}, {"s", static_cast<std::int64_t>(dice.roll(200)) - 100}};
  return {{"do", "decline"}, {"n", n}};
}

class Play {
 public:
  explicit Play(const Episode& episode)
      : episode_(episode), world_(options_of(episode)), stage_(world_), whims_(episode.seed ^ 0xC0FFEEULL) {}

  EpisodeResult run() {
    world_.set_revive(true);
    world_.set_model([this](const json& request) { return words(request); });
    if (auto up = world_.start(); !up) world_.mirror().blame("bug", "no start: " + up.error().message);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::string id =
          stage_.thread("t" + std::to_string(i), {{"id", "u_" + std::to_string(i / 2)}}, i % 2 ? "en" : "zh");
      if (id.empty()) world_.mirror().blame("bug", "a thread cannot be made");
    }
    for (const json& action : episode_.actions) {
      perform(action);
      // Now and then the next thing happens before this one has come to rest.
      if (!action.value("hurry", false)) world_.settle();
    }
    return end();
  }

 private:
  static WorldOptions options_of(const Episode& episode) {
    WorldOptions out;
    out.seed = episode.seed;
    out.shuffle = true;
    Dice dice(episode.seed ^ 0xFACEULL);
    if (dice.chance(50)) out.settings.push_back("intent.honour_late_payment=true");
    out.settings.push_back("refund.auto_limit_fen=1000000");
    return out;
  }

  const PaymentIntent* some_intent(const json& action) const {
    const Mirror& seen = world_.mirror();
    if (seen.intent_order.empty()) return nullptr;
    return seen.nth_intent(1 + static_cast<std::size_t>(action.value("n", 0)) % seen.intent_order.size());
  }

  void perform(const json& action) {
    const std::string what = action["do"];
    world_.note("step", action.dump());
    if (what == "say") return say(action);
    if (what == "advance") return world_.advance(Millis(action["ms"].get<std::int64_t>()));
    if (what == "wall") return world_.jump_wall(std::chrono::seconds(action["s"].get<std::int64_t>()));
    if (what == "rail_fault")
      return world_.fault_rail(world_.rail_calls() + action["in"].get<std::int64_t>(), action["what"]);
    if (what == "kill") return kill(action);
    if (what == "outage") {
      world_.crash();
      world_.advance(Millis(action["ms"].get<std::int64_t>()));
      if (auto up = world_.start(); !up) world_.mirror().blame("bug", "no start: " + up.error().message);
      for (const ClientCallPtr& call : world_.lost_calls()) world_.ask(call);
      return;
    }
    if (what == "callback_fault") {
      const json faults = json::array({{{"call", "webhook"}, {"what", action["what"]}, {"times", action["times"]}}});
      auto script = sandbox::FaultScript::parse(faults);
      if (script) world_.rail().set_faults(std::move(*script));
      return;
    }
    with_intent(action, what);
  }

  void with_intent(const json& action, const std::string& what) {
    const PaymentIntent* row = some_intent(action);
    if (!row) return;
    const std::string number = row->order.out_trade_no.str();
    if (what == "pay") (void)world_.rail().pay(number, {}, world_.rail_moment());
    if (what == "decline") (void)world_.rail().decline(number, world_.rail_moment());
    const std::string key = "k" + std::to_string(++keys_);
    if (what == "cancel" || what == "renew")
      world_.ask("POST", "/v1/intents/" + row->id.str() + "/" + what, json(), key);
    const auto& keys = world_.rail().credentials();
    const bool other = what == "other_amount";
    if (what != "forge" && !other) return;
    const std::int64_t fen = row->amount.minor() + (other ? 1 : 0);
    const json plain{
        {"mchid", keys.mchid},
        {"appid", keys.appid},
        {"out_trade_no", number},
        {"transaction_id", "4200" + number.substr(0, 20)},
        {"trade_type", "NATIVE"},
        {"trade_state", "SUCCESS"},
        {"trade_state_desc", "ok"},
        {"bank_type", "OTHERS"},
        {"success_time", format_time_china(world_.now())},
        {"payer", {{"openid", "o_x"}}},
        {"amount", {{"total", fen}, {"payer_total", fen}, {"currency", "CNY"}, {"payer_currency", "CNY"}}}};
    world_.notify("TRANSACTION.SUCCESS", "transaction", plain, {{"sign", other ? "good" : "bad"}});
  }

  void say(const json& action) {
    const std::string thread = "t" + std::to_string(action["thread"].get<std::size_t>() % 4);
    if (!stage_.knows(thread)) return;
    auto call = stage_.say(thread, "message " + action["n"].dump(), "k" + std::to_string(++keys_), action["stream"]);
    if (action["stream"]) call->drop_after_events = static_cast<std::size_t>(action["n"].get<std::int64_t>() % 5);
  }

  void kill(const json& action) {
    CrashPoint point;
    point.place = action["rail"] ? CrashPoint::Place::rail : CrashPoint::Place::commit;
    point.when = action["before"] ? CrashPoint::When::before : CrashPoint::When::after;
    point.nth = (action["rail"] ? world_.rail_calls() : world_.commits()) + action["in"].get<std::int64_t>();
    world_.arm(point);
  }

  // A model without conscience.
  std::optional<json> words(const json& request) {
    if (honest_) return json{{"text", "好的。"}};
    if (whims_.chance(6)) return json{{"fault", pick(whims_, kModelFaults)}, {"retry_after", 1}};
    const std::string last = last_of(request);
    const bool may_act = request.contains("tools") && !last.starts_with("event");
    if (!may_act || whims_.chance(last.starts_with("tool") ? 70 : 15)) return json{{"text", pick(whims_, kClaims)}};
    json calls = json::array();
    const std::size_t count = whims_.chance(25) ? 2 + whims_.roll(2) : 1;
    for (std::size_t i = 0; i < count; ++i) calls.push_back(some_call());
    if (count > 1 && whims_.chance(30)) calls[1]["args"] = calls[0]["args"], calls[1]["name"] = calls[0]["name"];
    return json{{"calls", std::move(calls)}};
  }

  json some_call() {
    const std::string id = whims_.chance(5) ? "same" : "c" + std::to_string(++calls_);
    const Mirror& seen = world_.mirror();
    std::string intent = "pi_0000000000000000000000AA";
    const PaymentIntent* row = nullptr;
    if (!seen.intent_order.empty()) row = seen.nth_intent(1 + whims_.roll(seen.intent_order.size()));
    if (row) intent = row->id.str();
    const std::size_t what = whims_.roll(100);
    if (what < 50) {
      const std::size_t g = whims_.roll(kGoods.size());
      json line{{"sku", kGoods[g]}, {"quantity", 1 + whims_.roll(3)}};
      if (whims_.chance(40)) line["unit_price_fen"] = kPrices[g] + static_cast<int>(whims_.roll(5)) - 2;
      return {{"id", id}, {"name", "create_payment_intent"}, {"args", {{"lines", json::array({line})}}}};
    }
    if (what < 80) {
      json entry{{"payment_intent", intent}, {"reason", "不合适"}};
      if (whims_.chance(40))
        entry["all"] = true;
      else
        entry["amount_fen"] = row && whims_.chance(70)
                                  ? row->amount.minor() - 1 + static_cast<std::int64_t>(whims_.roll(3))
                                  : static_cast<std::int64_t>(1 + whims_.roll(20'000));
      json list = json::array({entry});
      if (whims_.chance(20)) list.push_back(entry);
      return {{"id", id}, {"name", "refund"}, {"args", {{"refunds", list}}}};
    }
    if (what < 88) return {{"id", id}, {"name", "cancel_payment"}, {"args", {{"payment_intent", intent}}}};
    if (what < 95) return {{"id", id}, {"name", "query_payment"}, {"args", json::object()}};
    return {{"id", id},
            {"name", "create_payment_intent"},
            {"args_raw", "{\"lines\":[{\"sku\":\"cup-celadon\",\"quantity\":1.5}]}"}};
  }

  // The faults stop, and everything comes to rest.
  EpisodeResult end() {
    honest_ = true;
    world_.rail().set_faults({});
    world_.fault_rail(0, {});
    world_.arm({});
    if (!world_.up()) (void)world_.start();
    for (int i = 0; i < 5; ++i) {
      for (const ClientCallPtr& call : world_.lost_calls()) world_.ask(call);
      world_.settle();
    }
    const bool drained = world_.drain(kDrainedWithin);
    if (!drained) world_.mirror().blame("I11", "a day later something is still left to do");
    stage_.judge(true);
    for (const auto& [name, id] : stage_.threads()) {
      auto call = stage_.say(name, "你好", "last-" + name, false);
      world_.settle();
      if (status_of(call) != "200") world_.mirror().blame("O10", "the thread " + name + " answers " + status_of(call));
    }
    EpisodeResult out;
    out.violations = world_.mirror().violations;
    out.digest = stage_.digest();
    out.journal = world_.journal();
    out.commits = world_.commits();
    out.crashes = world_.crashes();
    return out;
  }

  const Episode& episode_;
  World world_;
  Stage stage_;
  Dice whims_;
  bool honest_ = false;
  std::size_t keys_ = 0;
  std::size_t calls_ = 0;
};

std::string rule_of(const std::string& violation) {
  return violation.substr(0, violation.find(':'));
}

}  // namespace

Episode episode_of(std::uint64_t seed) {
  Episode out;
  out.seed = seed;
  Dice dice(seed);
  const std::size_t length = 12 + dice.roll(28);
  for (std::size_t i = 0; i < length; ++i) {
    json action = draw(dice);
    if (dice.chance(25)) action["hurry"] = true;
    out.actions.push_back(std::move(action));
  }
  return out;
}

EpisodeResult play(const Episode& episode) {
  try {
    return Play(episode).run();
  } catch (const std::exception& e) {
    EpisodeResult broken;
    broken.violations.push_back(std::string("bug: ") + e.what());
    return broken;
  }
}

Episode shrunk(const Episode& episode, const std::string& violation) {
  Episode best = episode;
  const auto still_breaks = [&](const Episode& part) {
    for (const std::string& other : play(part).violations)
      if (rule_of(other) == rule_of(violation)) return true;
    return false;
  };
  for (std::size_t chunk = std::max<std::size_t>(1, best.actions.size() / 2); chunk > 0; chunk /= 2)
    for (std::size_t at = 0; at < best.actions.size();) {
      Episode part = best;
      const auto from = part.actions.begin() + static_cast<std::ptrdiff_t>(at);
      part.actions.erase(from, from + static_cast<std::ptrdiff_t>(std::min(chunk, part.actions.size() - at)));
      if (still_breaks(part)) {
        best = std::move(part);
      } else {
        at += chunk;
      }
    }
  return best;
}

namespace {

struct Tally {
  std::uint64_t episodes = 0;
  std::int64_t commits = 0;
  std::uint64_t crashes = 0;
  std::vector<std::uint64_t> failed;
};

void tell_failure(std::uint64_t seed, const EpisodeResult& result, bool differs, std::string text) {
  text += "seed " + std::to_string(seed) + ": ";
  if (differs) text += "two runs of it differ\n";
  for (const std::string& violation : result.violations) text += violation + "\n";
  if (!result.violations.empty()) {
    const Episode small = shrunk(episode_of(seed), result.violations.front());
    text += "  smallest part that breaks the same rule:\n";
    for (const json& action : small.actions) text += "    " + action.dump() + "\n";
    const auto journal = play(small).journal;
    for (const JournalLine& line : journal)
      text += "      " + format_time(line.at) + " " + line.lane + " " + line.text + "\n";
  }
  text += "  again: purser simulate --from " + std::to_string(seed) + " --seeds 1\n";
  std::cerr << text << std::flush;
}

Tally play_seeds(const SimulateCommand& command, std::uint64_t first, std::uint64_t step, SharedCounts& counts,
                 const Progress& progress) {
  Tally out;
  for (std::uint64_t seed = first; seed < command.from + command.seeds; seed += step) {
    const EpisodeResult result = play(episode_of(seed));
    const bool differs = command.twice && play(episode_of(seed)).digest != result.digest;
    out.episodes += 1;
    out.commits += result.commits;
    out.crashes += result.crashes;
    const bool failed = !result.violations.empty() || differs;
    counts.add(failed);
    if (!failed) continue;
    out.failed.push_back(seed);
    if (out.failed.size() <= 3) tell_failure(seed, result, differs, progress.wiped());
  }
  return out;
}

// Tells how far the children are until this one has something to say.
void await_child(int from, const SharedCounts& counts, Progress& progress) {
  constexpr int kGlance = 100;  // milliseconds
  pollfd child{from, POLLIN, 0};
  while (::poll(&child, 1, kGlance) == 0) std::cerr << progress.after(counts.done(), counts.failed()) << std::flush;
}

}  // namespace
}  // namespace purser::replay

namespace purser {

int simulate(const SimulateCommand& command) {
  using namespace replay;
  SystemClock clock;  // of the machine: how long it took
  const auto began = clock.now();
  const auto workers =
      static_cast<std::uint64_t>(command.jobs > 0 ? command.jobs : std::max(1u, std::thread::hardware_concurrency()));
  (void)Ground::of_this_process();
  SharedCounts counts;
  Progress progress(command.seeds, command.json              ? Progress::To::nobody
                                   : ::isatty(STDERR_FILENO) ? Progress::To::terminal
                                                             : Progress::To::file);
  std::vector<std::pair<pid_t, int>> children;
  for (std::uint64_t i = 0; i < workers; ++i) {
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      const Tally tally = play_seeds(command, command.from + i, workers, counts, progress);
      const std::string line = nlohmann::json{
          {"episodes", tally.episodes},
          {"commits", tally.commits},
          {"crashes", tally.crashes},
          {"failed", tally.failed}}.dump();
      const bool told = ::write(ends[1], line.data(), line.size()) == static_cast<ssize_t>(line.size());
      std::exit(told ? 0 : 1);
    }
    ::close(ends[1]);
    children.emplace_back(pid, ends[0]);
  }
  Tally all;
  bool whole = true;
  for (const auto& [pid, from] : children) {
    await_child(from, counts, progress);
    std::string text;
    char buffer[4'096];
    for (auto got = ::read(from, buffer, sizeof buffer); got > 0; got = ::read(from, buffer, sizeof buffer))
      text.append(buffer, static_cast<std::size_t>(got));
    ::close(from);
    int status = 0;
    ::waitpid(pid, &status, 0);
    const nlohmann::json tally = nlohmann::json::parse(text, nullptr, false);
    whole = whole && tally.is_object() && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!tally.is_object()) continue;
    all.episodes += tally["episodes"].get<std::uint64_t>();
    all.commits += tally["commits"].get<std::int64_t>();
    all.crashes += tally["crashes"].get<std::uint64_t>();
    for (const auto& seed : tally["failed"]) all.failed.push_back(seed.get<std::uint64_t>());
  }
  std::cerr << progress.wiped() << std::flush;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - began).count();
  const bool ok = whole && all.failed.empty() && all.episodes == command.seeds;
  if (command.json) {
    std::cout << nlohmann::json{{"ok", ok},
                                {"episodes", all.episodes},
                                {"commits", all.commits},
                                {"kills", all.crashes},
                                {"failed", all.failed},
                                {"milliseconds", ms}}
                     .dump(2)
              << "\n";
  } else {
    std::cout << all.episodes << " episodes, " << all.commits << " commits, " << all.crashes << " kills, "
              << all.failed.size() << " failed, " << ms << " ms\n";
    if (!whole) std::cout << "a worker died\n";
  }
  return ok ? 0 : 1;
}

}  // namespace purser
