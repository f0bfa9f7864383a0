#include "tests/support/rail_judge.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace purser::test {
namespace {

using Json = Evidence::Json;
using Row = std::vector<std::string>;

// The rows of a statement whose only column is cells joined by '|'.
std::vector<Row> cells(const Evidence& evidence, const std::string& sql) {
  std::vector<Row> out;
  for (const std::string& line : evidence.rows(sql)) {
    Row row(1);
    for (const char c : line) {
      if (c == '|')
        row.emplace_back();
      else
        row.back() += c;
    }
    out.push_back(std::move(row));
  }
  return out;
}

struct Intent {
  std::string id;
  std::string state;
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  std::int64_t posted = 0;       // by the ledger
  std::int64_t posted_back = 0;  // by the ledger
  std::int64_t made_at = 0;
  bool open() const { return state == "created" || state == "awaiting_payment" || state == "unknown"; }
};

class Judge {
 public:
  explicit Judge(const Evidence& evidence) : evidence_(evidence) {}

  std::vector<std::string> verdict() {
    read_store();
    read_rail();
    books();
    graph();
    rows_first();
    acknowledged();
    told();
    secrets();
    left_over();
    return std::move(found_);
  }

 private:
  void blame(const std::string& line) { found_.push_back(line); }

  void read_store() {
    for (const Row& row : cells(evidence_,
                                "SELECT out_trade_no || '|' || id || '|' || state || '|' || captured || '|' ||"
                                " refunded || '|' || created_at FROM intents")) {
      Intent& intent = intents_[row.at(0)];
      intent.id = row.at(1);
      intent.state = row.at(2);
      intent.captured = std::stoll(row.at(3));
      intent.refunded = std::stoll(row.at(4));
      intent.made_at = std::stoll(row.at(5));
      number_of_[intent.id] = row.at(0);
    }
    for (const Row& row : cells(evidence_,
                                "SELECT intent_id || '|' || kind || '|' || amount || '|' || debit_account ||"
                                " '|' || credit_account || '|' || reference FROM ledger ORDER BY seq")) {
      Intent& intent = intents_[number_of_[row.at(0)]];
      const auto fen = std::stoll(row.at(2));
      if (fen <= 0 || row.at(3) == row.at(4)) blame("I2: a line that moves nothing: " + row.at(5));
      if (row.at(1) == "refund") {
        intent.posted_back += fen;
      } else {
        if (intent.posted > 0) blame("I1: captured twice in the books: " + intent.id);
        intent.posted += fen;
      }
    }
  }

  void read_rail() {
    std::set<std::string> refunds;
    for (const Json& effect : evidence_.orders["effects"]) {
      const std::string number = effect["out_trade_no"];
      const auto fen = effect["fen"].get<std::int64_t>();
      if (effect["kind"] == "capture") {
        if (!taken_.emplace(number, fen).second) blame("I1: captured twice at the rail: " + number);
      } else {
        if (!refunds.insert(effect["out_refund_no"]).second) blame("I2: given back twice: " + effect.dump());
        given_[number] += fen;
      }
    }
  }

  void books() {
    for (const auto& [number, fen] : taken_) {
      const auto ours = intents_.find(number);
      if (ours == intents_.end()) {
        blame("I4: the rail took money for a number nobody knows: " + number);
        continue;
      }
      // A conflict is a person's to solve; nothing is posted before.
      if (ours->second.state != "conflicted" && ours->second.posted != fen)
        blame("I4: the rail took " + std::to_string(fen) + ", the books say " + std::to_string(ours->second.posted) +
              " of " + ours->second.id);
    }
    for (auto& [number, intent] : intents_) {
      const std::string of = " of " + intent.id + " (" + intent.state + ")";
      if (intent.posted != 0 && taken_[number] != intent.posted) blame("I5: captured without the money" + of);
      if (intent.state == "succeeded" && intent.posted == 0) blame("I5: succeeded without a posting" + of);
      if (intent.captured != intent.posted) blame("I2: the row and the books differ in what was taken" + of);
      if (intent.refunded != intent.posted_back) blame("I2: the row and the books differ in what was given back" + of);
      if (given_[number] != intent.posted_back)
        blame("I2: the rail gave back " + std::to_string(given_[number]) + ", the books say " +
              std::to_string(intent.posted_back) + of);
      if (given_[number] > taken_[number]) blame("I3: more given back than taken" + of);
      if (intent.posted_back > intent.posted) blame("I3: more posted back than captured" + of);
    }
  }

