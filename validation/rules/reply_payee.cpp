#include "validation/rules/reply_payee.hpp"

#include "validation/money/ascii.hpp"
#include "validation/rules/money_figures.hpp"

#include <span>

namespace purser::rules {
namespace {

constexpr std::size_t kAccountDigits = 8;  // of an account or a card; a phone that is paid to has more than these

// Without any of these nobody is told to pay elsewhere.
constexpr std::string_view kHints[] = {
    "转",       "汇",          "打款", "打到",    "打给",   "打钱",    "账",     "帐",    "红包",    "支付宝",
    "卡号",     "户名",        "微信", "付到",    "付至",   "付给",    "存入",   "存到",  "paypal",  "alipay",
    "transfer", "wire",        "send", "remit",   "iban",   "deposit", "venmo",  "zelle", "account", "acct",
    "bank",     "card number", "usdt", "bitcoin", "云闪付", "比特币",  "wechat", "crypto"};
constexpr std::string_view kBackZh[] = {"退", "返还", "原路", "给您", "给你", "到您", "到你", "您的微信", "你的微信"};
constexpr std::string_view kBack[] = {"refund", "return", "back", "reimburse"};
constexpr std::string_view kNotZh[] = {"不",   "没",   "未",   "勿",   "别", "无法", "无需",
                                       "谨防", "小心", "禁止", "拒绝", "骗", "莫",   "并非"};
// "If the code does not work": what fails there is the code, not the transfer.
constexpr std::string_view kFailsZh[] = {"不了", "不方便", "不出来", "不成功", "不通", "不便", "没反应", "不上"};

std::string without_failing(std::string_view text) {
  std::string out(text);
  for (std::string_view word : kFailsZh)
    for (std::size_t at = 0; (at = out.find(word, at)) != std::string::npos;) out.erase(at, word.size());
  return out;
}

// The most digits that stand together; spaces and dashes between them do not part them.
std::size_t longest_number(std::string_view text) {
  std::size_t most = 0;
  std::size_t digits = 0;
  for (char c : text) {
    if (ascii::is_digit(c)) {
      most = std::max(most, ++digits);
    } else if (c != ' ' && c != '-') {
      digits = 0;
    }
  }
  return most;
}

bool asked_zh(std::string_view clause) {
  constexpr std::string_view asks[] = {"请",   "麻烦", "直接", "可以", "可", "把", "将", "先", "需",
                                       "即可", "就行", "要",   "也行", "到", "至", "给", "吧", "款"};
  constexpr std::string_view tells[] = {"收到", "到账", "到帐", "已", "您说", "你说", "查到", "记录", "看到"};
  return contains_any(clause, asks) && !contains_any(clause, tells);
}

bool names_money_zh(std::string_view clause) {
  constexpr std::string_view money[] = {"钱", "款", "元", "块", "¥", "付"};
  return contains_any(clause, money) || !money_figures(clause).empty();
}

// "请转账176元", "把钱打到张三的卡上".
bool moves_zh(std::string_view clause) {
  constexpr std::string_view strong[] = {"转账", "转帐",   "汇款", "打款", "打钱",
                                         "转钱", "发红包", "汇到", "汇给", "汇至"};
  constexpr std::string_view weak[] = {"转到",   "转给", "转至",   "转入",   "打到",   "打给",   "付到",
                                       "付至",   "付给", "付款到", "付款至", "付款给", "支付到", "支付至",
                                       "支付给", "存到", "存入",   "打进",   "付款到"};
  if (contains_any(clause, kBackZh) || contains_any(without_failing(clause), kNotZh)) return false;
  if (contains_any(clause, strong) && asked_zh(clause)) return true;
  return contains_any(clause, weak) && names_money_zh(clause) && asked_zh(clause);
}

// "用支付宝付款", "加微信 pay8888 付款": another wallet, or the WeChat of a person.
bool wallet_zh(std::string_view clause, std::string_view sentence) {
  constexpr std::string_view wallets[] = {"支付宝", "paypal", "云闪付", "比特币", "usdt", "银行转账", "银行账户"};
  constexpr std::string_view offers[] = {"付", "转", "汇", "打", "支持", "接受", "可以", "也行", "都行", "是", "账号"};
  constexpr std::string_view persons[] = {"我的微信", "个人微信", "店主微信",   "老板微信",   "店长微信",  "私人微信",
                                          "加微信",   "微信号",   "店主的微信", "老板的微信", "店长的微信"};
  constexpr std::string_view pays[] = {"付", "转", "汇", "打", "钱", "款", "红包"};
  const auto stands_for = [&](std::string_view word, const auto& needs, std::string_view near) {
    constexpr std::size_t kNear = 18;
    const std::size_t at = clause.find(word);
    if (at == std::string_view::npos || !contains_any(near, needs)) return false;
    // What fails is the code where it stands ahead of the word, and this way of paying where it stands behind.
    return !contains_any(without_failing(clause.substr(back_from(at, kNear))), kNotZh) &&
           !contains_any(clause.substr(at + word.size()), kNotZh);
  };
  if (contains_any(clause, kBackZh) || clause.find("您的") != std::string_view::npos) return false;
  return std::ranges::any_of(wallets, [&](std::string_view word) { return stands_for(word, offers, clause); }) ||
         std::ranges::any_of(persons, [&](std::string_view word) { return stands_for(word, pays, sentence); });
}

// "卡号 6228 4800 0000 0000 018", "IBAN: DE89…": the number of an account, where nothing warns of it.
bool account_number(std::string_view clause, std::string_view sentence) {
  constexpr std::string_view labels[] = {"账号",    "账户", "帐号",        "帐户",    "卡号", "iban",
                                         "account", "acct", "card number", "card no", "户名"};
  constexpr std::string_view others[] = {"单号", "order", "tracking", "电话", "热线", "phone", "invoice"};
  constexpr std::string_view warns[] = {"not ", "never", "n't", "no "};
  if (!contains_any(clause, labels) || contains_any(clause, others)) return false;
  if (longest_number(clause) < kAccountDigits) return false;
  return !contains_any(sentence, kNotZh) && !contains_any(sentence, warns) && !contains_any(sentence, kBack) &&
         sentence.find("退") == std::string_view::npos;
}

constexpr std::string_view kSends[] = {"send", "transfer", "wire", "remit", "deposit", "venmo", "paypal", "zelle"};
constexpr std::string_view kWallets[] = {"alipay", "paypal", "venmo", "zelle",   "bitcoin",
                                         "usdt",   "crypto", "iban",  "cashapp", "acct"};
constexpr std::string_view kPersons[] = {"my",      "me",     "him",     "her",  "his",    "our",    "us",
                                         "account", "owner",  "manager", "boss", "seller", "wechat", "bank",
                                         "phone",   "number", "wallet",  "mr",   "mrs",    "ms"};

// The word is the customer's to follow: "please send", "you can pay", "pay ...".
bool is_told(const Words& words, std::size_t at) {
  constexpr std::string_view leads[] = {"please", "can", "could",    "may",     "must",   "should", "to",     "and",
                                        "then",   "or",  "directly", "instead", "kindly", "simply", "easily", "either"};
  constexpr std::string_view ours[] = {"i", "we", "i'll", "we'll", "he", "she", "they", "it"};
  if (at == 0) return true;
  if (!any_of(leads, words[at - 1])) return false;
  const auto before = std::span(words).first(at).last(std::min<std::size_t>(at, 4));
  return std::ranges::none_of(before, [&](const std::string& word) { return any_of(ours, word); });
}

bool is_turned(const Words& words) {
  constexpr std::string_view also[] = {"only", "unavailable", "stop", "scam", "fraud", "beware", "refuse"};
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return any_of(also, word) || word == "not" || word == "never" || word == "cannot" || word == "no" ||
           word == "don't" || word == "can't" || word == "doesn't" || word == "won't" || word == "aren't" ||
           word == "isn't" || word == "nobody" || word == "anybody";
  });
}

