#include "gateway/llm/rules/doubt.hpp"

#include "gateway/llm/rules/numbers.hpp"

#include <regex>

namespace purser::dialogue {

namespace {

bool says(const std::string& text, const std::regex& pattern) {
  return std::regex_search(text, pattern);
}

// A number no shop can hand out: nothing, less than nothing, or a part of a piece. An amount of money has decimals.
bool odd_number(const std::string& text) {
  static const std::regex kDecimal("[0-9]\\.[0-9]");
  if (says(text, kDecimal) && !first_amount_fen(text)) return true;
  static const std::regex kOdd(
      "(^|[^0-9a-z.])0+([^0-9.]|$)|(^|[^0-9a-z])-\\s*[0-9]|零个|零包|负|"
      "\\bminus\\b|\\bzero\\b");
  static const std::regex kHalf("半(?!打)|\\bhalf\\b(?! a dozen)");
  return says(text, kOdd) || says(text, kHalf);
}

}  // namespace

std::string plain_text(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    // U+FF05 to U+FF19, the full-width percent sign to the nine, without the comma, which parts clauses.
    const bool wide = text.substr(at).starts_with("\xEF\xBC") && at + 2 < text.size();
    const auto last = wide ? static_cast<unsigned char>(text[at + 2]) : 0U;
    if (wide && last >= 0x85 && last <= 0x99 && last != 0x8C) {
      out.push_back(static_cast<char>(last - 0x85 + '%'));
      at += 2;
    } else {
      out.push_back(text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] - 'A' + 'a') : text[at]);
    }
  }
  return out;
}

bool doubtful_order(const std::string& text) {
  static const std::regex kEnglish(
      "\\b(don't|dont|do not|didn't|did not|no|not|never|without|won't|bought|ordered|purchased|yesterday|already|"
      "last (week|time|month|year)|whether|if|should i|wonder|know|why|when|how|pounds?|lbs?)\\b|"
      "^(is|are|was|were|does|do|did|has|have) ");
  static const std::regex kChinese(
      "不要|不买|不想|不需要|不用|不订|没要|没有要|没买|没想|别(?!的|人)|该不该|是否|想知道|为什么|怎么|什么时候|昨天|"
      "上次|之前|买过|买了|已经|如果|要是");
  // A 斤 is half a kilogram, and no goods are sold by it.
  static const std::regex kWeight("(^|[^公])斤");
  return says(text, kEnglish) || says(text, kChinese) || says(text, kWeight) || odd_number(text);
}

bool haggles(const std::string& text) {
  static const std::regex kWords(
      "送我|免费|白送|便宜|打折|优惠|折扣|砍价|抹零|\\b(free|discount|cheaper|for nothing|half price)\\b");
  return says(text, kWords) || first_amount_fen(text).has_value();
}

bool doubtful_refund(const std::string& text, const std::string& clause) {
  static const std::regex kExcept(
      "\\b(except|other than|apart from|besides|(all|everything) but)\\b|除|以外|之外|其他|其余");
  // What is not yuan is not understood.
  static const std::regex kUnits(
      "\\b(dollars?|usd|euros?|eur|pounds?|gbp|yen|jpy|cents?|jiao|fen|mao|percent)\\b|[$%]|€|£|百分|美元|欧元|日元|"
      "港币|"
      "([0-9]|一|二|两|三|四|五|六|七|八|九|十)\\s*(分|角|毛|折|成)");
  static const std::regex kAsks(
      "\\b(how|why|when|whether|if|do you|does|did|policy|rules?|what (if|is|are|happens|about))\\b|怎么|如何|为什么|"
      "为何|什么时候|多久|如果|要是|规则|政策");
  return says(text, kExcept) || says(text, kUnits) || says(clause, kAsks) || odd_number(text);
}

bool tells_of_refund(const std::string& clause) {
  static const std::regex kTells(
      "\\b(never|didn't|did not|don't|do not|haven't|have not|hasn't|no one|nobody|not)\\b.*\\brefund|"
      "\\b(was|were|been|got|being|am|is|are|have|has|had|you)\\b( \\w+)? refunded\\b|"
      "没有?(让|说|要|申请|想)|没想|不想|不是要|退了|退过|已退|退给我了");
  return says(clause, kTells);
}

bool doubtful_cancel(const std::string& text) {
  static const std::regex kAsks(
      "\\b(how|why|when|whether|if|policy|rules?|what (if|is|happens)|was|were|did)\\b|怎么|如何|为什么|为何|什么时候|"
      "如果|要是|取消了吗|规则");
  return says(text, kAsks);
}

}  // namespace purser::dialogue
