#include "validation/rules/money_figures.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"
#include "validation/rules/number_words.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace purser::rules {
namespace {

constexpr Money kNoSum{-1, Currency::cny()};
constexpr std::int64_t kMostYuan = 1'000'000'000'000;

struct Mark {
  std::string_view word;
  std::string_view currency;
};
// What stands before a figure. Longer words before those they begin with.
constexpr Mark kSigns[] = {{"¥", "CNY"},      {"￥", "CNY"},  {"cny", "CNY"}, {"rmb", "CNY"}, {"cn¥", "CNY"},
                           {"人民币", "CNY"}, {"hk$", "HKD"}, {"us$", "USD"}, {"usd", "USD"}, {"hkd", "HKD"},
                           {"eur", "EUR"},    {"gbp", "GBP"}, {"jpy", "JPY"}, {"$", "USD"},   {"€", "EUR"},
                           {"£", "GBP"},      {"yuan", "CNY"}};
// What stands after one.
constexpr Mark kUnits[] = {{"元", "CNY"},    {"块", "CNY"},     {"圆", "CNY"},     {"yuan", "CNY"},     {"kuai", "CNY"},
                           {"cny", "CNY"},   {"rmb", "CNY"},    {"人民币", "CNY"}, {"renminbi", "CNY"}, {"美元", "USD"},
                           {"美金", "USD"},  {"欧元", "EUR"},   {"港币", "HKD"},   {"港元", "HKD"},     {"日元", "JPY"},
                           {"英镑", "GBP"},  {"usd", "USD"},    {"eur", "EUR"},    {"hkd", "HKD"},      {"gbp", "GBP"},
                           {"jpy", "JPY"},   {"dollar", "USD"}, {"euro", "EUR"},   {"pound", "GBP"},    {"yen", "JPY"},
                           {"fen", "FEN"},   {"分钱", "FEN"},   {"角钱", "JIAO"},  {"毛钱", "JIAO"},    {"角", "JIAO"},
                           {"jiao", "JIAO"}, {"¥", "CNY"},      {"€", "EUR"}};

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

std::optional<std::int64_t> digit_zh(std::string_view character) {
  if (character.size() != 3) return std::nullopt;  // no Chinese one
  const auto* found = std::find_if(std::begin(kDigitsZh), std::end(kDigitsZh),
                                   [character](std::string_view one) { return ascii::same(one, character); });
  if (found != std::end(kDigitsZh)) return found - std::begin(kDigitsZh);
  if (character == "〇") return 0;
  if (character == "两") return 2;
  return std::nullopt;
}

std::int64_t scale_zh(std::string_view character) {
  if (character.size() != 3) return 0;
  if (character == "十") return 10;
  if (character == "百") return 100;
  if (character == "千") return 1'000;
  if (character == "万") return 10'000;
  if (character == "亿") return 100'000'000;
  return 0;
}

// A cursor over the text; every reader either takes what it is for or leaves the cursor where it is.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool ended() const { return at_ >= text_.size(); }
  std::size_t at() const { return at_; }
  void go(std::size_t to) { at_ = to; }
  std::string_view rest() const { return text_.substr(std::min(at_, text_.size())); }
  char before() const { return at_ == 0 ? ' ' : text_[at_ - 1]; }

  void spaces() {
    while (rest().starts_with(' ')) ++at_;
  }
  bool take(std::string_view word) {
    if (!ascii::begins_with(rest(), word)) return false;
    at_ += word.size();
    return true;
  }
  std::string_view character() const { return first_code_points(rest(), 1); }
  void next() { at_ += std::max<std::size_t>(character().size(), 1); }

