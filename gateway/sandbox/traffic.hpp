// What the rail saw and what moved: every request with its verdict, and every fen with its cause.
#pragma once

#include "validation/money/time.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace purser::sandbox {

struct TrafficEntry {
  UtcTime at{};
  std::string call;  // "create", "query", ..., "other"
  std::string method;
  std::string target;
  std::string out_trade_no;
  std::string body;     // as received, cut at kTrafficBodyMax bytes
  std::string verdict;  // "ok", or the rail's error code: what the rail decided, whatever then happened to the answer
  std::string fault;    // of the script; empty: none
  int status = 0;       // as sent; 0: no answer was sent
  std::string request_id;
};
inline constexpr std::size_t kTrafficBodyMax = 4'096;

// Money that moved at the rail.
struct Effect {
  enum class Kind : std::uint8_t { capture, refund };
  Kind kind = Kind::capture;
  std::string out_trade_no;
  std::string out_refund_no;  // of a refund
  std::int64_t fen = 0;
  UtcTime at{};
};

}  // namespace purser::sandbox
