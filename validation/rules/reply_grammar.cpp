#include "validation/rules/reply_grammar.hpp"

#include "validation/money/ascii.hpp"

namespace purser::rules {
namespace {

constexpr std::string_view kMoney[] = {"money", "funds", "cash", "payment",  "amount",
                                       "sum",   "yuan",  "cny",  "transfer", "rmb"};
constexpr std::string_view kThings[] = {"link", "card", "code", "request", "method", "details", "window", "page", "qr"};
constexpr std::string_view kShop[] = {"we", "i", "we've", "i've", "shop", "us", "merchant"};
constexpr std::string_view kTook[] = {"took",     "taken",    "charged", "debited",  "deducted",  "collected",
                                      "withdrew", "received", "got",     "pocketed", "withdrawn", "banked"};
constexpr std::string_view kLeft[] = {"taken",     "deducted", "debited", "withdrawn", "left",  "charged",
                                      "collected", "gone",     "booked",  "drawn",     "pulled"};
constexpr std::string_view kPurse[] = {"account", "wallet", "balance", "card", "bank", "wechat", "alipay"};
constexpr std::string_view kReached[] = {"reached", "landed", "arrived", "came", "hit", "entered", "credited"};
constexpr std::string_view kUs[] = {"us", "our", "here", "ours"};
constexpr std::string_view kYou[] = {"you", "your", "yours", "you've"};
constexpr std::string_view kGave[] = {"sent",        "returned", "gave", "given", "transferred", "credited",
                                      "transmitted", "put",      "paid", "wired", "moved",       "handed"};
constexpr std::string_view kReversed[] = {"reversed", "reimbursed", "refunded",   "returned",
                                          "undone",   "unwound",    "compensated"};
constexpr std::string_view kReversible[] = {"payment", "charge", "transaction", "money", "funds",
                                            "order",   "you",    "amount",      "it"};

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t N>
bool has_any(const Words& words, const std::string_view (&list)[N]) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return any_of(list, word); });
}

// English, word by word.
class English {
 public:
  English(const Words& words, std::string_view text, bool figures) : words_(words), text_(text), figures_(figures) {}

  MoneyMoves read() {
    MoneyMoves moves;
    const bool back = has(words_, "back") || has(words_, "refund") || has(words_, "refunded");
    for (std::size_t i = 0; i < words_.size(); ++i) {
      moves.paid |= !back && (shop_took(i) || left_the_purse(i) || is_in(i) || you_gave(i) || with_us(i));
      moves.paid |= shown_as_paid(i) || settled(i) || receipt_of(i);
      if (const Side side = arrived(i); side != Side::none) (side == Side::shop ? moves.paid : moves.refunded) = true;
      moves.refunded |= gave_back(i) || got_back(i) || reversed(i);
      moves.refund_started |= going_back(i);
    }
    moves.all_of_it = all_of_it();
    moves.nothing_due = nothing_due();
    return moves;
  }

 private:
  enum class Side { none, shop, customer };

