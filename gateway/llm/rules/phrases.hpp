// What the rule engine says, in Chinese and English. Amounts come from tool answers and are written by integer
// arithmetic.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace purser::dialogue {

class Phrases {
 public:
  explicit Phrases(bool chinese) : zh_(chinese) {}

  std::string greeting() const;
  std::string welcome() const;  // after thanks
  std::string help() const;
  std::string all_right() const;
  std::string unclear() const;
  std::string prices_are_fixed() const;
  std::string which_goods(const nlohmann::json& items) const;
  std::string no_such_goods(std::string_view words) const;
  std::string nothing_on_sale() const;
  std::string goods(const nlohmann::json& items) const;
  std::string price(const nlohmann::json& item) const;
  std::string please_pay(const nlohmann::json& payment) const;
  std::string being_confirmed() const;
  std::string no_payment() const;
  std::string nothing_to_renew() const;
  std::string nothing_to_refund() const;
  std::string what_to_refund(const nlohmann::json& payment) const;
  std::string state(const nlohmann::json& payment) const;
  std::string canceled(const nlohmann::json& payment) const;
  std::string refunded(const nlohmann::json& result) const;
  std::string waits_for_operator(const nlohmann::json& result) const;
  std::string refused(const nlohmann::json& refusal, std::string_view tool, const nlohmann::json* payment) const;
  // A notice of the payment system.
  std::string event(const nlohmann::json& event) const;

 private:
  std::string pick(std::string zh, std::string en) const { return zh_ ? std::move(zh) : std::move(en); }
  bool zh_;
};

// "¥12.90" from {"<key>": 1290, "currency": "CNY"}.
std::string amount(const nlohmann::json& holder, std::string_view key);

}  // namespace purser::dialogue