bool moves_en(const Words& words, std::string_view clause) {
  constexpr std::string_view money[] = {"money", "funds", "amount", "payment", "yuan",
                                        "cny",   "rmb",   "sum",    "cash",    "total"};
  constexpr std::string_view ways[] = {"to", "into", "via", "by", "with", "using", "through", "on", "at"};
  constexpr std::string_view theirs[] = {"your", "yours"};
  constexpr std::size_t kWay = 12;
  constexpr std::size_t kTarget = 5;
  const bool with_money =
      !money_figures(clause).empty() ||
      std::any_of(words.begin(), words.end(), [&](const std::string& w) { return any_of(money, w); });
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool pay = words[i] == "pay";
    const bool sends = any_of(kSends, words[i]);
    if ((!pay && !sends) || !is_told(words, i)) continue;
    if (sends && words[i] != "send" && with_money) return true;
    if (!pay && !with_money) continue;
    for (std::size_t k = i + 1; k < words.size() && k <= i + kWay; ++k) {
      if (!any_of(ways, words[k])) continue;
      const bool to = words[k] == "to" || words[k] == "into";
      for (std::size_t t = k + 1; t < words.size() && t <= k + kTarget && !any_of(theirs, words[t]); ++t) {
        const bool transfer = words[t] == "transfer" || (words[t] == "account" && to);
        const bool number = ascii::is_digit(words[t].front()) && words[t].size() >= kAccountDigits;
        if (any_of(kWallets, words[t]) || transfer || (to && number)) return true;
        if (to && sends && any_of(kPersons, words[t])) return true;
      }
    }
  }
  return false;
}

