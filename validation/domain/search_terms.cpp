#include "validation/domain/search_terms.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"

#include <algorithm>

namespace purser {
namespace {

constexpr int kTermIsQuery = 10'000;
constexpr int kTermInQuery = 1'000;
constexpr int kQueryInTerm = 500;
constexpr int kWord = 20;
constexpr int kWordBegins = 5;
constexpr std::size_t kBeginningMin = 3;
constexpr std::string_view kFillWords[] = {"the", "and", "for", "with", "some", "please", "want", "buy", "of", "to"};

bool is_ascii_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}
// Three-byte punctuation of Chinese texts: U+2000..U+206F, U+3000..U+303F, U+FE30..U+FE4F, U+FF00..U+FFEF.
bool is_wide_punctuation(std::string_view character) {
  const auto starts = [&](std::string_view from, std::string_view to) { return character >= from && character <= to; };
  return starts("\u2000", "\u206F") || starts("\u3000", "\u303F") || starts("\uFE30", "\uFE4F") ||
         starts("\uFF00", "\uFFEF");
}

// Accented Latin letters (two bytes, up to U+024F) belong to words.
bool is_word(std::string_view character) {
  return character.size() == 1 ? is_ascii_word(character[0]) : character >= "\u00C0" && character <= "\u024F";
}

std::string without_plural(std::string word) {
  if (word.size() > 3 && word.ends_with('s') && !word.ends_with("ss")) word.pop_back();
  return word;
}

// A word of a word-script is found only as a whole, so it carries its spaces; Chinese is found anywhere.
std::string with_edges(std::string_view form) {
  std::string out(form);
  const auto wordlike = [](char c) { return is_ascii_word(c); };
  if (wordlike(form.front())) out.insert(0, 1, ' ');
  if (wordlike(form.back())) out += ' ';
  return out;
}

bool holds(std::string_view form, std::string_view part) {
  return (" " + std::string(form) + " ").find(with_edges(part)) != std::string::npos;
}

std::vector<std::string_view> words_of(std::string_view form) {
  std::vector<std::string_view> words;
  while (!form.empty()) {
    const std::size_t end = std::min(form.find(' '), form.size());
    words.push_back(form.substr(0, end));
    form.remove_prefix(std::min(end + 1, form.size()));
  }
  return words;
}

bool tells_nothing(std::string_view word) {
  const bool number = std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool letter = word.size() == 1;
  return number || letter || std::find(std::begin(kFillWords), std::end(kFillWords), word) != std::end(kFillWords);
}

int word_score(std::string_view word, const std::vector<std::string>& terms) {
  int best = 0;
  for (const std::string& term : terms) {
    if (holds(term, word)) return kWord;
    const bool begins = word.size() >= kBeginningMin && (" " + term).find(" " + std::string(word)) != std::string::npos;
    if (begins) best = kWordBegins;
  }
  return best;
}

int phrase_score(std::string_view query, std::string_view term) {
  if (term == query) return kTermIsQuery;
  if (holds(query, term)) return kTermInQuery + static_cast<int>(std::min<std::size_t>(term.size(), 1'000));
  return holds(term, query) ? kQueryInTerm : 0;
}

}  // namespace

std::string search_form(std::string_view text) {
  const auto cleaned = clean(text, TextRules());
  if (!cleaned) return {};
  std::string out;
  std::string word;
  const auto space = [&] {
    if (!out.empty() && out.back() != ' ') out += ' ';
  };
  const auto end_word = [&] {
    if (word.empty()) return;
    space();
    out += without_plural(word) + " ";
    word.clear();
  };
  for (std::string_view rest = cleaned->text; !rest.empty();) {
    std::string character(first_code_points(rest, 1));
    rest.remove_prefix(character.size());
    character[0] = ascii::lower(character[0]);
    if (is_word(character)) {
      word += character;
      continue;
    }
    end_word();
    if (character.size() < 3 || is_wide_punctuation(character)) {
      space();
    } else {
      out += character;
    }
  }
  end_word();
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

int match_score(std::string_view query, const std::vector<std::string>& terms) {
  int best = 0;
  for (const std::string& term : terms) {
    if (!term.empty()) best = std::max(best, phrase_score(query, term));
  }
  for (std::string_view word : words_of(query)) {
    if (!tells_nothing(word)) best += word_score(word, terms);
  }
  return best;
}

}  // namespace purser
