#include "validation/rules/reply_receipts.hpp"

#include "validation/money/ascii.hpp"

namespace purser::rules {
namespace {

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t N>
bool has_any(const Words& words, const std::string_view (&list)[N]) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return any_of(list, word); });
}

// "付款 👍", "Payment 💯": the name alone and a sign of approval.
bool is_cheered(std::string_view clause, bool& refund) {
  constexpr std::string_view cheers[] = {"👍", "💯", "🎉", "👏", "🥳", "🙌"};
  constexpr std::string_view paid[] = {"付款", "支付", "收款", "已付", "已付款", "payment", "paid", "your payment"};
  constexpr std::string_view back[] = {"退款", "已退", "refund", "refunded", "your refund"};
  if (!contains_any(clause, cheers)) return false;
  std::string_view name = clause;
  for (std::string_view cheer : cheers)
    if (const std::size_t at = name.find(cheer); at != std::string_view::npos) name = name.substr(0, at);
  name = ascii::trimmed(name, " :");
  refund = any_of(back, name);
  return refund || any_of(paid, name);
}

// "支付进度：100%", "payment progress: 100%".
bool is_full(std::string_view clause, bool& refund) {
  constexpr std::string_view names[] = {"支付", "付款", "退款", "收款", "payment", "refund"};
  constexpr std::string_view back[] = {"退款", "refund"};
  const std::string_view plain = ascii::trimmed(clause, " ");
  if (!plain.ends_with("100%") || !begins_with_any(plain, names)) return false;
  refund = begins_with_any(plain, back);
  return plain.size() <= std::size("payment progress is 100%") + 8;
}

// "Payment 成功", "支付done": a name in one language, what became of it in the other.
bool is_mixed(const Words& words, std::string_view clause) {
  constexpr std::string_view names[] = {"支付", "付款", "收款", "扣款"};
  constexpr std::string_view over_zh[] = {"成功", "完成", "已", "到账", "搞定"};
  constexpr std::string_view turned[] = {"未", "没", "不", "待", "请", "后",   "时", "失败",
                                         "会", "将", "吗", "码", "卡", "方式", "退"};
  constexpr std::string_view names_en[] = {"payment", "paid", "transaction", "pay"};
  constexpr std::string_view over_en[] = {"done",     "ok",        "success",  "successful",
                                          "complete", "completed", "received", "paid"};
  if (words.empty() || contains_any(clause, turned) || std::any_of(words.begin(), words.end(), is_negation))
    return false;
  if (has_any(words, names_en) && contains_any(clause, over_zh)) return !has(words, "wechat");
  return contains_any(clause, names) && has_any(words, over_en);
}

// "已发货", "等待收货": nothing leaves before it is paid.
bool left_the_shop_zh(std::string_view clause) {
  constexpr std::string_view gone[] = {"已发货",   "发货了",   "已寄出",   "寄出了",   "已出库",
                                       "等待收货", "等待发货", "坐等收货", "等着收货", "配送中",
                                       "派送中",   "正在配送", "正在派送", "已发出",   "已送出"};
  constexpr std::string_view turned[] = {"后", "才", "若", "未", "没", "不", "会",  "将",
                                         "前", "退", "款", "付", "可", "能", "一般"};
  constexpr std::string_view goods[] = {"货", "寄", "库", "配送", "派送", "发出", "送出"};
  return contains_any(clause, goods) && contains_any(clause, gone) && !contains_any(clause, turned) &&
         clause.find("吗") == std::string_view::npos;
}

bool left_the_shop_en(const Words& words) {
  constexpr std::string_view goods[] = {"order", "parcel", "package"};
  constexpr std::string_view gone[] = {"shipped", "dispatched", "delivered", "despatched"};
  constexpr std::string_view did[] = {"has", "was", "been", "is"};
  for (std::size_t i = 1; i < words.size(); ++i)
    if (any_of(gone, words[i]) && any_of(did, words[i - 1]) && has_any(words, goods) && stands(words, 0, i))
      return true;
  return false;
}

