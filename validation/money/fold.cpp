#include "validation/money/fold.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace purser {
namespace {

// A look-alike, and what it looks like.
constexpr std::u32string_view kAlike =
    // Cyrillic
    U"аaбbвbгrдdеeёeззиuйuкkмmнhоoпnрpсcтtуyфoхxчцьbіiїiјjѕsһhԁdԛqԝwѵvгrАAВBЕEЁEІIЇIЈJКKМMНHОOРPСCТTУYФOХXЅSЗ3ԜWԚQ"
    // Greek
    U"αaβbγyδdεeηnιiκkνvοoρpτtυuχxωwσoςcΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX"
    // Latin letters of other shapes
    U"ıiɩiɑaɡgℓlɪiʀrɴnʙbɢgʜhʟlᴀaᴄcᴅdᴇeᴊjᴋkᴍmᴏoᴘpᴛtᴜuᴠvᴡwᴢzꜰfꜱsøoØOłlŁLđdĐDħhœoæa";

// Letters with accents, by the plain letter that they come from.
struct Accented {
  char32_t plain;
  std::u32string_view forms;
};
constexpr Accented kAccented[] = {{'a', U"àáâãäåāăąǎạảấầẩẫậắằ"},
                                  {'A', U"ÀÁÂÃÄÅĀĂĄǍ"},
                                  {'c', U"çćĉċč"},
                                  {'C', U"ÇĆĈĊČ"},
                                  {'d', U"ďḍ"},
                                  {'D', U"Ď"},
                                  {'e', U"èéêëēĕėęěẹẻẽ"},
                                  {'E', U"ÈÉÊËĒĔĖĘĚ"},
                                  {'f', U"ƒ"},
                                  {'g', U"ĝğġģ"},
                                  {'G', U"ĜĞĠĢ"},
                                  {'h', U"ĥḥ"},
                                  {'i', U"ìíîïĩīĭįǐị"},
                                  {'I', U"ÌÍÎÏĨĪĬĮİǏ"},
                                  {'j', U"ĵ"},
                                  {'k', U"ķ"},
                                  {'l', U"ĺļľ"},
                                  {'n', U"ñńņňǹ"},
                                  {'N', U"ÑŃŅŇǸ"},
                                  {'o', U"òóôõöōŏőǒọ"},
                                  {'O', U"ÒÓÔÕÖŌŎŐǑ"},
                                  {'r', U"ŕŗř"},
                                  {'R', U"ŔŖŘ"},
                                  {'s', U"śŝşšș"},
                                  {'S', U"ŚŜŞŠ"},
                                  {'t', U"ţťț"},
                                  {'T', U"ŢŤ"},
                                  {'u', U"ùúûüũūŭůűųǔǖǘǚǜụ"},
                                  {'U', U"ÙÚÛÜŨŪŬŮŰŲǓ"},
                                  {'w', U"ŵẁẃẅ"},
                                  {'y', U"ýÿŷ"},
                                  {'Y', U"ÝŸŶ"},
                                  {'z', U"źżž"},
                                  {'Z', U"ŹŻŽ"}};

// Traditional character, simplified one, ... of the words that money is spoken of with; rising, for it is searched.
constexpr std::u32string_view kTraditional =
    U"來来個个們们僅仅價价億亿償偿優优儲储兩两剛刚匯汇參叁問问單单嗎吗圓圆塊块壓压實实寶宝將将對对帳账帶带幫帮"
    U"後后從从應应戶户掃扫掛挂時时會会檢检沒没減减滿满為为無无現现產产異异當当發发確确碼码紅红結结給给經经維维"
    U"總总繫系聯联與与萬万處处號号補补覽览訂订計计該该認认誤误請请謝谢證证變变讓让貨货貳贰買买費费賠赔賣卖賬账"
    U"購购贈赠轉转辦办這这進进運运過过達达還还銀银銷销錢钱鏈链鐘钟門门開开關关陸陆際际頁页項项題题額额願愿餘余"
    U"麼么點点";

char32_t from_pairs(std::u32string_view pairs, char32_t code) {
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    if (pairs[i] == code) return pairs[i + 1];
  return 0;
}

char32_t simplified(char32_t code) {
  std::size_t low = 0;
  std::size_t high = kTraditional.size() / 2;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const char32_t here = kTraditional[2 * middle];
    if (here == code) return kTraditional[2 * middle + 1];
    if (here < code) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return code;
}

bool in(char32_t code, char32_t first, char32_t last) {
  return code >= first && code <= last;
}

// The zeros of scripts whose digits follow each other.
constexpr char32_t kZeros[] = {0x0660, 0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6, 0x0B66, 0x0BE6,
                               0x0C66, 0x0CE6,  0x0D66,  0x0E50,  0x0ED0,  0x0F20,  0x1040, 0x17E0, 0x1810,
                               0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1FBF0};

// Mathematical letters stand in runs of 52, capitals first; the Greek between them is left alone.
char32_t plain_math(char32_t code) {
  if (!in(code, 0x1D400, 0x1D6A3)) return 0;
  const char32_t place = (code - 0x1D400) % 52;
  return place < 26 ? 'A' + place : 'a' + (place - 26);
}

char32_t plain_enclosed(char32_t code) {
  if (in(code, 0x24B6, 0x24CF)) return 'A' + (code - 0x24B6);
  if (in(code, 0x24D0, 0x24E9)) return 'a' + (code - 0x24D0);
  if (in(code, 0x249C, 0x24B5)) return 'a' + (code - 0x249C);
  for (const char32_t first : {0x1F110, 0x1F130, 0x1F150, 0x1F170})
    if (in(code, first, first + 25)) return 'A' + (code - first);
  return 0;
}

bool is_space(char32_t code) {
  return code == 0xA0 || code == 0x1680 || in(code, 0x2000, 0x200A) || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

// What takes no room: also combining marks, which only change how the letter before them looks.
bool takes_no_room(char32_t code) {
  return in(code, 0x0300, 0x036F) || in(code, 0x20D0, 0x20F0) || in(code, 0x200B, 0x200F) || in(code, 0x202A, 0x202E) ||
         in(code, 0x2060, 0x206F) || code == 0xAD || code == 0xFEFF || in(code, 0xFE00, 0xFE0F) || code == 0x061C ||
         code == 0x180E || in(code, 0xE0000, 0xE0FFF);
}

char32_t plain_sign(char32_t code) {
  if (is_space(code)) return ' ';
  if (in(code, 0x2010, 0x2015) || code == 0x2212 || code == 0xFE58 || code == 0xFE63) return '-';
  if (code == 0x2018 || code == 0x2019 || code == 0x02BC || code == 0x2032) return '\'';
  if (code == 0x201C || code == 0x201D) return '"';
  if (code == 0x2044 || code == 0x2215) return '/';
  if (code == 0x2024) return '.';
  if (code == 0xFFE5) return 0xA5;
  return 0;
}

char32_t plain(char32_t code) {
  if (code < 0x80) return code;
  if (in(code, 0x3001, 0x9FFF)) return simplified(code);  // most of what is not ASCII, so it is asked first
  if (const int digit = digit_value(code); digit >= 0) return static_cast<char32_t>('0' + digit);
  if (in(code, 0xFF21, 0xFF3A) || in(code, 0xFF41, 0xFF5A)) return code - 0xFF01 + '!';
  if (const char32_t sign = plain_sign(code)) return sign;
  if (const char32_t letter = plain_math(code)) return letter;
  if (const char32_t letter = plain_enclosed(code)) return letter;
  if (const char32_t letter = from_pairs(kAlike, code)) return letter;
  for (const Accented& row : kAccented)
    if (row.forms.find(code) != std::u32string_view::npos) return row.plain;
  return code;
}

void append_utf8(std::string& out, char32_t code) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6), put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 0x3F)), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
  }
}