  bool is_money(std::size_t at) const {
    if (at + 1 < words_.size() && any_of(kThings, words_[at + 1])) return false;
    std::string_view name = words_[at];
    if (name.ends_with("'s")) name.remove_suffix(2);
    return any_of(kMoney, name) || (figures_ && ascii::is_digit(words_[at].front()));
  }
  bool money_within(std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < words_.size() && i < to; ++i)
      if (is_money(i)) return true;
    return false;
  }
  template <std::size_t N>
  std::size_t next_of(std::size_t from, std::size_t reach, const std::string_view (&list)[N]) const {
    for (std::size_t i = from + 1; i < words_.size() && i <= from + reach; ++i)
      if (any_of(list, words_[i])) return i;
    return words_.size();
  }
  bool is(std::size_t at, std::string_view word) const { return at < words_.size() && words_[at] == word; }

  // "We took ¥25.90", "we have your money".
  bool shop_took(std::size_t i) const {
    if (!any_of(kShop, words_[i])) return false;
    if (is(i + 1, "have") && is(i + 2, "your") && i + 3 < words_.size() && is_money(i + 3))
      return stands(words_, i, i + 3);
    const std::size_t verb = next_of(i, 2, kTook);
    return verb < words_.size() && money_within(verb + 1, verb + 5) && stands(words_, i, verb);
  }
  // "You already transferred ¥25.90 to us."
  bool you_gave(std::size_t i) const {
    constexpr std::string_view gave[] = {"transferred", "sent", "wired", "gave", "handed", "deposited", "remitted"};
    if (words_[i] != "you" && words_[i] != "you've") return false;
    const std::size_t verb = next_of(i, 2, gave);
    return verb < words_.size() && money_within(verb + 1, verb + 6) && stands(words_, i, verb);
  }
  // "The cash is with us", "I see your payment on our side", "shows up in our books".
  bool with_us(std::size_t i) const {
    constexpr std::string_view places[] = {"with", "on", "in", "at", "by"};
    if (!is_money(i)) return false;
    const std::size_t place = next_of(i, 4, places);
    return place < words_.size() && next_of(place, 1, kUs) < words_.size() && stands(words_, i, place);
  }
  // "¥25.90 has been taken from your wallet", "... has left your account".
  bool left_the_purse(std::size_t i) const {
    if (!is_money(i)) return false;
    const std::size_t verb = next_of(i, 6, kLeft);
    return verb < words_.size() && next_of(verb, 4, kPurse) < words_.size() && stands(words_, i, verb);
  }
  // "The payment is in."
  bool is_in(std::size_t i) const {
    return is_money(i) && (is(i + 1, "is") || is(i + 1, "are")) && is(i + 2, "in") && i + 3 == words_.size() &&
           stands(words_, i, i + 2);
  }
  // "Our system shows the order as paid."
  bool shown_as_paid(std::size_t i) const {
    constexpr std::string_view shown[] = {"shows", "show", "marked", "recorded", "listed", "booked", "registered"};
    const bool paid = is(i, "as") && (is(i + 1, "paid") || is(i + 1, "settled"));
    return paid && has_any(words_, shown) && stands(words_, i, i + 1);
  }
  // "The order is settled."
  bool settled(std::size_t i) const {
    constexpr std::string_view what[] = {"order", "bill", "account", "invoice", "it", "everything", "balance", "tab"};
    return words_[i] == "settled" && i > 0 && has_any(words_, what) && participle_stands(words_, i);
  }
  // "We confirm receipt of ¥25.90."
  bool receipt_of(std::size_t i) const {
    constexpr std::string_view told[] = {"confirm", "confirms", "confirmed", "acknowledge", "acknowledged"};
    return words_[i] == "receipt" && is(i + 1, "of") && has_any(words_, told) && money_within(i + 2, i + 6) &&
           stands(words_, i, i + 1);
  }
  // "Your money reached us", "¥5.00 has reached your account".
  Side arrived(std::size_t i) const {
    if (!is_money(i)) return Side::none;
    const std::size_t verb = next_of(i, 6, kReached);
    if (verb >= words_.size() || !stands(words_, i, verb)) return Side::none;
    if (next_of(verb, 2, kUs) < words_.size()) return Side::shop;
    const bool to_you = next_of(verb, 2, kYou) < words_.size();
    return to_you ? Side::customer : Side::none;
  }
  // "We have sent your money back", "I returned ¥25.90 to your wallet", "¥25.90 is back in your account".
  bool gave_back(std::size_t i) const {
    if (words_[i] == "back" && i > 0 && (words_[i - 1] == "is" || words_[i - 1] == "are") &&
        next_of(i, 2, kYou) < words_.size())
      return money_within(0, i) && stands(words_, i - 1, i);
    if (!any_of(kGave, words_[i]) || !stands(words_, i, i)) return false;
    const bool into = words_[i] == "credited" && i > 1 && (words_[i - 1] == "was" || words_[i - 1] == "been") &&
                      any_of(kPurse, words_[i - 2]);
    if (into && money_within(i, words_.size())) return true;
    bool back = is(i, "returned") && next_of(i, 6, kPurse) < words_.size();
    for (std::size_t k = i + 1; k < words_.size() && k <= i + 6; ++k) back = back || words_[k] == "back";
    return back && money_within(0, words_.size());
  }
  // "You got your money back."
  bool got_back(std::size_t i) const {
    constexpr std::string_view got[] = {"got", "gotten", "received", "have", "recovered"};
    if (words_[i] != "you" && words_[i] != "you've") return false;
    const std::size_t verb = next_of(i, 2, got);
    for (std::size_t k = verb + 1; k < words_.size() && k <= verb + 5; ++k)
      if (words_[k] == "back") return money_within(verb, words_.size()) && stands(words_, i, verb);
    return false;
  }
  // "We have reimbursed you", "the charge has been reversed".
  bool reversed(std::size_t i) const {
    if (!any_of(kReversed, words_[i])) return false;
    const bool of_money = words_[i] != "returned" && has_any(words_, kReversible);
    const bool by_us = i > 0 && (any_of(kShop, words_[i - 1]) || (i > 1 && any_of(kShop, words_[i - 2])));
    return of_money && ((by_us && stands(words_, i - 1, i)) || participle_stands(words_, i));
  }
  // "Your money is on its way back."
  bool going_back(std::size_t i) const {
    const bool way = words_[i] == "way" && is(i + 1, "back");
    const bool coming = (words_[i] == "coming" || words_[i] == "heading" || words_[i] == "going") && is(i + 1, "back");
    const bool being = words_[i] == "being" && i + 1 < words_.size() && any_of(kReversed, words_[i + 1]);
    return (way || coming || being) && money_within(0, words_.size()) && stands(words_, i, i);
  }

  bool all_of_it() const {
    constexpr std::string_view all[] = {"full",     "whole",    "entire",     "everything", "all of it",
                                        "all your", "all the ", "every cent", "100%",       "every fen"};
    return contains_any(text_, all);
  }

  // "Nothing left to pay", "no further payment", "you do not owe", "balance due: ¥0.00".
  bool nothing_due() const {
    constexpr std::string_view more[] = {"left",        "more",       "else",  "further",
                                         "outstanding", "additional", "other", "due"};
    constexpr std::string_view pays[] = {"pay", "owe", "payment", "payments", "owed", "due"};
    constexpr std::string_view again[] = {"again", "anything", "any", "more", "anymore"};
    constexpr std::string_view apart[] = {"but", "except", "besides", "beside", "than", "apart"};
    const bool but_for = figures_ && has_any(words_, apart);  // "nothing else but the ¥25.90"
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const bool none = (words_[i] == "nothing" || words_[i] == "no") && !but_for;
      if (none && next_of(i, 2, more) < words_.size() && next_of(i, 5, pays) < words_.size()) return true;
      const bool not_owed = words_[i] == "owe" && i > 0 && (is_negation(words_[i - 1]) || words_[i - 1] == "longer");
      if (not_owed) return true;
      const bool needless = words_[i] == "need" && i > 0 && (is_negation(words_[i - 1]) || words_[i - 1] == "no");
      if (needless && next_of(i, 2, pays) < words_.size() && has_any(words_, again) && !has(words_, "else"))
        return true;
    }
    constexpr std::string_view due[] = {"due", "owe", "owed", "outstanding", "balance"};
    return has_any(words_, due) && text_.find("0.00") != std::string_view::npos &&
           (text_.find("¥0.00") != std::string_view::npos || text_.find(" 0.00") != std::string_view::npos);
  }

  const Words& words_;
  std::string_view text_;
  bool figures_;
};

