#include "gateway/llm/rules/numbers.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/money.hpp"

#include <array>
#include <string>
#include <utility>

namespace purser::dialogue {

namespace {

constexpr std::int64_t kMost = 1'000'000;

struct Word {
  std::string_view text;
  std::int64_t value;
};

constexpr std::array kChineseDigits = {Word{"一", 1}, Word{"二", 2}, Word{"两", 2}, Word{"三", 3},
                                       Word{"四", 4}, Word{"五", 5}, Word{"六", 6}, Word{"七", 7},
                                       Word{"八", 8}, Word{"九", 9}, Word{"俩", 2}};
// Longer words first: "seventeen" is not "seven".
constexpr std::array kEnglish = {Word{"a couple of", 2}, Word{"half a dozen", 6},
                                 Word{"a dozen", 12},    Word{"seventeen", 17},
                                 Word{"thirteen", 13},   Word{"fourteen", 14},
                                 Word{"eighteen", 18},   Word{"nineteen", 19},
                                 Word{"fifteen", 15},    Word{"sixteen", 16},
                                 Word{"another", 1},     Word{"eleven", 11},
                                 Word{"twelve", 12},     Word{"twenty", 20},
                                 Word{"three", 3},       Word{"seven", 7},
                                 Word{"eight", 8},       Word{"four", 4},
                                 Word{"five", 5},        Word{"nine", 9},
                                 Word{"one", 1},         Word{"two", 2},
                                 Word{"six", 6},         Word{"ten", 10},
                                 Word{"an", 1},          Word{"a", 1}};
constexpr std::array<std::string_view, 25> kChineseMeasures = {"包", "盒", "个", "斤", "瓶", "份",   "杯",  "袋", "罐",
                                                               "件", "只", "支", "把", "条", "块",   "箱",  "双", "套",
                                                               "张", "壶", "饼", "枚", "根", "公斤", "千克"};
constexpr std::array<std::string_view, 26> kEnglishMeasures = {
    "packets", "packet", "packs", "pack", "boxes", "box",    "bottles", "bottle", "bags", "bag", "tins", "tin", "cans",
    "can",     "pieces", "piece", "cups", "pots",  "pounds", "pound",   "kilos",  "kilo", "kg",  "jars", "jar", "sets"};
constexpr std::array<std::string_view, 6> kMoneyWords = {"元", "块", "圆", "yuan", "rmb", "cny"};

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || c == '\'';
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

bool whole_word(std::string_view text, std::size_t at, std::size_t size) {
  const bool starts = at == 0 || (!letter(text[at - 1]) && !ascii::is_digit(text[at - 1]));
  const bool ends = at + size >= text.size() || (!letter(text[at + size]) && !ascii::is_digit(text[at + size]));
  return starts && ends;
}

std::int64_t chinese_digit(std::string_view text, std::size_t at, std::size_t& size) {
  for (const Word& word : kChineseDigits)
    if (text.substr(at).starts_with(word.text)) {
      size = word.text.size();
      return word.value;
    }
  return 0;
}

// 三, 十, 十二, 二十, 二十三, 一百, 半打 is not one. The value and its end; 0 when there is none at `at`.
std::pair<std::int64_t, std::size_t> chinese_number(std::string_view text, std::size_t at) {
  static constexpr std::string_view kTen = "十";
  static constexpr std::string_view kHundred = "百";
  std::size_t size = 0;
  std::size_t end = at;
  std::int64_t value = 0;
  std::int64_t digit_value = chinese_digit(text, end, size);
  if (digit_value > 0) end += size;
  if (digit_value > 0 && text.substr(end).starts_with(kHundred)) {
    value += digit_value * 100;
    end += kHundred.size();
    digit_value = chinese_digit(text, end, size);
    if (digit_value > 0) end += size;
  }
  if (text.substr(end).starts_with(kTen)) {
    value += (digit_value > 0 ? digit_value : 1) * 10;
    end += kTen.size();
    digit_value = chinese_digit(text, end, size);
    if (digit_value > 0) end += size;
  }
  return {value + digit_value, end};
}

std::pair<std::int64_t, std::size_t> digits(std::string_view text, std::size_t at) {
  std::int64_t value = 0;
  std::size_t end = at;
  while (end < text.size() && ascii::is_digit(text[end]) && value < kMost) value = value * 10 + (text[end++] - '0');
  return {value, end};
}

std::size_t after_measure(std::string_view text, std::size_t at, bool& found) {
  const std::size_t start = skip_spaces(text, at);
  found = true;
  for (const auto measure : kChineseMeasures)
    if (text.substr(start).starts_with(measure)) return start + measure.size();
  for (const auto measure : kEnglishMeasures)
    if (text.substr(start).starts_with(measure) && whole_word(text, start, measure.size())) {
      const std::size_t of = skip_spaces(text, start + measure.size());
      return text.substr(of).starts_with("of ") ? of + 3 : start + measure.size();
    }
  found = false;
  return at;
}

bool money_follows(std::string_view text, std::size_t at) {
  at = skip_spaces(text, at);
  for (const auto word : kMoneyWords) {
    if (!text.substr(at).starts_with(word)) continue;
    // 一块蛋糕 is a piece, 三块 alone is money: money stands before the end, a sign, or 钱.
    const std::string_view rest = text.substr(at + word.size());
    if (word != "块") return true;
    return rest.empty() || rest.starts_with("钱") || rest.starts_with("，") || rest.starts_with("。") ||
           rest.front() == ',' || rest.front() == '.' || rest.front() == '!' || rest.front() == '?' ||
           rest.front() == ' ';
  }
  return false;
}

bool money_before(std::string_view text, std::size_t at) {
  return text.substr(0, at).ends_with("¥") || text.substr(0, at).ends_with("¥ ") || text.substr(0, at).ends_with("￥");
}

// The number that begins at `at`, if one does.
std::pair<std::int64_t, std::size_t> number_at(std::string_view text, std::size_t at) {
  if (ascii::is_digit(text[at])) {
    const bool inside =
        at > 0 && (letter(text[at - 1]) || ascii::is_digit(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '-');
    return inside ? std::pair<std::int64_t, std::size_t>{0, at} : digits(text, at);
  }
  for (const Word& word : kEnglish)
    if (text.substr(at).starts_with(word.text) && whole_word(text, at, word.text.size()))
      return {word.value, at + word.text.size()};
  return chinese_number(text, at);
}

}  // namespace

std::optional<Quantity> first_quantity(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto [value, end] = number_at(text, at);
    if (value <= 0) continue;
    const bool decimal = end + 1 < text.size() && text[end] == '.' && ascii::is_digit(text[end + 1]);
    if (decimal || money_follows(text, end) || money_before(text, at)) {
      at = end;
      continue;
    }
    bool measured = false;
    const std::size_t after = after_measure(text, end, measured);
    // A lone Chinese numeral without a measure word is mostly part of a word (一下, 三星).
    const bool chinese = static_cast<unsigned char>(text[at]) >= 0x80;
    if (chinese && !measured && !text.substr(at).starts_with("俩")) continue;  // 俩 holds its measure
    // "100 g", "100克": a size, not how many.
    const std::string_view rest = text.substr(skip_spaces(text, end));
    if (rest.starts_with("克") || (rest.starts_with("g") && whole_word(text, skip_spaces(text, end), 1))) {
      at = end;
      continue;
    }
    return Quantity{value, at, after};
  }
  return std::nullopt;
}

std::optional<std::int64_t> first_amount_fen(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool marked = money_before(text, at);
    if (!ascii::is_digit(text[at])) {
      const auto [value, end] = chinese_number(text, at);
      if (value > 0 && money_follows(text, end)) return value * 100;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && (ascii::is_digit(text[end]) ||
                                 (text[end] == '.' && end + 1 < text.size() && ascii::is_digit(text[end + 1]))))
      ++end;
    if (marked || money_follows(text, end)) {
      auto money = parse_major(text.substr(at, end - at), Currency::cny());
      if (money) return money->minor();
    }
    at = end;
  }
  return std::nullopt;
}

}  // namespace purser::dialogue