struct Entity {
  std::string_view name;
  std::string_view character;
};
constexpr Entity kEntities[] = {{"nbsp", " "},  {"amp", "&"},    {"lt", "<"},    {"gt", ">"},     {"quot", "\""},
                                {"apos", "'"},  {"yen", "¥"},    {"ensp", " "},  {"emsp", " "},   {"thinsp", " "},
                                {"shy", ""},    {"zwj", ""},     {"zwnj", ""},   {"period", "."}, {"comma", ","},
                                {"colon", ":"}, {"excl", "!"},   {"quest", "?"}, {"dollar", "$"}, {"euro", "€"},
                                {"pound", "£"}, {"percnt", "%"}, {"num", "#"},   {"sol", "/"},    {"hyphen", "-"}};

std::optional<char32_t> numbered(std::string_view digits) {
  const bool hex = digits.starts_with('x') || digits.starts_with('X');
  if (hex) digits.remove_prefix(1);
  if (digits.empty() || digits.size() > 7) return std::nullopt;
  char32_t value = 0;
  for (char c : digits) {
    c = ascii::lower(c);
    const bool letter = hex && c >= 'a' && c <= 'f';
    if (!ascii::is_digit(c) && !letter) return std::nullopt;
    value = value * (hex ? 16 : 10) + static_cast<char32_t>(letter ? c - 'a' + 10 : c - '0');
  }
  if (value == 0 || value > 0x10FFFF || in(value, 0xD800, 0xDFFF)) return std::nullopt;
  return value;
}