// What no list of verbs holds: a name for money, something that is over, and nothing that makes it anything else than
// paying. Told here rather than missed: the reply is replaced by what the books hold.
MoneyMoves over_in_english(const Words& words) {
  constexpr std::string_view nouns[] = {"payment", "money",  "cash",     "funds",    "deposit",     "bill",
                                        "invoice", "charge", "transfer", "checkout", "transaction", "refund"};
  constexpr std::string_view over[] = {"has",      "have",     "was",       "were",    "been", "got",
                                       "came",     "went",     "success",   "ok",      "okay", "done",
                                       "complete", "through",  "cleared",   "banked",  "paid", "we've",
                                       "i've",     "finished", "succeeded", "settled", "in",   "fine"};
  constexpr std::string_view else_is_meant[] = {
      "due",       "outstanding", "required", "needed",    "expired",  "canceled", "cancelled", "prepared", "created",
      "placed",    "opened",      "changed",  "updated",   "asked",    "price",    "cost",      "costs",    "total",
      "options",   "way",         "about",    "please",    "pay",      "only",     "by",        "before",   "until",
      "requested", "order",       "question", "questions", "problem",  "trouble",  "accept",    "where",    "how",
      "why",       "what",        "open",     "ready",     "possible", "method",   "methods",   "link",     "card",
      "code",      "request",     "details",  "window",    "page",     "qr",       "minutes",   "seconds",  "goods",
      "still",     "stays",       "back",     "handled",   "declined", "refused",  "rejected",  "denied",   "by"};
  MoneyMoves moves;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!any_of(nouns, words[i])) continue;
    const bool is_over = has_any(words, over);
    const bool plain =
        std::none_of(words.begin(), words.end(), [&](const std::string& w) { return any_of(else_is_meant, w); });
    if (!is_over || !plain || !stands(words, 0, words.size() - 1)) continue;
    (words[i] == "refund" ? moves.refund_started : moves.paid) = true;
  }
  if (has(words, "refund") || has(words, "refunded")) moves.paid = false;
  return moves;
}

