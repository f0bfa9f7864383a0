#include "gateway/llm/attempt_log.hpp"

#include "gateway/crypto/digest.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

namespace purser::llm {
namespace {

using nlohmann::json;

constexpr std::size_t kDigestLetters = 32;
constexpr const char* kOwn = "digest";  // of the line without it

std::string written(const json& entry) {
  return entry.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string digest_of(std::string_view line) {
  return crypto::sha256_hex(line).substr(0, kDigestLetters);
}

// Whether the line says of itself what it is.
bool is_itself(json entry) {
  const std::string own = entry.value(kOwn, "");
  entry.erase(kOwn);
  return own == digest_of(written(entry));
}

std::uintmax_t end_of_last_line(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::streamoff end = file.tellg();
  char last = '\n';
  while (end > 0 && file.seekg(end - 1) && file.get(last) && last != '\n') --end;
  return end > 0 ? static_cast<std::uintmax_t>(end) : 0;
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

// Takes one entry after the other into a router; false when what it decides is not what stands there.
class Again {
 public:
  Again(const ModelsSetup& setup, const PriceTable& prices, BreakerLimits limits)
      : setup_(setup), router_(setup, prices, limits) {}

  bool take(const json& entry) {
    const Millis at(entry.value("at", std::int64_t{0}));
    const std::string kind = entry.value("kind", "");
    const auto number = entry.value("number", std::int64_t{0});
    if (kind == "asked") return decide(entry, number, at);
    const auto model = entry.value("model", std::size_t{0});
    if (model >= setup_.models.size()) return false;
    if (kind == "begun") {
      // Nobody is asked who was not in the chain, or who was to be left alone by then.
      const auto chain = chains_.find(number);
      if (chain == chains_.end() || !chain->second.contains(model) || !router_.admits(model, at)) return false;
      router_.begun(model, at);
    } else if (kind == "ended") {
      const auto end = end_named(entry.value("end", ""));
      if (!end) return false;
      router_.ended(model, *end, Millis(entry.value("took", std::int64_t{0})),
                    Millis(entry.value("wished", std::int64_t{-1})), at);
    }
    return true;
  }
  std::int64_t same() const { return static_cast<std::int64_t>(chains_.size()); }

 private:
  bool decide(const json& entry, std::int64_t number, Millis at) {
    RouteQuestion question;
    question.tier = entry.value("tier", "");
    question.needs_tools = entry.value("tools", false);
    question.input_tokens = entry.value("tokens", std::int64_t{0});
    question.random = entry.value("random", std::uint32_t{0});
    if (entry.contains("regions")) question.regions = entry["regions"].get<RegionSetup::Regions>();
    const auto chain = router_.chain(question, at);
    std::set<std::size_t> models;
    for (const Candidate& one : chain) models.insert(one.model);
    return chains_.emplace(number, std::move(models)).second && chain_of(chain) == entry.value("chain", json());
  }

  const ModelsSetup& setup_;
  Router router_;
  std::map<std::int64_t, std::set<std::size_t>> chains_;  // of each question
};

}  // namespace

Result<std::unique_ptr<AttemptLog>> AttemptLog::open(const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_regular_file(path, none)) std::filesystem::resize_file(path, end_of_last_line(path), none);
  std::FILE* file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) return Error(Errc::config_unreadable, path + " cannot be written", "llm.attempt_log");
  return std::unique_ptr<AttemptLog>(new AttemptLog(file));
}

void AttemptLog::write(json entry) {
  entry["before"] = before_;
  entry[kOwn] = digest_of(written(entry));
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
  json out{{"kind", "asked"},
           {"number", number},
           {"at", at.count()},
           {"tier", question.tier},
           {"tools", question.needs_tools},
           {"tokens", question.input_tokens},
           {"random", question.random},
           {"chain", chain_of(chain)}};
  if (question.regions) out["regions"] = *question.regions;
  return out;
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
  std::optional<Again> process;
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
    try {
      // Each process begins a chain of its own.
      const bool start = entry.value("kind", "") == "start";
      if (start && process) same += process->same();
      if (start) process.emplace(setup, prices, limits);
      if (!process || entry.value("before", "") != (start ? "" : before) || !is_itself(entry)) return differs;
      if (!start && !process->take(entry)) return differs;
    } catch (const json::exception&) {  // a member of another type than any entry has
      return differs;
    }
    before = digest_of(line);
  }
  return same + (process ? process->same() : 0);
}

}  // namespace purser::llm