// "到账了": nothing else in the clause, but for how glad one is.
bool is_whole(std::string_view clause, const auto& phrases) {
  constexpr std::size_t kMost = 48;
  if (clause.size() > kMost) return false;
  constexpr std::string_view around[] = {"啦", "了", "哦", "咯", "喽", "哈", "呀", "呢",
                                         "~",  "～", " ",  "已", "您", "你", "都", "的"};
  std::string plain(clause);
  while (plain.size() >= 4 && static_cast<unsigned char>(plain.back()) >= 0x80 &&
         static_cast<unsigned char>(plain[plain.size() - 4]) >= 0xF0)
    plain.resize(plain.size() - 4);  // pictures at the end
  for (std::string_view word : around)
    for (std::size_t at = 0; (at = find_part(plain, word, at)) != std::string::npos;) plain.erase(at, word.size());
  return std::any_of(std::begin(phrases), std::end(phrases), [&](std::string_view one) { return plain == one; });
}

bool is_done_zh(std::string_view clause) {
  return clause.find("了") != std::string_view::npos || clause.find("已") != std::string_view::npos ||
         clause.find("啦") != std::string_view::npos;
}

// "收款确认：176元", "微信收款到账176元", and not the code that money is received with.
bool is_receipt_zh(std::string_view clause, bool figures) {
  constexpr std::string_view turned[] = {"未", "没", "不", "待",   "请", "后", "时", "码",   "方",
                                         "将", "会", "需", "金额", "前", "退", "若", "账号", "卡"};
  return figures && clause.find("收款") != std::string_view::npos && !contains_any(clause, turned);
}

// "正在为您办理退款", "退款176元正在处理".
bool refund_goes_on_zh(std::string_view clause) {
  constexpr std::string_view back[] = {"退款", "退回", "退还", "退给", "返还"};
  constexpr std::string_view goes[] = {"正在处理", "正在办理",   "正在审核",   "正在退",     "办理中",     "正在进行",
                                       "正在审批", "正在返",     "正在为您退", "正在为您办", "正在为您处", "已批准",
                                       "已通过",   "正在给您退", "正在给您办", "在途"};
  constexpr std::string_view turned[] = {"如",   "若", "没", "未",   "不",   "后",
                                         "可以", "能", "吗", "等您", "的话", "申请"};
  return contains_any(clause, back) && contains_any(clause, goes) && !contains_any(clause, turned);
}

// "退款会在24小时内到账".
bool refund_promised_zh(std::string_view clause) {
  constexpr std::string_view will[] = {"会在", "将在", "会于", "将于", "马上", "今天", "明天", "即将"};
  constexpr std::string_view there[] = {"到账", "到您", "到你", "收到", "退回到"};
  constexpr std::string_view turned[] = {"一般", "通常", "如",   "若", "后",   "申请", "没",
                                         "未",   "不",   "成功", "需", "的话", "可"};
  return clause.find("退款") != std::string_view::npos && contains_any(clause, will) && contains_any(clause, there) &&
         !contains_any(clause, turned);
}

// "已经给您退了", "差价已退": the verb alone tells it.
bool refunded_zh(std::string_view clause) {
  constexpr std::string_view alone[] = {"退", "全退", "退好", "全都退", "退款", "退还", "退回"};
  constexpr std::string_view phrases[] = {
      "给您退了", "给你退了",     "帮您退了", "为您退了", "全退了",   "都退了",   "都退好了", "差价已退", "差价退给",
      "费用退给", "多收的钱退给", "已冲正",   "全部退了", "费用已退", "给您退好", "都退回了", "都已退",   "也退了",
      "也已退",   "退给您了",     "退了一次", "已退两",   "已退2",    "退款两笔", "一包退了", "一盒退了", "退了两"};
  constexpr std::string_view turned[] = {"如", "若", "没",   "未", "不", "后", "可", "能",   "会",
                                         "将", "吗", "还是", "要", "想", "请", "只", "申请", "货"};
  if (contains_any(clause, turned)) return false;
  return contains_any(clause, phrases) || (is_done_zh(clause) && is_whole(clause, alone));
}