  // From what the event stream told, in order.
  void graph() {
    static const std::map<std::string, std::set<std::string>> kAfter = {
        {"", {"created"}},
        {"created", {"awaiting_payment", "succeeded", "expired", "canceled", "failed", "unknown", "conflicted"}},
        {"awaiting_payment", {"succeeded", "expired", "canceled", "conflicted"}},
        {"unknown", {"awaiting_payment", "succeeded", "expired", "canceled", "failed", "conflicted"}},
        {"expired", {"succeeded", "conflicted"}},
        {"canceled", {"succeeded", "conflicted"}},
        {"failed", {"succeeded", "conflicted"}},
        {"succeeded", {}},
        {"conflicted", {}}};
    std::map<std::string, std::string> state;
    for (const std::string& data :
         evidence_.rows("SELECT data FROM events WHERE type LIKE 'intent.%' ORDER BY thread_id, seq")) {
      const Json event = Json::parse(data);
      const std::string id = event["payment_intent"];
      const std::string next = event["state"];
      std::string& now = state[id];
      const bool first_is_later = now.empty() && next != "created";  // it was made and answered in one step
      if (next != now && !first_is_later && !kAfter.at(now).contains(next))
        blame("I6: " + id + " went from " + now + " to " + next);
      now = next;
    }
    for (const auto& [number, intent] : intents_)
      if (!state[intent.id].empty() && !intent.open() && state[intent.id] != intent.state)
        blame("I6: " + intent.id + " was told to be " + state[intent.id] + " and is " + intent.state);
  }

  void rows_first() {
    std::set<std::string> refunds;
    for (const std::string& number : evidence_.rows("SELECT out_refund_no FROM refunds")) refunds.insert(number);
    for (const Json& entry : evidence_.traffic["traffic"]) {
      const std::string call = entry["call"];
      const Json body = Json::parse(entry.value("body", ""), nullptr, false);
      if (!body.is_object()) continue;
      const std::string number = body.value("out_trade_no", "");
      if (call == "create" && !intents_.contains(number))
        blame("I7: the rail heard of an order without a row: " + number);
      if (call == "refund" && !refunds.contains(body.value("out_refund_no", "")))
        blame("I7: the rail heard of a refund without a row: " + body.dump());
    }
  }

  void acknowledged() {
    std::map<std::string, std::string> stored;
    for (const Row& row : cells(evidence_,
                                "SELECT id || '|' || CASE WHEN applied THEN 'yes' ELSE 'no' END"
                                " FROM notifications"))
      stored[row.at(0)] = row.at(1);
    for (const Json& hook : evidence_.webhooks["webhooks"]) {
      const std::string id = hook["id"];
      for (const Json& attempt : hook["attempts"]) {
        if (attempt["result"] != "200" && attempt["result"] != "204") continue;
        if (!stored.contains(id)) blame("I8: acknowledged and not stored: " + id);
      }
    }
    for (const auto& [id, applied] : stored)
      if (applied != "yes") blame("I11: a notification was never applied: " + id);
  }

  void told() {
    for (const auto& [number, intent] : intents_) {
      const Json view = evidence_.intent(intent.id);
      if (view.is_null()) continue;
      if (view["state"] != intent.state) blame("I9: the API says " + view.dump());
      if (view["refunded"] != intent.posted_back) blame("I9: the API says another refund: " + view.dump());
    }
    for (const Json& message : evidence_.messages) {
      const Json cards = message.value("cards", Json::array());
      for (const Json& card : cards) {
        const std::string type = card.value("type", "");
        const std::string id = card.value("payment_intent", card.value("intent", ""));
        const auto number = number_of_.find(id);
        if (number == number_of_.end()) continue;
        const Intent& intent = intents_[number->second];
        if (type == "payment_receipt" && intent.posted == 0) blame("I9: a receipt for what was not paid: " + id);
        if (type == "refund_receipt" && card.value("state", "") == "succeeded" && intent.posted_back == 0)
          blame("I9: a receipt for what was not given back: " + id);
      }
    }
  }

  void secrets() {
    for (const std::string& secret : evidence_.secrets)
      if (!secret.empty() && evidence_.log.find(secret) != std::string::npos)
        blame("I10: a secret stands in the log: " + secret.substr(0, 6) + "...");
  }

  void left_over() {
    // Watched for as long as it lasts: an open payment, and a refund that a person has to mend.
    std::set<std::string> watched;
    for (const auto& [number, intent] : intents_) {
      if (intent.open()) watched.insert({"expire_intent " + intent.id, "resolve_order " + intent.id});
    }
    for (const std::string& id : evidence_.rows("SELECT id FROM refunds WHERE state = 'abnormal'"))
      watched.insert("resolve_refund " + id);
    for (const Row& row : cells(evidence_, "SELECT kind || '|' || subject FROM work")) {
      if (!watched.contains(row.at(0) + " " + row.at(1))) blame("I11: work is left: " + row.at(0) + " " + row.at(1));
    }
    for (const std::string& id : evidence_.rows("SELECT id FROM turns WHERE state = 'running'"))
      blame("I11: a turn never ended: " + id);
  }

  const Evidence& evidence_;
  std::map<std::string, Intent> intents_;  // by out_trade_no
  std::map<std::string, std::string> number_of_;
  std::map<std::string, std::int64_t> taken_;
  std::map<std::string, std::int64_t> given_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> judge(const Evidence& evidence) {
  return Judge(evidence).verdict();
}

}  // namespace purser::test
