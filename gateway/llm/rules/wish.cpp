#include "gateway/llm/rules/wish.hpp"

#include "gateway/llm/rules/doubt.hpp"
#include "gateway/llm/rules/numbers.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <unordered_map>

namespace purser::dialogue {

namespace {

template <class... Words>
bool holds(std::string_view text, Words... words) {
  return (... || (text.find(words) != std::string_view::npos));
}

// An English word or phrase with word boundaries; `pattern` is a regular expression.
// To compile a pattern takes longer than most searches: once a thread, for there are no others than those below.
bool says(const std::string& text, const std::string& pattern) {
  thread_local std::unordered_map<std::string, std::regex> compiled;
  auto known = compiled.find(pattern);
  if (known == compiled.end()) known = compiled.emplace(pattern, std::regex(pattern, std::regex::ECMAScript)).first;
  return std::regex_search(text, known->second);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string trimmed(std::string text) {
  static constexpr std::string_view kEdge = " \t\n.!?,;:'\"";
  const auto first = text.find_first_not_of(kEdge);
  if (first == std::string::npos) return {};
  const auto last = text.find_last_not_of(kEdge);
  return text.substr(first, last - first + 1);
}

// Sentences and list items fall apart here.
std::vector<std::string> pieces(std::string text) {
  for (const char* mark : {"，", "。", "！", "？", "；", "、", "\n", ";", "!", "?", ", ", ". "})
    replace_all(text, mark, "|");
  for (const char* word : {"还有", "再加", "以及", "外加"}) replace_all(text, word, "|");
  for (const char* word : {" and ", " plus ", " as well as "}) replace_all(text, word, "|");
  replace_all(text, "和", "|");
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at <= text.size()) {
    const auto end = std::min(text.find('|', at), text.size());
    std::string piece = trimmed(text.substr(at, end - at));
    if (!piece.empty()) out.push_back(std::move(piece));
    at = end + 1;
  }
  return out;
}

// "两包龙井四个茶杯": a number with its measure word begins another item.
std::vector<std::string> items(const std::string& text) {
  static const std::regex kCount(
      "((?:[0-9]|一|二|两|三|四|五|六|七|八|九|十|百)+ ?(?:包|个|盒|只|袋|把|件|张|饼|份|瓶|罐|套))");
  return pieces(std::regex_replace(text, kCount, "|$1"));
}

// What is left of a phrase when politeness and verbs are taken away is the name of the goods.
std::string name_of_goods(std::string phrase) {
  static const std::regex kPolite(
      "\\b(i'd|i|would|will|could|can|you|we|me|my|us|like|want|wanna|need|to|buy|order|get|give|take|purchase|have|"
      "please|some|the|of|"
      "also|just|again|more|for|it|hi|hello|hey|ok|okay|yes|this|that|is|are|was|price|cost|costs|much|how|what|what's|"
      "does|do|a|an|"
      "refund|return|back|one|them|those|pack|packs|box|boxes|from|actually|send|show|on|in|thanks|thank|and|lot|lots|"
      "very|so)\\b");
  phrase = std::regex_replace(phrase, kPolite, " ");
  for (const char* word :
       {"不好意思", "对不起", "打扰了", "我想要", "我想买", "我要买", "我想", "我要", "帮我", "给我", "请问",
        "请",       "麻烦",   "想要",   "想买",   "要买",   "购买",   "下单", "再来", "来点", "买",   "来",
        "要",       "订",     "点",     "吧",     "呢",     "吗",     "啊",   "呀",   "谢谢", "你好", "您好",
        "一下",     "多少钱", "价格",   "怎么卖", "是多少", "的",     "退款", "退货", "退掉", "退还", "退",
        "能不能",   "可以",   "我",     "这个",   "那个",   "拿",     "换成"})
    replace_all(phrase, word, " ");
  std::string out;
  for (const char c : phrase)
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out.push_back(c);
  return trimmed(std::move(out));
}

Goods goods_in(const std::string& piece) {
  Goods out;
  std::string rest = piece;
  if (auto quantity = first_quantity(piece)) {
    out.quantity = quantity->count;
    out.counted = true;
    rest = piece.substr(0, quantity->begin) + " " + piece.substr(quantity->end);
  }
  out.words = name_of_goods(rest);
  // "two cups": the measure is the thing.
  if (out.words.empty() && out.counted)
    for (const char* thing : {"cup", "pot"})
      if (says(piece, std::string("\\b") + thing + "s?\\b")) out.words = thing;
  return out;
}

bool counted_twice(const std::string& piece) {
  static const std::regex kArticle("\\b(a|an|another)\\b");
  const auto quantity = first_quantity(piece);
  if (!quantity) return false;
  const std::string rest = piece.substr(0, quantity->begin) + " " + piece.substr(quantity->end);
  return first_quantity(std::regex_replace(rest, kArticle, " ")).has_value();
}

// "five and two oranges": five of what?
bool counts_nothing(const std::string& piece) {
  static const std::regex kArticle("^(a|an|another)\\b");
  const auto quantity = first_quantity(piece);
  return quantity && !std::regex_search(piece.substr(quantity->begin), kArticle) && goods_in(piece).words.empty();
}

bool miscounted(const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [](const std::string& piece) { return counted_twice(piece) || counts_nothing(piece); });
}

std::vector<Goods> all_goods(const std::string& text) {
  std::vector<Goods> out;
  for (const std::string& piece : items(text)) {
    Goods goods = goods_in(piece);
    if (!goods.words.empty()) out.push_back(std::move(goods));
  }
  return out;
}

bool wants_refund(const std::string& t) {
  if (holds(t, "退出", "不用退", "不要退", "别退") || says(t, "\\b(don't|do not|no|not) (want a |want |a )?refund"))
    return false;
  return holds(t, "退") ||
         says(t, "\\brefund(s|ed)?\\b|\\bmoney back\\b|\\breturn (it|the|my|one|two|all|this|that)\\b");
}

bool wants_cancel(const std::string& t) {
  if (holds(t, "不要取消", "别取消", "不取消") || says(t, "\\b(don't|do not|not) cancel")) return false;
  return holds(t, "取消", "不要了", "不买了", "算了", "不想要了") ||
         says(t, "\\bcancel\\b|\\bnever ?mind\\b|\\bforget (it|about it)\\b|\\bdon't want (it|this|that)\\b");
}

bool wants_renewal(const std::string& t) {
  if (holds(t, "手续", "继续", "连续", "陆续", "后续", "持续")) return false;
  return holds(t, "续", "重新生成", "重新下单", "重新支付", "重新付", "再付一次", "再次支付", "重新来", "再来一次") ||
         says(t,
              "\\brenew\\b|\\bpay again\\b|\\b(re-?order|order again|same again)\\b|\\bnew (code|link|qr)\\b|\\btry "
              "(to pay )?again\\b");
}

bool asks_status(const std::string& t) {
  if (holds(t, "到账", "付了吗", "付好了", "我付了", "付过了", "已经付", "付款成功", "支付成功", "付完", "收到钱",
            "收到款", "收到我的", "收到付款", "订单状态", "付款状态", "到了吗", "订单怎么样", "查一下订单", "查订单",
            "退款到", "退款了吗", "退款成功"))
    return true;
  return says(t,
              "\\b(did|has|have|was|is)\\b.*\\b(pay|paid|payment|money|refund|order)\\b.*\\b(arrive|arrived|through|"
              "received|receive|get|there|done|"
              "complete|completed|successful|succeed|status|paid|refunded|come|processed)\\b") ||
         says(t,
              "\\b(payment|order|refund)('s)? status\\b|\\bstatus of\\b|\\bi('ve| have)? (already )?paid\\b|\\bdid you "
              "(get|receive)\\b|"
              "\\bwhere is my (order|refund|money)\\b|\\bwhat about my (order|payment|refund)\\b|\\bam i paid up\\b");
}

bool asks_list(const std::string& t) {
  return holds(t, "有什么", "有哪些", "卖什么", "卖些什么", "菜单", "商品列表", "都有啥", "有啥", "看看商品", "推荐") ||
         says(t,
              "\\bwhat (do|have|can|else)\\b.*\\b(have|got|sell|offer|buy|order)\\b|\\bwhat('s| is) "
              "(there|available|on sale|on offer|for sale)\\b|"
              "\\b(catalogue|catalog|menu)\\b|\\bshow me (everything|what|your|the (goods|list))|\\bwhat are you "
              "selling\\b|\\brecommend\\b|\\byour (goods|products)\\b");
}

bool asks_price(const std::string& t) {
  return holds(t, "多少钱", "价格", "怎么卖", "几块钱", "什么价") ||
         says(t, "\\bhow much\\b|\\bprice of\\b|\\bwhat does .* cost\\b|\\bcost of\\b|\\bthe price\\b");
}

bool wants_to_buy(const std::string& t) {
  return holds(t, "买", "来", "要", "想要", "下单", "订", "给我", "拿", "点") ||
         says(t,
              "\\b(buy|order|get|purchase|want|need|take|i'd like|i would like|give me|please|can i have|could i "
              "have|i'll have)\\b");
}

bool greets(const std::string& t) {
  return holds(t, "你好", "您好", "在吗", "早上好", "晚上好", "嗨") ||
         says(t, "^(hi|hello|hey|good (morning|evening|afternoon))\\b");
}
bool thanks(const std::string& t) {
  return holds(t, "谢谢", "多谢", "感谢") || says(t, "\\b(thanks|thank you|thx|cheers)\\b");
}
bool wants_help(const std::string& t) {
  return holds(t, "帮助", "怎么用", "你能做什么", "你会什么") || says(t, "\\bhelp\\b|\\bwhat can you do\\b");
}
bool declines(const std::string& t) {
  return holds(t, "不用退", "不要退", "别退", "不用了", "不要取消", "别取消", "没事") ||
         says(t, "\\b(don't|do not|no need|not) (cancel|refund|worry)|^no\\b");
}

// The part of the text that speaks of the refund.
std::string refund_clause(const std::string& text) {
  std::string out;
  for (const std::string& piece : pieces(text))
    if (wants_refund(piece)) out += (out.empty() ? "" : " | ") + piece;
  return out.empty() ? text : out;
}

void read_refund(const std::string& text, Wish& wish) {
  const std::string clause = refund_clause(text);
  if (tells_of_refund(clause)) {
    wish.kind = WishKind::status;
    return;
  }
  if (doubtful_refund(text, clause) || counted_twice(clause))
    return;  // a refund of nothing in particular: the shop asks what is meant
  wish.amount_fen = first_amount_fen(text);
  wish.all = holds(text, "全部", "全额", "都退", "全退", "整单", "所有") ||
             says(text, "\\b(all|everything|full|fully|whole|entire)\\b");
  if (wish.amount_fen || wish.all) return;
  // The goods stand in the piece that asks for the refund, not in the one that tells what happened.
  for (std::string& piece : pieces(text)) {
    if (!wants_refund(piece)) continue;
    replace_all(piece, "a refund", "refund");  // the article is no count
    Goods goods = goods_in(piece);
    if (goods.counted || !goods.words.empty()) wish.goods.push_back(std::move(goods));
  }
}

}  // namespace