void read_chinese(const Statement& statement, const Statement* next, bool figures, Receipts& out) {
  constexpr std::string_view came[] = {"到账", "入账", "进账",     "钱到账",   "款到账",     "付",
                                       "付过", "付清", "全部付清", "全款付清", "款全部付清", "付完"};
  constexpr std::string_view got[] = {"收到", "我们收到", "我收到", "这边收到"};
  constexpr std::string_view all[] = {"都", "全", "两包", "两盒", "整单", "所有", "一分不少"};
  constexpr std::string_view one_of[] = {"中的一", "其中一", "一半", "部分", "里的一"};
  constexpr std::string_view more[] = {"另外",   "剩下", "剩余", "其余", "余下", "第二", "又给", "又退",
                                       "再次退", "另一", "两次", "两笔", "二次", "2次",  "2笔"};
  constexpr std::string_view thanks[] = {"谢", "感谢", "多谢", " 谢"};
  const std::string& clause = statement.text;
  const bool back = clause.find("退") != std::string::npos || clause.find("返") != std::string::npos ||
                    clause.find("冲正") != std::string::npos;
  if (!back) {
    out.paid |= is_done_zh(clause) && is_whole(clause, came);
    out.paid |= is_mixed(statement.words, clause) || left_the_shop_zh(clause) || is_receipt_zh(clause, figures);
    out.thanks |= is_done_zh(clause) && is_whole(clause, got) && next != nullptr && begins_with_any(next->text, thanks);
    return;
  }
  out.refunded |= refunded_zh(clause);
  out.refund_started |= refund_goes_on_zh(clause);
  out.refund_promised |= !statement.conditional && refund_promised_zh(clause);
  out.of_all |= contains_any(clause, all) && !contains_any(clause, one_of);
  out.another |= contains_any(clause, more);
}

// "I can confirm the payment", "we confirm your payment of ¥176.00".
bool confirms(const Words& words) {
  constexpr std::string_view shop[] = {"i", "we", "can", "hereby", "happily"};
  constexpr std::string_view of[] = {"the", "your", "a", "this"};
  for (std::size_t i = 1; i + 2 < words.size(); ++i) {
    if (words[i] != "confirm" || !any_of(shop, words[i - 1]) || !any_of(of, words[i + 1])) continue;
    if (words[i + 2] != "payment") continue;
    const bool ends = i + 3 == words.size() || words[i + 3] == "of";
    if (ends && (has(words, "i") || has(words, "we")) &&
        std::none_of(words.begin(), words.end(), [](const std::string& word) { return is_negation(word); }))
      return words.front() != "to";
  }
  return false;
}

// "Order confirmed and paid", "¥176.00 paid": beside the forms with "is" and "has been".
bool stands_bare(const Words& words, std::size_t at) {
  constexpr std::string_view after[] = {"thank", "thanks", "in", "on", "at", "with", "via", "for"};
  if (at == 0 || !stands(words, 0, at)) return false;
  const bool ends = at + 1 == words.size() || any_of(after, words[at + 1]);
  const bool joined = words[at - 1] == "and" && at > 1 && (words[at - 2].ends_with("ed") || words[at - 2] == "done") &&
                      words[at - 2] != "need";
  const bool sum = ascii::is_digit(words[at - 1].front()) || words[at - 1] == "yuan" || words[at - 1] == "cny";
  return ends && (joined || sum);
}

bool by_the_shop(const Words& words, std::size_t at) {
  constexpr std::string_view shop[] = {"i", "we", "i've", "we've"};
  constexpr std::string_view modals[] = {"can", "will",   "could", "would", "shall", "to",
                                         "may", "should", "if",    "let",   "must"};
  bool ours = false;
  for (std::size_t i = 0; i < at; ++i) {
    if (any_of(modals, words[i]) || is_negation(words[i])) return false;
    ours = ours || any_of(shop, words[i]);
  }
  return ours;
}

