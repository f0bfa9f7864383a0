#include "validation/rules/reply_changes.hpp"

namespace purser::rules {
namespace {

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t N>
bool has_any(const Words& words, const std::string_view (&list)[N]) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return any_of(list, word); });
}

bool turned(const Words& words) {
  return std::any_of(words.begin(), words.end(), is_negation);
}

constexpr std::string_view kShop[] = {"i", "we", "i've", "we've"};
constexpr std::string_view kLater[] = {"can", "will",   "could", "would", "shall", "to",
                                       "may", "should", "must",  "i'll",  "we'll"};

// The shop has done it: "I updated", "we have changed"; no wish before the verb, and stands() sees to negations.
bool shop_did(const Words& words, std::size_t at) {
  bool ours = false;
  for (std::size_t i = back_from(at, 3); i < at; ++i) {
    if (any_of(kLater, words[i])) return false;
    ours = ours || any_of(kShop, words[i]);
  }
  return ours && stands(words, at, at);
}

// "the order of tea was": one of `nouns` up to four words before.
template <std::size_t N>
bool noun_before(const Words& words, std::size_t at, const std::string_view (&nouns)[N]) {
  for (std::size_t i = back_from(at, 4); i < at; ++i)
    if (any_of(nouns, words[i])) return true;
  return false;
}

void read_english(const Words& words, ChangeClaims& out) {
  constexpr std::string_view changed[] = {"updated",  "changed", "modified", "edited",
                                          "adjusted", "amended", "reduced",  "switched"};
  constexpr std::string_view orders[] = {"order", "it"};
  constexpr std::string_view canceled[] = {"canceled", "cancelled"};
  constexpr std::string_view ordered[] = {"ordered", "booked", "reserved"};
  constexpr std::string_view pays_with[] = {"qr", "code", "card", "link", "order"};
  constexpr std::string_view works[] = {"valid", "works", "active", "usable", "payable"};
  constexpr std::string_view took[] = {"charged", "paid", "debited", "billed"};
  constexpr std::string_view refused[] = {"declined", "rejected", "refused"};
  constexpr std::string_view payments[] = {"payment", "card", "transaction", "transfer"};
  constexpr std::string_view is[] = {"was", "is", "were", "been", "got"};
  constexpr std::size_t kHaveBeen = 2;  // "could have been changed": the wish stands before both
  const bool order = has(words, "order");
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool after_is = i > 0 && any_of(is, words[i - 1]);
    if (any_of(changed, word) && order)
      out.changed |= shop_did(words, i) ||
                     (after_is && noun_before(words, i, orders) && stands(words, back_from(i, kHaveBeen), i));
    if (word == "added" && order) out.changed |= shop_did(words, i);
    if (any_of(canceled, word)) {
      const bool refused_to = i > 0 && (words[i - 1] == "not" || words[i - 1] == "never");
      const bool passive = i > 1 && any_of(is, words[i - 2]);
      const bool has_not = i > 1 && noun_before(words, i, orders) && words[i - 1] == "been" && words[i - 2] == "not";
      const bool short_form =
          i > 0 && (words[i - 1] == "wasn't" || (i > 1 && words[i - 1] == "been" && words[i - 2] == "hasn't"));
      out.not_canceled |= order && ((refused_to && passive) || has_not || short_form);
      out.canceled |= i == 1 && words[0] == "order";
    }
    if (word == "cancel" && i > 1 && words[i - 1] == "not" && words[i - 2] == "did")
      out.not_canceled |= order || has(words, "anything");
    if (any_of(ordered, word)) out.ordered |= shop_did(words, i) && (has(words, "you") || has(words, "your"));
    const bool works_still = any_of(works, word) && has(words, "still") && has_any(words, pays_with);
    if (works_still && !turned(words)) out.usable = true;
    if (word == "still" && i > 1 && words[i - 1] == "can" && words[i - 2] == "you" && i + 1 < words.size())
      out.usable |= words[i + 1] == "pay" && !turned(words);
    if ((word == "waiting" || word == "waits") && i > 0 && order && i + 1 == words.size())
      out.waits |= words[i - 1] == "is" || words[i - 1] == "still" || word == "waits";
    if (word == "twice") out.paid_twice |= i > 0 && any_of(took, words[i - 1]) && stands(words, i - 1, i);
    if (any_of(refused, word))
      out.declined |= after_is && noun_before(words, i, payments) && stands(words, back_from(i, kHaveBeen), i);
  }
  const bool have = has(words, "have") || has(words, "is") || has(words, "see") || has(words, "are");
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] != "order" && words[i] != "orders") continue;
    const bool ends = i + 1 == words.size() || words[i + 1] == "here" || words[i + 1] == "yet" ||
                      words[i + 1] == "with" || words[i + 1] == "waiting" || words[i + 1] == "at";
    const bool no = words[i - 1] == "no" || words[i - 1] == "any";
    const bool open =
        words[i - 1] == "open" || words[i - 1] == "unpaid" || words[i - 1] == "pending" || words[i - 1] == "active";
    const bool denied = has(words, "no") || has(words, "not") || has(words, "don't");
    if (!have || !ends || !denied) continue;
    out.none |= no;
    out.none_open |= open;
  }
}