std::string_view to_string(WishKind kind) {
  static constexpr std::array<std::string_view, 13> kNames = {"unclear", "greeting", "thanks", "help",   "list",
                                                              "price",   "buy",      "status", "cancel", "renew",
                                                              "refund",  "nothing",  "haggle"};
  return kNames.at(static_cast<std::size_t>(kind));
}

bool has_chinese(std::string_view text) {
  // The lead bytes of U+4E00 to U+9FFF.
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0xE4 && static_cast<unsigned char>(c) <= 0xE9;
  });
}

bool is_vague(std::string_view words) {
  static constexpr std::array<std::string_view, 22> kShelves = {
      "tea",   "teas",   "fruit", "fruits", "snack", "snacks", "gift", "gifts", "something", "anything", "stuff",
      "goods", "things", "茶",    "茶叶",   "水果",  "零食",   "礼物", "东西",  "商品",      "点心",     "礼品"};
  return std::find(kShelves.begin(), kShelves.end(), words) != kShelves.end();
}

namespace {

// std::regex tries each beginning anew and recurses with the length of what it finds, so what strangers write is
// bounded before any pattern sees it. No order is longer than that, and no number of a card or an identity.
constexpr std::size_t kReadBytesMax = 600;
constexpr std::size_t kDigitsMax = 20;

bool is_readable(std::string_view text) {
  if (text.size() > kReadBytesMax) return false;
  static constexpr std::array<std::string_view, 12> kDigits = {"一", "二", "两", "三", "四", "五",
                                                               "六", "七", "八", "九", "十", "百"};
  std::size_t digits = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const bool chinese =
        std::any_of(kDigits.begin(), kDigits.end(), [&](std::string_view digit) { return rest.starts_with(digit); });
    const bool digit = chinese || (rest.front() >= '0' && rest.front() <= '9');
    digits = digit ? digits + 1 : 0;
    if (digits > kDigitsMax) return false;
    at += chinese ? kDigits.front().size() : 1;
  }
  return true;
}

}  // namespace

