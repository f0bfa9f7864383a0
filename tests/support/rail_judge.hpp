// Judges a shop from outside when all is quiet: the rail's own record of every call and every fen, the store's tables,
// what the API and the thread say, what was logged. Effects count, never statuses. The invariants, one capital each:
//   I1  at most one captured payment an intent          I7  a durable row before the rail hears of its number
//   I2  the books are what the rail moved               I8  what was acknowledged is stored, and was applied
//   I3  never more given back than taken                I9  nobody was told of money that did not move
//   I4  what the rail captured is known here            I10 no secret stands in the log
//   I5  nothing counts as paid without the money        I11 nothing is left to do
//   I6  states moved along the graph, ends are ends
#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace purser::test {

struct Evidence {
  using Json = nlohmann::json;
  Json orders;    // GET /sandbox/orders
  Json traffic;   // GET /sandbox/traffic
  Json webhooks;  // GET /sandbox/webhooks
  // Runs a statement on the store; the first column of each row. The SQL is what SQLite and PostgreSQL both take.
  std::function<std::vector<std::string>(const std::string& sql)> rows;
  std::function<Json(const std::string& id)> intent;  // GET /v1/intents/{id}; null when it cannot be asked
  std::vector<Json> messages;                         // of the threads, in order
  std::string log;
  std::vector<std::string> secrets;
};

// One line a violation: "I3: ...". Empty is what everybody hopes for.
std::vector<std::string> judge(const Evidence& evidence);

}  // namespace purser::test