void read_chinese(std::string_view clause, ChangeClaims& out) {
  constexpr std::string_view changed[] = {"改成",   "改为",   "更新为",   "改好了",     "修改为",
                                          "换成",   "换为",   "已更新",   "已修改",     "已调整",
                                          "调整为", "加了一", "加到订单", "添加到订单", "加入订单"};
  constexpr std::string_view done[] = {"已", "了", "帮您把", "帮你把", "给您把", "为您把", "我把"};
  constexpr std::string_view orders[] = {"订单", "单子", "这单", "付款单"};
  constexpr std::string_view later[] = {"可以", "能", "会", "将", "要", "如", "若", "不",
                                        "没",   "未", "吗", "请", "想", "需", "价", "后"};
  constexpr std::string_view canceled[] = {"取消好了", "取消好啦", "取消掉了", "取消完成", "撤掉了", "撤单成功"};
  constexpr std::string_view kept[] = {"没有取消", "没被取消",   "未取消",   "没取消",
                                       "未被取消", "没有被取消", "并未取消", "没有帮您取消"};
  constexpr std::string_view none[] = {"没有任何订单", "没有订单",   "没有下过单", "没有下单",
                                       "订单不存在",   "无任何订单", "还没有下单"};
  constexpr std::string_view none_open[] = {"没有待支付", "没有待付款", "没有需要支付",
                                            "没有未支付", "没有未付款", "没有需要付款"};
  constexpr std::string_view usable[] = {"仍然可以支付", "仍然可以付", "仍可支付",   "仍可付",   "仍然有效",
                                         "仍有效",       "还有效",     "还可以支付", "还可以付", "还能支付",
                                         "还能付",       "依然有效",   "依然可以付", "仍能支付", "仍能付"};
  constexpr std::string_view pays_with[] = {"码", "卡片", "订单", "链接", "付款单", "这单"};
  constexpr std::string_view ordered[] = {"已帮您订", "帮您订了", "已订购",     "已为您订", "帮您订好",
                                          "为您订了", "已预订",   "为您预订了", "下好单",   "下好了"};
  constexpr std::string_view twice[] = {"付了两次", "付了2次",  "重复付款", "重复支付", "重复扣款",
                                        "扣了两次", "扣款两次", "多付了",   "付了两笔", "多扣了"};
  constexpr std::string_view never[] = {"不",   "没", "未", "如", "若",   "以免", "避免", "的话",
                                        "防止", "请", "会", "勿", "是否", "吗",   "别",   "后"};
  constexpr std::string_view refused[] = {"付款被拒", "支付被拒",   "支付被银行拒", "付款被银行拒",
                                          "扣款被拒", "付款没成功", "支付没成功"};
  const bool back = clause.find("退") != std::string_view::npos;
  constexpr std::string_view order = "单";
  const bool of_order = clause.find(order) != std::string_view::npos;
  if (of_order && contains_any(clause, orders) && contains_any(clause, changed) && contains_any(clause, done))
    out.changed |= !contains_any(clause, later);
  const bool ends = clause.find("取消") != std::string_view::npos || clause.find("撤") != std::string_view::npos;
  const bool lacks = clause.find("没有") != std::string_view::npos || clause.find("无") != std::string_view::npos ||
                     clause.find("不存在") != std::string_view::npos;
  out.canceled |= ends && !back && contains_any(clause, canceled) && !contains_any(clause, never);
  out.not_canceled |= ends && !back && contains_any(clause, kept) && clause.find("如") == std::string_view::npos;
  out.none |= lacks && contains_any(clause, none);
  out.none_open |= lacks && contains_any(clause, none_open);
  constexpr std::string_view not_usable[] = {"不", "没", "如", "若", "无", "过期", "优惠"};
  out.usable |= contains_any(clause, pays_with) && contains_any(clause, usable) && !contains_any(clause, not_usable);
  constexpr std::string_view not_ordered[] = {"可以", "要", "吗", "没", "未", "如", "若", "后", "的话"};
  out.ordered |=
      (of_order || clause.find("订") != std::string_view::npos || clause.find("下好") != std::string_view::npos) &&
      contains_any(clause, ordered) && !contains_any(clause, not_ordered);
  const bool pays = clause.find("付") != std::string_view::npos || clause.find("扣") != std::string_view::npos;
  out.paid_twice |= pays && contains_any(clause, twice) && !contains_any(clause, never);
  constexpr std::string_view conditions[] = {"如", "若", "的话"};
  out.declined |= pays && !back && contains_any(clause, refused) && !contains_any(clause, conditions);
}

}  // namespace

ChangeClaims changes_of(const std::vector<Statement>& statements) {
  ChangeClaims all;
  for (const Statement& statement : statements) {
    if (!statement.words.empty()) read_english(statement.words, all);
    if (holds_chinese(statement.text)) read_chinese(statement.text, all);
  }
  return all;
}

}  // namespace purser::rules