void read_refunds(const Words& words, std::string_view clause, bool conditional, Receipts& out) {
  constexpr std::string_view money[] = {"money",      "funds", "cash", "amount", "sum",
                                        "everything", "all",   "it",   "payment"};
  constexpr std::string_view going[] = {"underway", "progress"};
  constexpr std::string_view done[] = {"through", "done", "complete", "completed", "arrived", "successful"};
  constexpr std::string_view gets[] = {"get", "receive", "have", "see", "got"};
  constexpr std::string_view charges[] = {"payment", "charge", "transaction", "transfer"};
  constexpr std::string_view purse[] = {"wallet", "account", "you", "wechat", "card"};
  for (std::size_t i = 0; i < words.size() && clause.find("both refunds") != std::string_view::npos; ++i)
    out.refunded |= words[i] == "refunds" && follows(words, i, done, 4);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool refunded = word == "refunded" || word == "reimbursed";
    if (refunded)
      out.refunded |= (words[i - 1] == "and" || words[i - 1] == "i" || words[i - 1] == "we") && by_the_shop(words, i);
    if (refunded && stands_bare(words, i) && words[i - 1] != "and") out.refunded = true;
    if (word == "returned") {
      const bool ends = i + 1 == words.size() || (i + 2 == words.size() && words[i + 1] == "successful");
      const bool last = ends && any_of(money, words[i - 1]) && stands(words, 0, i);
      const bool everything = participle_stands(words, i) && has_any(words, purse) &&
                              (has(words, "everything") || clause.find("all of it") != std::string_view::npos);
      out.refunded |= last || everything;
    }
    if (word == "voided" && has_any(words, charges))
      out.refunded |= participle_stands(words, i) || by_the_shop(words, i);
    if (word == "refund") out.refund_started |= follows(words, i, going, 4);
  }
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const bool will = words[i] == "you'll" || (words[i] == "will" && i > 0 && words[i - 1] == "you");
    if (!will || !any_of(gets, words[i + 1])) continue;
    const bool back = has(words, "back") && has_any(words, money);
    const bool refund = std::any_of(words.begin(), words.end(), [](const std::string& w) { return w == "refund"; });
    constexpr std::string_view turned[] = {"if",  "once",  "when",  "after", "usually", "normally",
                                           "not", "never", "would", "until", "unless"};
    if ((back || refund) && !conditional && !has_any(words, turned)) out.refund_promised = true;
  }
}

// The part of the clause that speaks of giving back, "and" apart.
std::string_view part_of_refund(std::string_view clause) {
  constexpr std::string_view back[] = {"refund", "return", "back", "reimburs", "void"};
  constexpr std::size_t kJoin = std::string_view(" and ").size();
  for (std::size_t at = 0; at < clause.size();) {
    const std::size_t end = std::min({clause.find(" and ", at), clause.find(" but ", at), clause.size()});
    const std::string_view part = clause.substr(at, end - at);
    if (contains_any(part, back)) return part;
    at = end + kJoin;
  }
  return {};
}

void read_english(const Statement& statement, bool figures, Receipts& out) {
  constexpr std::string_view of_all[] = {"both ", "all of it", "everything", "whole order", "entire", "both packs"};
  constexpr std::string_view one_of[] = {"one of", "only one", "half", "part of", "some of"};
  constexpr std::string_view more[] = {"the other", "the rest", "the remaining", "second ",     "refunded it again",
                                       "again",     "twice",    "another",       "both refunds"};
  const Words& words = statement.words;
  const std::string_view clause = statement.text;
  const std::string_view part = part_of_refund(clause);
  if (!part.empty()) {
    read_refunds(words, clause, statement.conditional, out);
    out.of_all |= contains_any(part, of_all) && !contains_any(part, one_of) &&
                  part.find("both refunds") == std::string_view::npos;
    out.another |= contains_any(part, more);
  }
  const bool back = has(words, "refund") || has(words, "refunded") || has(words, "back") || has(words, "returned");
  if (back) return;
  out.paid |= confirms(words) || left_the_shop_en(words);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "paid") out.paid |= stands_bare(words, i);
    if (words[i] == "collected") out.paid |= figures && participle_stands(words, i);
    const bool nothing = words[i] == "nothing" && i + 2 < words.size() && words[i + 1] == "to" && words[i + 2] == "pay";
    out.nothing_due |= nothing;
  }
}

}  // namespace

Receipts receipts_of(const Statement& statement, const Statement* next, bool figures) {
  Receipts out;
  if (holds_chinese(statement.text)) read_chinese(statement, next, figures, out);
  read_english(statement, figures, out);
  bool refund = false;
  if (is_cheered(statement.text, refund) || is_full(statement.text, refund)) (refund ? out.refunded : out.paid) = true;
  return out;
}

}  // namespace purser::rules
