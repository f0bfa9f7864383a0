#include "validation/rules/sensitive_words.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/fold.hpp"
#include "validation/money/text.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

constexpr std::string_view kSeparators[] = {",", "，", "、", "\n", ";", "；"};

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// The letters of a text without what stands between the characters of a word that is hidden in plain sight: "发 票",
// "发.票", "l-a-w-s-u-i-t". `at`: where the character of each byte stood.
struct Letters {
  std::string text;
  std::vector<std::size_t> at;
};

Letters letters_of(std::string_view text) {
  constexpr std::string_view kBetween[] = {"，", "。", "、", "！", "？", "：", "；",
                                           "（", "）", "·",  "…",  "—",  "“",  "”"};
  Letters out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view one = first_code_points(text.substr(at), 1);
    const bool ascii_mark = one.size() == 1 && !ascii::is_alnum(one[0]);
    const bool mark = std::find(std::begin(kBetween), std::end(kBetween), one) != std::end(kBetween);
    if (!ascii_mark && !mark) {
      out.text += one;
      out.at.resize(out.text.size(), at);
    }
    at += one.size();
  }
  return out;
}

// From the beginning of a word of `text` to the end of one, which may be the plural.
bool holds_whole_word(std::string_view text, const Letters& letters, std::string_view word) {
  const auto is_word_char = [&](std::size_t at) { return at < text.size() && ascii::is_alnum(text[at]); };
  for (std::size_t found = 0; (found = letters.text.find(word, found)) != std::string::npos; ++found) {
    const std::size_t first = letters.at[found];
    std::size_t end = letters.at[found + word.size() - 1] + 1;
    if (end < text.size() && text[end] == 's') ++end;
    if ((first == 0 || !is_word_char(first - 1)) && !is_word_char(end)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> word_list(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    const std::size_t first = word.find_first_not_of(' ');
    if (first != std::string::npos)
      words.push_back(ascii::lower(word.substr(first, word.find_last_not_of(' ') - first + 1)));
    word.clear();
  };
  while (!text.empty()) {
    const std::string_view one = first_code_points(text, 1);
    text.remove_prefix(one.size());
    if (std::find(std::begin(kSeparators), std::end(kSeparators), one) != std::end(kSeparators)) {
      end_word();
    } else {
      word += one;
    }
  }
  end_word();
  return words;
}

Result<void> sensitive_words(std::string_view text, const std::vector<std::string>& words, const std::string& param) {
  const std::string plain = ascii::lower(folded(text));
  const Letters letters = letters_of(plain);
  for (const std::string& word : words) {
    const std::string bare = letters_of(ascii::lower(folded(word))).text;
    if (bare.empty()) continue;
    const bool found =
        is_ascii(bare) ? holds_whole_word(plain, letters, bare) : letters.text.find(bare) != std::string::npos;
    if (found) {
      return Error(Errc::refund_reason_invalid,
                   "the reason holds a word that may not stand there; say it in other words", param);
    }
  }
  return success();
}

}  // namespace purser::rules
