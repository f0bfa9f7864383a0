#include "validation/rules/sensitive_words.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

constexpr std::string_view kSeparators[] = {",", "，", "、", "\n", ";", "；"};

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// Without what stands between the characters of a word that is hidden in plain sight: "发 票", "发.票".
std::string letters_only(std::string_view text) {
  constexpr std::string_view kBetween[] = {"，", "。", "、", "！", "？", "：", "；",
                                           "（", "）", "·",  "…",  "—",  "“",  "”"};
  std::string out;
  while (!text.empty()) {
    const std::string_view one = first_code_points(text, 1);
    text.remove_prefix(one.size());
    const bool ascii_mark = one.size() == 1 && !ascii::is_alnum(one[0]);
    const bool mark = std::find(std::begin(kBetween), std::end(kBetween), one) != std::end(kBetween);
    if (!ascii_mark && !mark) out += one;
  }
  return out;
}

bool holds_whole_word(std::string_view text, std::string_view word) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !ascii::is_alnum(text[at - 1]);
    const bool ends = end == text.size() || !ascii::is_alnum(text[end]);
    if (begins && ends) return true;
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
  const std::string plain = ascii::lower(text);
  const std::string letters = letters_only(plain);
  for (const std::string& word : words) {
    const std::string bare = letters_only(word);
    if (bare.empty()) continue;
    const bool found = is_ascii(word) ? holds_whole_word(plain, word) : letters.find(bare) != std::string::npos;
    if (found) {
      return Error(Errc::refund_reason_invalid,
                   "the reason holds a word that may not stand there; say it in other words", param);
    }
  }
  return success();
}

}  // namespace purser::rules