// "Add WeChat pay8888 and pay there", "we also take Alipay", "my WeChat ID".
bool wallet_en(const Words& words) {
  constexpr std::string_view takes[] = {"accept", "take", "accepts", "takes", "welcome", "works", "support"};
  constexpr std::string_view pays[] = {"pay", "send", "transfer", "money", "payment"};
  const auto has_any = [&](const auto& list) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return any_of(list, word); });
  };
  if (has_any(takes) && has_any(kWallets)) return true;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] != "wechat") continue;
    const std::string& before = words[i - 1];
    const bool person = before == "my" || before == "personal" || before == "add" || before == "private";
    const bool id = i + 1 < words.size() && (words[i + 1] == "id" || words[i + 1] == "account");
    if ((person || (id && before != "your")) && has_any(pays)) return true;
  }
  return false;
}

bool is_elsewhere(const Clause& clause, std::string_view text, std::string_view sentence) {
  const bool asked = clause.question && text.find("请") == std::string_view::npos;
  if (account_number(text, sentence)) return true;
  if (holds_chinese(text)) {
    const bool asks = asked || text.find("吗") != std::string_view::npos;
    if (!asks && (moves_zh(text) || wallet_zh(text, sentence))) return true;
  }
  if (contains_any(text, kBack)) return false;
  const Words words = words_of(text);
  constexpr std::string_view questions[] = {"did", "have", "was", "is", "were", "do", "does", "can", "shall", "should"};
  if (words.empty() || is_turned(words)) return false;
  if (clause.question && any_of(questions, words.front())) return false;
  return moves_en(words, text) || wallet_en(words);
}

}  // namespace

std::string other_payee(const std::vector<Clause>& clauses) {
  const bool hinted = std::ranges::any_of(clauses, [](const Clause& c) { return contains_any(c.text, kHints); });
  if (!hinted) return {};
  std::string sentence;
  std::string named;  // "account number:" is the name of what follows
  for (const Clause& clause : clauses) {
    if (clause.first) {
      sentence.clear();
      named.clear();
    }
    sentence += clause.text + " ";
    const std::string text = named + clause.text;
    if (is_elsewhere(clause, text, sentence)) return clause.text;
    named = clause.names ? text + " " : std::string();
  }
  return {};
}

}  // namespace purser::rules
