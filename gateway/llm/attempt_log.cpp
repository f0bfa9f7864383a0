#include "gateway/llm/attempt_log.hpp"

#include "gateway/crypto/digest.hpp"

#include <optional>

namespace purser::llm {
namespace {

using nlohmann::json;

constexpr std::size_t kDigestLetters = 32;

std::string written(const json& entry) {
  return entry.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string digest_of(std::string_view line) {
  return crypto::sha256_hex(line).substr(0, kDigestLetters);
}

json chain_of(const std::vector<Candidate>& chain) {
  json out = json::array();
  for (const Candidate& one : chain) out.push_back(one.model);
  return out;
}

std::optional<AttemptEnd> end_named(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(AttemptEnd::left); ++i)
    if (to_string(static_cast<AttemptEnd>(i)) == name) return static_cast<AttemptEnd>(i);
  return std::nullopt;
}

// One entry into the router; false when what it decides is not what stands there.
bool again(const json& entry, std::optional<Router>& router, const ModelsSetup& setup, std::int64_t& same) {
  const Millis at(entry.value("at", std::int64_t{0}));
  const std::string kind = entry.value("kind", "");
  const auto model = entry.value("model", std::size_t{0});
  if (!router || model >= setup.models.size()) return false;
  if (kind == "asked") {
    RouteQuestion question;
    question.tier = entry.value("tier", "");
    question.needs_tools = entry.value("tools", false);
    question.input_tokens = entry.value("tokens", std::int64_t{0});
    question.random = entry.value("random", std::uint32_t{0});
    if (chain_of(router->chain(question, at)) != entry.value("chain", json())) return false;
    ++same;
  } else if (kind == "begun") {
    router->begun(model, at);
  } else if (kind == "ended") {
    const auto end = end_named(entry.value("end", ""));
    if (!end) return false;
    router->ended(model, *end, Millis(entry.value("took", std::int64_t{0})),
                  Millis(entry.value("wished", std::int64_t{-1})), at);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<AttemptLog>> AttemptLog::open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) return Error(Errc::config_unreadable, path + " cannot be written", "llm.attempt_log");
  return std::unique_ptr<AttemptLog>(new AttemptLog(file));
}

void AttemptLog::write(json entry) {
  entry["before"] = before_;
  const std::string line = written(entry);
  before_ = digest_of(line);
  std::fprintf(file_.get(), "%s\n", line.c_str());
  std::fflush(file_.get());
}

namespace entry {

json start(std::string_view price_version) {
  return {{"kind", "start"}, {"prices", price_version}};
}

json asked(std::int64_t number, Millis at, const RouteQuestion& question, const std::vector<Candidate>& chain) {
  return {{"kind", "asked"},
          {"number", number},
          {"at", at.count()},
          {"tier", question.tier},
          {"tools", question.needs_tools},
          {"tokens", question.input_tokens},
          {"random", question.random},
          {"chain", chain_of(chain)}};
}

json begun(std::int64_t number, Millis at, std::size_t model) {
  return {{"kind", "begun"}, {"number", number}, {"at", at.count()}, {"model", model}};
}

json ended(std::int64_t number, Millis at, std::size_t model, AttemptEnd end, Millis took, Millis wished) {
  return {{"kind", "ended"},       {"number", number},     {"at", at.count()},        {"model", model},
          {"end", to_string(end)}, {"took", took.count()}, {"wished", wished.count()}};
}

}  // namespace entry

Result<std::int64_t> replay_routes(std::string_view log, const ModelsSetup& setup, const PriceTable& prices,
                                   BreakerLimits limits) {
  std::optional<Router> router;
  std::int64_t same = 0;
  std::int64_t number = 0;
  std::string before;
  while (!log.empty()) {
    const auto end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    ++number;
    const Error differs(Errc::store_corrupt, "the attempt log differs at line " + std::to_string(number));
    const json entry = json::parse(line, nullptr, false);
    if (!entry.is_object()) return differs;
    // Each process begins a chain of its own.
    const bool start = entry.value("kind", "") == "start";
    if (start) router.emplace(setup, prices, limits);
    if (entry.value("before", "") != (start ? "" : before)) return differs;
    before = digest_of(line);
    if (!start && !again(entry, router, setup, same)) return differs;
  }
  return same;
}

}  // namespace purser::llm
