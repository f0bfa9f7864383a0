#include "validation/rules/reply_reading.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/fold.hpp"
#include "validation/rules/clauses.hpp"

#include <utility>

namespace purser::rules {
namespace {

constexpr std::string_view kTicks[] = {"✅", "✔", "✓", "☑", "🆗", "👌"};
constexpr std::string_view kCrosses[] = {"❌", "✖", "✗", "✘", "☒", "🚫"};
constexpr std::string_view kBullets[] = {"•", "·", "●", "▪", "‣", "◦", "○", "■", "-", "+", ">"};
// Between a name and what is said of it.
constexpr std::string_view kSaysOf[] = {"—", "–", "―", "→", "⇒", "➜", "➡", "=>", "->", "==", "=", "|", "｜", "∣", "│"};

constexpr std::pair<std::string_view, std::string_view> kFormal[] = {
    {"壹", "一"}, {"贰", "二"}, {"貳", "二"}, {"叁", "三"}, {"參", "三"}, {"肆", "四"}, {"伍", "五"},
    {"陆", "六"}, {"陸", "六"}, {"柒", "七"}, {"捌", "八"}, {"玖", "九"}, {"拾", "十"}, {"佰", "百"},
    {"仟", "千"}, {"萬", "万"}, {"億", "亿"}, {"圓", "元"}, {"圆", "元"}};

bool is_chinese(std::string_view character) {
  return character >= "一" && character <= "鿿" && character.size() == 3;
}

template <std::size_t N>
std::string_view leading(std::string_view text, const std::string_view (&words)[N]) {
  for (std::string_view word : words)
    if (ascii::begins_with(text, word)) return word;
  return {};
}

std::string without_bullet(std::string_view line) {
  line = ascii::trimmed(line, " \t|");
  const std::string_view bullet = leading(line, kBullets);
  const bool marks = !bullet.empty() && (bullet != "-" || line.substr(bullet.size()).starts_with(' '));
  if (marks) line.remove_prefix(bullet.size());
  return std::string(ascii::trimmed(line, " \t|"));
}

// The bytes from here on that are no sign: letters, digits, most marks, Chinese characters.
std::size_t plain_run(std::string_view text, bool& chinese) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool han = byte >= 0xE3 && byte <= 0xE9;
    if (!han && (byte >= 0x80 || text[at] == '|' || text[at] == '=' || text[at] == '-' || text[at] == ' ')) break;
    chinese = chinese || han;
    at += han ? 3 : 1;
  }
  return std::min(at, text.size());
}

// One line with its signs in words.
std::string line_as_read(std::string_view text) {
  const std::string line = without_bullet(text);
  std::string_view rest = line;
  std::string out;
  bool chinese = false;
  while (!rest.empty()) {
    const std::size_t plain = plain_run(rest, chinese);
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const std::string_view character = first_code_points(rest, 1);
    if (const auto tick = leading(rest, kTicks); !tick.empty()) {
      out += chinese ? "成功" : " successful ";
      rest.remove_prefix(tick.size());
    } else if (const auto cross = leading(rest, kCrosses); !cross.empty()) {
      out += chinese ? "失败" : " failed ";
      rest.remove_prefix(cross.size());
    } else if (const auto of = leading(rest, kSaysOf); !of.empty()) {
      rest.remove_prefix(of.size());
      const bool range = !out.empty() && ascii::is_digit(out.back()) && !rest.empty() && ascii::is_digit(rest.front());
      out += range ? "-" : ": ";
    } else if (rest.starts_with(" - ")) {
      rest.remove_prefix(2);
      out += ":";
    } else {
      out += character;
      rest.remove_prefix(character.size());
    }
  }
  return out;
}

// "支 付 成 功" is a word all the same.
std::string closed_up(std::string_view text) {
  if (!holds_chinese(text) || text.find(' ') == std::string_view::npos) return std::string(text);
  std::string out;
  bool after_chinese = false;
  while (!text.empty()) {
    const std::size_t spaces = std::min(text.find_first_not_of(' '), text.size());
    const std::string_view next = first_code_points(text.substr(spaces), 1);
    if (!after_chinese || !is_chinese(next)) out += text.substr(0, spaces);
    out += next;
    after_chinese = is_chinese(next);
    text.remove_prefix(spaces + next.size());
  }
  return out;
}

// "P a i d", "P-A-I-D" is a word all the same: letters that stand alone, all with the same between them.
std::string spelt_out(const std::string& text) {
  constexpr std::string_view between = " -._*/";
  constexpr std::size_t kLettersLeast = 4;
  const auto alone = [&](std::size_t at) {
    if (at >= text.size() || !ascii::is_letter(text[at])) return false;
    const bool begins = at == 0 || !ascii::is_alnum(text[at - 1]);
    const bool ends = at + 1 == text.size() || !(ascii::is_alnum(text[at + 1]) || text[at + 1] == '\'');
    return begins && ends;
  };
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t letters = alone(at) ? 1 : 0;
    const char mark = at + 1 < text.size() ? text[at + 1] : '\0';
    if (letters > 0 && between.find(mark) != std::string_view::npos)
      while (at + 2 * letters < text.size() && text[at + 2 * letters - 1] == mark && alone(at + 2 * letters)) ++letters;
    if (letters < kLettersLeast) {
      out += text[at++];
      continue;
    }
    for (std::size_t i = 0; i < letters; ++i) out += text[at + 2 * i];
    at += 2 * letters - 1;
  }
  return out;
}

// "已经" says no more than "已".
std::string short_already(std::string text) {
  constexpr std::string_view longer = "已经";
  constexpr std::string_view shorter = "已";
  for (std::size_t at = 0; (at = text.find(longer, at)) != std::string::npos; at += shorter.size())
    text.replace(at, longer.size(), shorter);
  return text;
}

}  // namespace

std::string plain_numerals(std::string_view text) {
  if (!holds_chinese(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::string_view character = first_code_points(text, 1);
    const auto* formal =
        std::find_if(std::begin(kFormal), std::end(kFormal), [&](const auto& pair) { return pair.first == character; });
    out += formal == std::end(kFormal) ? std::string_view(character) : formal->second;
    text.remove_prefix(character.size());
  }
  return out;
}

std::string as_read(std::string_view text) {
  const std::string plain = without_markup(text);
  std::string lines;
  for (std::size_t at = 0; at <= plain.size();) {
    const std::size_t end = std::min(plain.find('\n', at), plain.size());
    lines += line_as_read(std::string_view(plain).substr(at, end - at));
    if (end < plain.size()) lines += '\n';
    at = end + 1;
  }
  return short_already(plain_numerals(closed_up(spelt_out(folded(lines)))));
}

}  // namespace purser::rules
