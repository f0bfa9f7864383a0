#include "validation/money/text.hpp"

#include <algorithm>

namespace purser {
namespace {

struct Character {
  char32_t code;
  std::size_t bytes;  // 0: not UTF-8
};

bool is_tail(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// The first character of a text that is not empty.
Character read_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_tail(byte(i))) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (overlong || surrogate || code > 0x10FFFF) return {};
  return {code, length};
}

void append(std::string& out, char32_t code) {
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

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool within(const Range (&ranges)[N], char32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [code](const Range& range) { return code >= range.first && code <= range.last; });
}

constexpr Range kBidi[] = {{0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}};
// What Unicode calls default-ignorable: it takes part in no comparison a person makes.
constexpr Range kZeroWidth[] = {{0x00AD, 0x00AD},  {0x034F, 0x034F}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
                                {0x180B, 0x180F},  {0x200B, 0x200D}, {0x2060, 0x2065}, {0x206A, 0x206F},
                                {0x3164, 0x3164},  {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0},
                                {0xE0100, 0xE01EF}};
constexpr Range kTags[] = {{0xE0000, 0xE00FF}, {0xE01F0, 0xE0FFF}};
constexpr Range kControls[] = {{0x00, 0x1F}, {0x7F, 0x9F}, {0xFFF9, 0xFFFB}};
constexpr Range kLineBreaks[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

// Counts the character as removed when it is of a kind that is.
bool removed(char32_t code, Removed& counts) {
  if (within(kBidi, code)) return ++counts.bidi, true;
  if (within(kZeroWidth, code)) return ++counts.zero_width, true;
  if (within(kTags, code)) return ++counts.tags, true;
  if (within(kControls, code)) return ++counts.controls, true;
  return false;
}

// Full-width forms to ASCII, but for the punctuation that Chinese sentences are written with; the first and the last of
// the forms, ！ and ～, are such.
char32_t narrow(char32_t code) {
  constexpr std::u32string_view kept = U"，？：；（）";
  if (code == 0x3000) return ' ';
  if (code == 0xFFE5) return 0xA5;  // the yen sign
  if (code < 0xFF02 || code > 0xFF5D || kept.find(code) != std::u32string_view::npos) return code;
  return code - 0xFF01 + '!';
}

// Letter, composed letter, letter, composed letter, ... for one combining mark.
struct Mark {
  char32_t code;
  std::u32string_view pairs;
};

constexpr Mark kMarks[] = {
    {0x0300, U"AÀEÈIÌOÒUÙNǸÜǛaàeèiìoòuùnǹüǜ"},
    {0x0301, U"AÁEÉIÍOÓUÚYÝCĆLĹNŃRŔSŚZŹÜǗaáeéiíoóuúyýcćlĺnńrŕsśzźüǘ"},
    {0x0302, U"AÂEÊIÎOÔUÛCĈGĜHĤJĴSŜWŴYŶaâeêiîoôuûcĉgĝhĥjĵsŝwŵyŷ"},
    {0x0303, U"AÃNÑOÕIĨUŨaãnñoõiĩuũ"},
    {0x0304, U"AĀEĒIĪOŌUŪÜǕaāeēiīoōuūüǖ"},
    {0x0306, U"AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭ"},
    {0x0307, U"CĊEĖGĠIİZŻcċeėgġzż"},
    {0x0308, U"AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿ"},
    {0x030A, U"AÅUŮaåuů"},
    {0x030B, U"OŐUŰoőuű"},
    {0x030C, U"AǍEĚIǏOǑUǓCČDĎLĽNŇRŘSŠTŤZŽÜǙaǎeěiǐoǒuǔcčdďlľnňrřsštťzžüǚ"},
    {0x0327, U"CÇGĢKĶLĻNŅRŖSŞTŢcçgģkķlļnņrŗsştţ"},
    {0x0328, U"AĄEĘIĮUŲaąeęiįuų"},
};

// 0 when the two do not compose.
char32_t compose(char32_t letter, char32_t mark) {
  for (const Mark& row : kMarks) {
    if (row.code != mark) continue;
    for (std::size_t i = 0; i < row.pairs.size(); i += 2) {
      if (row.pairs[i] == letter) return row.pairs[i + 1];
    }
  }
  return 0;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = read_character(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_tail(static_cast<unsigned char>(c)); }));
}

std::string_view first_code_points(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (!is_tail(static_cast<unsigned char>(text[end])) && seen++ == count) break;
  }
  return text.substr(0, end);
}

bool fits_rail(std::string_view text) {
  return valid_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
}

std::string without_wide_characters(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t bytes = read_character(text).bytes;
    if (bytes >= 1 && bytes <= 3) out.append(text.substr(0, bytes));
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

Result<CleanText> clean(std::string_view text, TextRules rules) {
  CleanText out;
  std::size_t last_at = 0;  // where the last character written begins
  char32_t last = 0;
  const auto write = [&](char32_t code) {
    last_at = out.text.size();
    last = code;
    append(out.text, code);
  };
  while (!text.empty()) {
    const Character character = read_character(text);
    if (character.bytes == 0) return Error(Errc::malformed_text, "the text is not valid UTF-8");
    const bool crlf = text.starts_with("\r\n");
    text.remove_prefix(crlf ? 2 : character.bytes);
    const char32_t code = character.code;
    if (code >= ' ' && code <= '~') {
      write(code);
    } else if (within(kLineBreaks, code)) {
      write(rules.keep_newlines ? '\n' : ' ');
    } else if (code == '\t') {
      write(rules.keep_tabs ? '\t' : ' ');
    } else if (removed(code, out.removed)) {
      continue;
    } else if (const char32_t composed = compose(last, code); composed != 0) {
      out.text.resize(last_at);
      write(composed);
    } else {
      write(narrow(code));
    }
  }
  return out;
}

}  // namespace purser