MoneyMoves over_in_chinese(std::string_view clause) {
  constexpr std::string_view money[] = {"付", "款", "钱", "扣", "结账", "账已", "账单", "买单", "元到"};
  constexpr std::string_view over[] = {"已", "了", "完成", "成功", "完毕", "妥", "到手", "到位", "顺利", "啦"};
  constexpr std::string_view turned[] = {"未", "没", "不", "无", "待",   "尚",   "请", "需", "要",
                                         "将", "会", "可", "能", "如",   "若",   "等", "后", "前",
                                         "时", "再", "剩", "忘", "您说", "你说", "就"};
  constexpr std::string_view else_is_meant[] = {
      "创建", "生成", "准备", "发送", "打开", "下单",   "更新", "变",   "过期", "失效", "取消",
      "关闭", "添加", "加入", "选",   "找到", "方式",   "链接", "码",   "卡片", "价",   "优惠",
      "计",   "了解", "除了", "为了", "告诉", "知道",   "遇到", "问题", "超",   "作废", "申请",
      "记下", "收录", "账号", "账户", "规则", "处理中", "正在", "失败", "说明", "拒"};
  MoneyMoves moves;
  std::string plain(clause);
  for (std::string_view harmless : {"请放心", "请查收", "没问题", "不错", "感谢"})
    for (std::size_t at = 0; (at = find_part(plain, harmless, at)) != std::string::npos;)
      plain.erase(at, harmless.size());
  if (!contains_any(plain, money) || !contains_any(plain, over)) return moves;
  if (contains_any(plain, turned) || contains_any(plain, else_is_meant)) return moves;
  const bool back = plain.find("退") != std::string::npos || plain.find("返") != std::string::npos;
  (back ? moves.refund_started : moves.paid) = true;
  return moves;
}

// Chinese, by what stands in which order.
constexpr std::string_view kNotYet[] = {"一般", "通常", "会",   "可以", "能",   "将",
                                        "想",   "才",   "申请", "规则", "需要", "如需"};

bool said_as_done(std::string_view clause, std::size_t at, std::size_t end) {
  constexpr std::string_view harmless[] = {"会员", "机会"};
  std::string before(clause.substr(0, end));
  for (std::string_view word : harmless)
    for (std::size_t found = 0; (found = find_part(before, word, found)) != std::string::npos;)
      before.erase(found, word.size());
  return !contains_any(before, kNotYet) && phrase_stands(clause, at, end);
}

// `first` and, within `reach` characters, one of `then`; the whole is said as done.
template <std::size_t N, std::size_t M>
bool says(std::string_view clause, const std::string_view (&first)[N], const std::string_view (&then)[M],
          std::size_t reach, const auto& unless) {
  for (std::string_view subject : first) {
    for (std::size_t at = 0; (at = find_part(clause, subject, at)) != std::string_view::npos; at += subject.size()) {
      const std::string_view rest = clause.substr(at + subject.size());
      for (std::string_view word : then) {
        const std::size_t gap = find_part(rest, word);
        if (gap == std::string_view::npos || code_points(rest.substr(0, gap)) > reach) continue;
        if (contains_any(rest.substr(0, gap + word.size()), unless)) continue;
        if (said_as_done(clause, at, at + subject.size() + gap + word.size())) return true;
      }
    }
  }
  return false;
}