// The length of the entity that the text begins with, after what it stands for was appended; 0 when there is none.
std::size_t take_entity(std::string_view text, std::string& out) {
  constexpr std::size_t kLongest = 12;
  const std::size_t end = text.substr(0, kLongest).find(';');
  if (end == std::string_view::npos || end < 3) return 0;
  const std::string_view name = text.substr(1, end - 1);
  if (name.front() == '#') {
    const auto code = numbered(name.substr(1));
    if (!code) return 0;
    append_utf8(out, *code);
    return end + 1;
  }
  const auto* found = std::find_if(std::begin(kEntities), std::end(kEntities),
                                   [&](const Entity& entity) { return entity.name == ascii::lower(name); });
  if (found == std::end(kEntities)) return 0;
  out += found->character;
  return end + 1;
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::string_view first = first_code_points(text, 1);
  if (lead < 0x80 || first.size() < 2 || !valid_utf8(first)) return {lead, 1};
  char32_t code = lead & (0x7Fu >> first.size());
  for (std::size_t i = 1; i < first.size(); ++i) code = code << 6 | (static_cast<unsigned char>(first[i]) & 0x3Fu);
  return {code, first.size()};
}

int digit_value(char32_t code) {
  if (in(code, '0', '9')) return static_cast<int>(code - '0');
  if (code < 0x80) return -1;
  for (const char32_t zero : kZeros)
    if (in(code, zero, zero + 9)) return static_cast<int>(code - zero);
  if (code == 0x2070 || code == 0x2080 || code == 0x24EA || code == 0x24FF) return 0;
  if (code == 0xB9) return 1;
  if (code == 0xB2 || code == 0xB3) return static_cast<int>(code - 0xB0);
  if (in(code, 0x2074, 0x2079)) return static_cast<int>(code - 0x2070);
  if (in(code, 0x2081, 0x2089)) return static_cast<int>(code - 0x2080);
  for (const char32_t one : {0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A})
    if (in(code, one, one + 8)) return static_cast<int>(code - one) + 1;
  return -1;
}

std::string folded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint one = first_code_point(text);
    const bool utf8 = one.bytes > 1 || one.code < 0x80;
    if (!utf8) {
      out += text.front();
    } else if (!takes_no_room(one.code)) {
      append_utf8(out, plain(one.code));
    }
    text.remove_prefix(one.bytes);
  }
  return out;
}

std::string without_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (text.front() == '&') {
      if (const std::size_t taken = take_entity(text, out); taken != 0) {
        text.remove_prefix(taken);
        continue;
      }
    }
    constexpr std::string_view kSigns = "*_~`";
    if (kSigns.find(text.front()) == std::string_view::npos) out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace purser
