// Tool calls out of the pieces of a stream, against the rules in their plainest form: what both make of any order of
// pieces, ids and indexes is the same calls, or none.
#include "gateway/llm/wire_stream.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>

namespace {

using nlohmann::json;
using namespace purser;

struct Piece {
  std::optional<int> index;
  std::string id;
  std::string name;
  std::string arguments;
};

// Rule by rule; nothing when the pieces could mean two things.
std::optional<std::vector<ToolCall>> by_the_rules(const std::vector<Piece>& pieces) {
  std::vector<ToolCall> calls;
  std::map<int, std::size_t> pointed_at;
  for (const Piece& piece : pieces) {
    std::size_t slot = calls.size();
    if (!piece.id.empty()) {  // 1 and 2: a known id is its call, a new id a new one
      for (std::size_t i = 0; i < calls.size(); ++i)
        if (calls[i].id == piece.id) slot = i;
    } else if (piece.index) {  // 3: where this index pointed last
      if (pointed_at.contains(*piece.index)) slot = pointed_at[*piece.index];
    } else {  // 4 and 5: the last one, if there is any
      if (calls.empty()) return std::nullopt;
      slot = calls.size() - 1;
    }
    if (slot == calls.size()) calls.push_back({piece.id, "", ""});
    if (piece.index) {
      if (!piece.id.empty() || !pointed_at.contains(*piece.index)) pointed_at[*piece.index] = slot;
    }
    ToolCall& call = calls[slot];
    if (!piece.name.empty() && !call.name.empty() && call.name != piece.name) return std::nullopt;
    if (!piece.name.empty()) call.name = piece.name;
    const bool repeats = !piece.id.empty() && !piece.arguments.empty() && piece.arguments == call.arguments &&
                         json::parse(call.arguments, nullptr, false).is_object();
    if (!repeats) call.arguments += piece.arguments;
  }
  if (calls.size() > llm::WireLimits().calls_max) return std::nullopt;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].name.empty()) return std::nullopt;
    if (calls[i].id.empty()) calls[i].id = llm::local_call_id(0, i);
    if (calls[i].arguments.empty()) calls[i].arguments = "{}";
    if (!json::parse(calls[i].arguments, nullptr, false).is_object()) return std::nullopt;
  }
  return calls;
}

Piece piece_of(fuzz::Dice& dice) {
  static const char* const kIds[] = {"", "", "", "a", "b", "c"};
  static const char* const kNames[] = {"", "", "", "", "", "refund", "pay"};
  static const char* const kArguments[] = {"", "{}", "{", "}", "\"x\":1", "{\"x\":1}", "[", "\"", "x", ",\"y\":2", "1"};
  Piece piece;
  if (const auto index = dice.next() % 5; index < 3) piece.index = index;
  piece.id = kIds[dice.next() % std::size(kIds)];
  piece.name = kNames[dice.next() % std::size(kNames)];
  piece.arguments = kArguments[dice.next() % std::size(kArguments)];
  return piece;
}

std::string chunk_of(const Piece& piece, unsigned style) {
  json call = json::object();
  if (piece.index) call["index"] = *piece.index;
  if (!piece.index && style % 2 == 0) call["index"] = nullptr;
  if (!piece.id.empty()) call["id"] = piece.id;
  if (piece.id.empty() && style % 3 == 0) call["id"] = "";
  json function = json::object();
  if (!piece.name.empty()) function["name"] = piece.name;
  if (!piece.arguments.empty() || style % 5 == 0) function["arguments"] = piece.arguments;
  if (!function.empty()) call["function"] = function;
  return "data: " + json{{"choices", {{{"index", 0}, {"delta", {{"tool_calls", json::array({call})}}}}}}}.dump() +
         "\n\n";
}

}  // namespace

PURSER_FUZZ(bytes) {
  fuzz::Dice dice(bytes, fuzz::Dice::From::all);
  std::vector<Piece> pieces;
  std::string stream;
  const auto count = 1 + dice.next() % 40;
  for (unsigned i = 0; i < count; ++i) {
    pieces.push_back(piece_of(dice));
    stream += chunk_of(pieces.back(), dice.next());
  }
  const bool cut = dice.next() % 8 == 0;
  if (!cut) stream += "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";

  llm::Asked asked;
  llm::StreamReader reader(asked, llm::WireLimits(), 1 << 20);
  reader.begin(200, "text/event-stream");
  for (std::string_view left = stream; !left.empty();) {
    const auto piece = left.substr(0, 1 + dice.next());
    (void)reader.feed(piece);
    left.remove_prefix(piece.size());
  }
  const llm::Reading read = reader.finish(true);
  const auto expected = cut ? std::nullopt : by_the_rules(pieces);
  fuzz::require(read.answer.ok() == expected.has_value());
  if (expected) fuzz::require(read.answer->calls == *expected);
}