  template <std::size_t N>
  const Mark* mark(const Mark (&marks)[N]) {
    const Mark* best = nullptr;
    for (const Mark& mark : marks)
      if (ascii::begins_with(rest(), mark.word) && (best == nullptr || mark.word.size() > best->word.size()))
        best = &mark;
    if (best != nullptr) at_ += best->word.size();
    return best;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// A figure before its unit is known: the text of a decimal number.
struct Figure {
  std::string decimal;
};

// "1,299.00", "12", "0.5"; a comma counts as grouping only before three digits. "1.2万" is taken with its scale.
std::optional<Figure> digits(Scanner& scan) {
  std::string number;
  bool point = false;
  const std::size_t start = scan.at();
  while (!scan.ended()) {
    const std::string_view rest = scan.rest();
    const auto digit_at = [&](std::size_t i) { return i < rest.size() && ascii::is_digit(rest[i]); };
    if (digit_at(0)) {
      number += rest[0];
    } else if (rest[0] == '.' && !point && !number.empty() && digit_at(1)) {
      number += '.';
      point = true;
    } else if (rest[0] == ',' && !point && !number.empty() && digit_at(1) && digit_at(2) && digit_at(3) &&
               !digit_at(4)) {
      // grouping
    } else {
      break;
    }
    scan.go(scan.at() + 1);
  }
  if (number.empty()) {
    scan.go(start);
    return std::nullopt;
  }
  return Figure{number};
}

// "二十五", "一千二百", "一百二" (120), "两万三", "一亿两千万", "零", "二五〇". Nothing when it is no number; more than
// kMostYuan when it is beyond that.
std::optional<std::int64_t> integer_zh(Scanner& scan) {
  std::int64_t total = 0;    // of whole 万 and 亿
  std::int64_t section = 0;  // below them
  std::int64_t digit = 0;
  std::int64_t last_scale = 0;
  bool any = false;
  bool digit_open = false;
  bool zero_before = false;
  bool plain = true;  // no scale so far: digits one after the other, "二五〇"
  bool beyond = false;
  while (!scan.ended()) {
    const std::string_view one = scan.character();
    if (const auto value = digit_zh(one)) {
      digit = plain && digit_open ? digit * 10 + *value : *value;
      zero_before = zero_before || *value == 0;
      digit_open = true;
    } else if (const std::int64_t scale = scale_zh(one); scale != 0 && (any || scale == 10)) {
      if (scale < 10'000) {
        section += (digit_open ? digit : 1) * scale;
      } else {
        // 万 counts what stands since the last 亿, or all: "一万万".
        const std::int64_t counted = section + digit;
        const bool all = scale > 10'000 || counted == 0;
        const std::int64_t scaled = all ? total + counted : counted;
        beyond = beyond || scaled > kMostYuan / scale;
        total = beyond ? 0 : scaled * scale + (all ? 0 : total);
        section = 0;
      }
      last_scale = scale;
      digit = 0;
      digit_open = false;
      zero_before = false;
      plain = false;
    } else {
      break;
    }
    any = true;
    beyond = beyond || total > kMostYuan || section > kMostYuan || digit > kMostYuan;
    if (beyond) total = section = digit = 0;
    scan.next();
  }
  if (!any) return std::nullopt;
  if (beyond) return kMostYuan + 1;
  // "一百二" is a hundred and twenty.
  if (digit_open && last_scale >= 100 && !zero_before) digit *= last_scale / 10;
  return total + section + digit;
}

std::optional<Figure> number_zh(Scanner& scan) {
  const std::size_t start = scan.at();
  const auto whole = integer_zh(scan);
  if (!whole) {
    scan.go(start);
    return std::nullopt;
  }
  Figure figure{std::to_string(*whole)};
  if (scan.take("点")) {
    std::string decimals;
    while (const auto digit = digit_zh(scan.character())) {
      decimals += static_cast<char>('0' + *digit);
      scan.next();
    }
    if (!decimals.empty()) figure.decimal += "." + decimals;
  }
  return figure;
}

// "twenty-five", "one hundred and twenty". Nothing when it is no number.
std::optional<Figure> number_en(Scanner& scan) {
  const std::size_t start = scan.at();
  std::int64_t total = 0;
  std::int64_t part = 0;
  bool any = false;
  std::size_t end = start;
  for (;;) {
    scan.spaces();
    (void)scan.take("-");
    std::string_view word = scan.rest();
    std::size_t size = 0;
    while (size < word.size() && is_letter(word[size])) ++size;
    word = word.substr(0, size);
    const auto is_word = [word](std::string_view one) { return ascii::same(one, word); };
    const auto* small = std::find_if(std::begin(kSmallNumbers), std::end(kSmallNumbers), is_word);
    const auto* tens = std::find_if(std::begin(kTens), std::end(kTens), is_word);
    if (small != std::end(kSmallNumbers)) {
      part += small - std::begin(kSmallNumbers);
    } else if (tens != std::end(kTens)) {
      part += (tens - std::begin(kTens) + 2) * 10;
    } else if (word == "a" && !any && (scan.rest().starts_with("a hundred") || scan.rest().starts_with("a thousand"))) {
      part = 1;
    } else if (word == "hundred" && any) {
      part *= 100;
    } else if (word == "thousand" && any) {
      total += part * 1'000;
      part = 0;
    } else if (!(word == "and" && any)) {
      break;
    }
    if (part > kMostYuan || total > kMostYuan) break;
    scan.go(scan.at() + size);
    if (word != "and") {
      any = true;
      end = scan.at();
    }
  }
  scan.go(any ? end : start);
  if (!any) return std::nullopt;
  return Figure{std::to_string(total + part)};
}

std::optional<Figure> number(Scanner& scan) {
  if (auto figure = digits(scan)) return figure;
  if (auto figure = number_zh(scan)) return figure;
  const bool begins_word = !is_letter(scan.before()) && !scan.ended() && is_letter(scan.rest().front());
  return begins_word ? number_en(scan) : std::nullopt;
}

Money sum_of(const std::string& decimal, std::string_view code) {
  const auto currency = Currency::parse(code);
  if (!currency) return kNoSum;
  const auto amount = parse_major(decimal, *currency);
  return amount ? *amount : kNoSum;
}

Money sum_of_minor(const std::string& decimal, std::int64_t factor) {
  const auto amount = parse_major(decimal, Currency::parse("JPY").value());
  const auto scaled = amount ? amount->times(factor) : Result<Money>(Errc::amount_overflow);
  return scaled ? Money(scaled->minor(), Currency::cny()) : kNoSum;
}

// "1.2万", "一点二万": the scale is part of the number.
void scale_by_characters(Scanner& scan, Figure& figure) {
  const std::size_t start = scan.at();
  scan.spaces();
  const int zeros = scan.take("万") ? 4 : scan.take("千") ? 3 : scan.take("百") ? 2 : 0;
  if (zeros == 0) return scan.go(start);
  std::size_t point = figure.decimal.find('.');
  std::string whole = figure.decimal.substr(0, point);
  std::string decimals = point == std::string::npos ? "" : figure.decimal.substr(point + 1);
  for (int i = 0; i < zeros; ++i) {
    whole += decimals.empty() ? '0' : decimals.front();
    if (!decimals.empty()) decimals.erase(0, 1);
  }
  figure.decimal = decimals.empty() ? whole : whole + "." + decimals;
}

// One digit, Arabic or Chinese; -1 when there is none.
int one_digit(Scanner& scan) {
  const std::string_view rest = scan.rest();
  if (!rest.empty() && ascii::is_digit(rest.front())) {
    scan.go(scan.at() + 1);
    return rest.front() - '0';
  }
  if (const auto value = digit_zh(scan.character())) {
    scan.next();
    return static_cast<int>(*value);
  }
  return -1;
}

// "25 yuan 90" goes on with anything but a noun: "90 cups" counts cups.
bool counts_something(std::string_view next) {
  constexpr std::string_view kGoesOn[] = {"received", "in",  "for", "was",    "has", "is",   "and",      "to",
                                          "paid",     "per", "at",  "please", "of",  "were", "refunded", "on"};
  if (next.size() < 2 || next[0] != ' ' || !is_letter(next[1])) return false;
  next.remove_prefix(1);
  std::size_t size = 0;
  while (size < next.size() && is_letter(next[size])) ++size;
  return std::find(std::begin(kGoesOn), std::end(kGoesOn), next.substr(0, size)) == std::end(kGoesOn);
}

// What follows 元, 块 or yuan and belongs to the sum: "五角", "九毛五", "九", "半", "90", "and 90 fen". In fen, or
// nothing.
std::optional<std::int64_t> rest_of_yuan(Scanner& scan, bool word) {
  const std::size_t start = scan.at();
  if (word) {
    scan.spaces();
    if (scan.take("and")) scan.spaces();
    const std::string_view rest = scan.rest();
    const bool two = rest.size() >= 2 && ascii::is_digit(rest[0]) && ascii::is_digit(rest[1]) &&
                     (rest.size() < 3 || !ascii::is_digit(rest[2]));
    if (two) {
      const std::int64_t fen = (rest[0] - '0') * 10 + (rest[1] - '0');
      scan.go(scan.at() + 2);
      const std::size_t after = scan.at();
      scan.spaces();
      if (scan.take("fen")) return fen;
      scan.go(after);
      if (!counts_something(scan.rest())) return fen;
    } else if (!rest.empty() && ascii::is_digit(rest[0]) && (rest.size() < 2 || !ascii::is_digit(rest[1]))) {
      scan.go(scan.at() + 1);  // "9 yuan 5 fen": a lone digit belongs to it with its unit alone
      scan.spaces();
      if (scan.take("fen")) return rest[0] - '0';
    }
    scan.go(start);
    scan.spaces();
    (void)scan.take("and ");
    if (const auto spelt = number_en(scan)) {
      scan.spaces();
      const auto fen = sum_of_minor(spelt->decimal, 1);
      if (scan.take("fen") && fen != kNoSum) return fen.minor();
    }
    scan.go(start);
    return std::nullopt;
  }
  if (scan.take("半")) return 50;
  const bool zero = scan.take("零");  // "二十五块零九" is nine fen
  int first = one_digit(scan);
  if (first < 0) {
    scan.go(start);
    return std::nullopt;
  }
  if (scan.take("角") || scan.take("毛")) {
    const std::size_t after = scan.at();
    const int second = one_digit(scan);
    if (second < 0) {
      scan.go(after);
      return first * 10;
    }
    (void)scan.take("分");
    return first * 10 + second;
  }
  if (scan.take("分")) {
    if (!scan.rest().starts_with("钟")) return first;
    scan.go(start);
    return std::nullopt;
  }
  const int second = one_digit(scan);
  if (second >= 0 && one_digit(scan) < 0) return first * 10 + second;  // 块二五
  if (second < 0) {
    // "二十五块九": a bare digit is tenths, unless it counts what follows ("五元3件").
    const std::string_view next = scan.character();
    constexpr std::string_view kCounts[] = {"件", "个", "杯", "盒", "次", "单", "天", "包",
                                            "罐", "人", "张", "小", "日", "月", "年", "."};
    if (std::find(std::begin(kCounts), std::end(kCounts), next) == std::end(kCounts)) return zero ? first : first * 10;
  }
  scan.go(start);
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : scan_(text) {}

  std::vector<StatedSum> run() {
    std::vector<StatedSum> sums;
    while (!scan_.ended()) {
      const std::size_t start = scan_.at();
      if (!take_signed() && !take_with_unit()) {
        scan_.go(start);
        skip();
      }
      for (Money sum : found_) sums.push_back({sum, start, scan_.at()});
      found_.clear();
    }
    return sums;
  }

 private:
  // Over one character, or over a whole word of Latin letters: "fen" within "often" is no unit.
  void skip() {
    const bool letter = is_letter(scan_.rest().front());
    scan_.next();
    while (letter && !scan_.ended() && is_letter(scan_.rest().front())) scan_.next();
  }

  bool take_signed() {
    if (is_letter(scan_.rest().front()) && is_letter(scan_.before())) return false;
    const Mark* sign = scan_.mark(kSigns);
    if (sign == nullptr) return false;
    scan_.spaces();
    (void)scan_.take(":");
    scan_.spaces();
    auto figure = number(scan_);
    if (!figure) return false;
    scale_by_characters(scan_, *figure);
    found_.push_back(sum_of(figure->decimal, sign->currency));
    // "¥25.90元" is one sum, not two.
    const std::size_t after = scan_.at();
    scan_.spaces();
    const Mark* unit = scan_.mark(kUnits);
    if (unit == nullptr || unit->currency != sign->currency) scan_.go(after);
    return true;
  }

  bool take_with_unit() {
    if (ascii::is_digit(scan_.before()) && ascii::is_digit(scan_.rest().front())) return false;
    auto figure = number(scan_);
    if (!figure) return false;
    const std::size_t after_number = scan_.at();
    scale_by_characters(scan_, *figure);
    scan_.spaces();
    (void)scan_.take("-");
    if (scan_.take("分")) {
      // 2590分 is money, 5分钟 is not.
      constexpr std::string_view kNotMoney[] = {"钟", "之", "享", "期", "享", "析", "类", "开", "别"};
      const std::string_view next = scan_.character();
      const bool money = std::find(std::begin(kNotMoney), std::end(kNotMoney), next) == std::end(kNotMoney);
      if (money) found_.push_back(sum_of_minor(figure->decimal, 1));
      return true;
    }
    const Mark* unit = scan_.mark(kUnits);
    const bool whole_word = unit != nullptr && (!is_letter(unit->word.back()) || ends_word(*unit));
    if (!whole_word) {
      scan_.go(after_number);
      return true;  // a number, but not of money
    }
    found_.push_back(with_unit(*figure, *unit));
    return true;
  }

  // "dollars" and "pounds" too.
  bool ends_word(const Mark&) {
    (void)scan_.take("s");
    return scan_.ended() || !is_letter(scan_.rest().front());
  }

  Money with_unit(const Figure& figure, const Mark& unit) {
    if (unit.currency == "FEN") return sum_of_minor(figure.decimal, 1);
    if (unit.currency == "JIAO") return sum_of_minor(figure.decimal, 10);
    if (unit.currency != "CNY") return sum_of(figure.decimal, unit.currency);
    (void)scan_.take("钱");
    const bool word = is_letter(unit.word.back());
    const bool splits =
        unit.word == "元" || unit.word == "块" || unit.word == "圆" || unit.word == "yuan" || unit.word == "kuai";
    const auto fen = splits && figure.decimal.find('.') == std::string::npos ? rest_of_yuan(scan_, word) : std::nullopt;
    const Money yuan = sum_of(figure.decimal, "CNY");
    if (!fen || yuan == kNoSum) return yuan;
    const auto sum = yuan.plus(Money(*fen, Currency::cny()));
    return sum ? *sum : kNoSum;
  }

  Scanner scan_;
  std::vector<Money> found_;  // by the reader that is at work
};

}  // namespace

std::vector<StatedSum> stated_sums(std::string_view text) {
  const std::string lower = ascii::lower(text);
  return Reader(lower).run();
}

std::vector<std::int64_t> spelt_numbers(std::string_view text) {
  const std::string lower = ascii::lower(text);
  Scanner scan(lower);
  std::vector<std::int64_t> numbers;
  while (!scan.ended()) {
    const bool word = is_letter(scan.rest().front());
    auto spelt = word ? (is_letter(scan.before()) ? std::nullopt : number_en(scan)) : number_zh(scan);
    if (spelt) {
      numbers.push_back(std::stoll(spelt->decimal));
    } else {
      scan.next();
    }
  }
  return numbers;
}

std::vector<Money> money_figures(std::string_view text) {
  std::vector<Money> figures;
  for (const StatedSum& stated : stated_sums(text)) figures.push_back(stated.sum);
  return figures;
}

}  // namespace purser::rules