Wish understand(std::string_view raw, bool answers_question) {
  const std::string text = plain_text(raw);
  Wish wish;
  wish.chinese = has_chinese(text);
  if (!is_readable(text)) return wish;
  if (declines(text) && !wants_to_buy(text)) {
    wish.kind = WishKind::nothing;
  } else if (asks_status(text)) {
    wish.kind = WishKind::status;
  } else if (wants_refund(text)) {
    wish.kind = WishKind::refund;
    read_refund(text, wish);
  } else if (wants_renewal(text)) {
    wish.kind = doubtful_cancel(text) ? WishKind::unclear : WishKind::renew;
  } else if (wants_cancel(text)) {
    wish.kind = doubtful_cancel(text) ? WishKind::unclear : WishKind::cancel;
  } else if (asks_list(text)) {
    wish.kind = WishKind::list;
  } else if (asks_price(text)) {
    wish.goods = all_goods(text);
    wish.kind = wish.goods.empty() ? WishKind::list : WishKind::price;
  } else {
    const auto goods = all_goods(text);
    const bool counted = std::any_of(goods.begin(), goods.end(), [](const Goods& g) { return g.counted; });
    if (!goods.empty() && (wants_to_buy(text) || counted || answers_question)) {
      if (haggles(text)) {
        wish.kind = WishKind::haggle;
      } else if (!doubtful_order(text) && !miscounted(items(text))) {
        wish.kind = WishKind::buy;
        wish.goods = goods;
      }
    } else if (wants_help(text)) {
      wish.kind = WishKind::help;
    } else if (thanks(text)) {
      wish.kind = WishKind::thanks;
    } else if (greets(text)) {
      wish.kind = WishKind::greeting;
    }
  }
  return wish;
}

}  // namespace purser::dialogue