MoneyMoves read_chinese_moves(std::string_view clause) {
  constexpr std::string_view money[] = {"款",   "钱",   "元",   "块",   "支付", "付款", "费用",
                                        "账单", "这单", "订单", "货款", "转账", "汇款", "打款"};
  constexpr std::string_view sums[] = {"款", "钱", "元", "块"};
  constexpr std::string_view came[] = {"已到",     "到了", "收到",   "收下", "收了", "入账",   "到账",   "已收",
                                       "收讫",     "进账", "付清了", "结清", "已付", "已清",   "搞定",   "划走",
                                       "扣走",     "扣掉", "扣除了", "扣了", "已扣", "已确认", "到我们", "转给我们",
                                       "打给我们", "妥收", "收妥",   "拿到", "到位", "交了",   "经付了", "通过"};
  constexpr std::string_view taken[] = {"买过单", "被扣款",     "被扣除", "成功从您", "买单成功", "已买单",
                                        "单已买", "拿到您的钱", "妥收",   "已扣",     "扣走了",   "扣掉了",
                                        "划走了", "划扣成功",   "付清了", "付完了"};
  constexpr std::string_view not_paid[] = {"退", "还", "返", "没", "未", "待", "不", "请", "方式", "链接", "后"};
  constexpr std::string_view back[] = {"退到", "退回",   "退给",   "退还",   "返还", "返回", "已退", "退了",  "退掉了",
                                       "打回", "还给您", "还给你", "回到您", "退至", "还到", "还回", "退回去"};
  constexpr std::string_view returned[] = {"退好了", "已经退了", "已退了", "退完了", "订单已退款", "退掉了"};
  constexpr std::string_view refund[] = {"退款"};
  constexpr std::string_view there[] = {"打到您", "到您的", "到你的", "成功", "到了", "完毕", "搞定", "打到你"};
  constexpr std::string_view steps[] = {"申请", "提交", "受理", "未", "没", "不", "待", "后", "处理", "时", "支付"};
  constexpr std::string_view not_back[] = {"未", "没", "不", "待", "申请", "后", "正在"};
  constexpr std::string_view under_way[] = {"在路上",   "刚刚发出", "已发出",     "已经发出", "正在退",
                                            "退款途中", "退回中",   "正在原路退", "正在返还"};
  constexpr std::string_view due[] = {"不用再付",     "无需再付", "无需再支付", "不需要再付",
                                      "不需要再支付", "不必再付", "不用再支付", "不必再支付",
                                      "无须再付",     "不欠",     "没有待付",   "不用付了"};
  constexpr std::string_view all[] = {"全额", "全部", "所有", "整单", "整笔", "全都", "一分不少"};
  MoneyMoves moves;
  const bool of_refund = clause.find("退") != std::string_view::npos || clause.find("返") != std::string_view::npos;
  moves.paid = !of_refund && says(clause, money, came, 8, not_paid);
  for (std::string_view word : taken) {
    const std::size_t at = find_part(clause, word);
    moves.paid |= !of_refund && at != std::string_view::npos && said_as_done(clause, at, at + word.size());
  }
  moves.refunded = says(clause, sums, back, 10, not_back) || says(clause, refund, there, 4, steps);
  for (std::string_view word : returned) {
    const std::size_t at = find_part(clause, word);
    moves.refunded |= at != std::string_view::npos && said_as_done(clause, at, at + word.size());
  }
  for (std::string_view word : under_way) {
    const std::size_t at = find_part(clause, word);
    moves.refund_started |= of_refund && at != std::string_view::npos && said_as_done(clause, at, at + word.size());
  }
  moves.all_of_it = contains_any(clause, all);
  moves.nothing_due = contains_any(clause, due);
  return moves;
}

}  // namespace

MoneyMoves money_moves(const Statement& statement, bool figures) {
  MoneyMoves moves;
  const auto add = [&moves](const MoneyMoves& more) {
    moves.paid |= more.paid;
    moves.refunded |= more.refunded;
    moves.refund_started |= more.refund_started;
    moves.all_of_it |= more.all_of_it;
    moves.nothing_due |= more.nothing_due;
  };
  const bool chinese = holds_chinese(statement.text);
  if (!chinese || statement.words.size() > 1) {
    add(English(statement.words, statement.text, figures).read());
    add(over_in_english(statement.words));
  }
  if (chinese) {
    add(read_chinese_moves(statement.text));
    add(over_in_chinese(statement.text));
  }
  return moves;
}

}  // namespace purser::rules
