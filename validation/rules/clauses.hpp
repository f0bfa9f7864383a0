// How the rules about replies read text: clause by clause, in English as words, in Chinese as phrases with what stands
// before and after them. Shared by the files that look for claims, states and times; shallow on purpose.
#pragma once

#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

struct Clause {
  std::string text;       // lower case
  bool question = false;  // ends in a question mark
  bool first = false;     // of its sentence
  bool names = false;     // ends in a colon: what follows may be said of it
};
std::vector<Clause> clauses_of(std::string_view text);

using Words = std::vector<std::string>;
// Lower-case words of a clause, without adverbs that change nothing.
Words words_of(std::string_view clause);

// A clause that states something: no question, and not under a condition of this clause or of the one it goes on from.
// A name and what a colon says of it ("Payment status: received", "付款：已完成") make a statement more, as if it were
// a sentence ("payment is received", "付款已完成").
struct Statement {
  std::string text;
  Words words;
  bool conditional = false;  // a clause before it in its sentence is a condition: "if you order, please pay"
};
std::vector<Statement> statements_of(std::string_view text);
std::vector<Statement> statements_of(const std::vector<Clause>& clauses);

// Chinese characters stand in it: a clause without any need not be looked through for Chinese words.
bool holds_chinese(std::string_view text);

template <std::size_t N>
bool any_of(const std::string_view (&words)[N], std::string_view word) {
  return std::any_of(std::begin(words), std::end(words),
                     [word](std::string_view one) { return ascii::same(one, word); });
}

// The place `count` before `at`, or the beginning.
constexpr std::size_t back_from(std::size_t at, std::size_t count) {
  return at - std::min(at, count);
}

// Whether the words from `from` to `to` (inclusive) state a fact: no negation, condition or wish turns them.
bool stands(const Words& words, std::size_t from, std::size_t to);
// "has been canceled", "is paid", or a clause that begins with the participle.
bool participle_stands(const Words& words, std::size_t at);
bool is_negation(std::string_view word);

// `first` and then one of `then`, at most `reach` words later; both stand as a fact.
template <std::size_t N>
bool follows(const Words& words, std::size_t first, const std::string_view (&then)[N], std::size_t reach) {
  for (std::size_t i = first + 1; i < words.size() && i <= first + reach; ++i) {
    if (any_of(then, words[i])) return stands(words, first, i);
  }
  return false;
}

// One of `before` at most `reach` words ahead of `last`; both stand as a fact.
template <std::size_t N>
bool leads_to(const Words& words, std::size_t last, const std::string_view (&before)[N], std::size_t reach) {
  for (std::size_t i = back_from(last, reach); i < last; ++i) {
    if (any_of(before, words[i]) && stands(words, i, last)) return true;
  }
  return false;
}

// As text.find(part, from). Chinese characters begin with a handful of bytes, so what is looked for of them is the
// third.
inline std::size_t find_part(std::string_view text, std::string_view part, std::size_t from = 0) {
  constexpr std::size_t kTelling = 2;
  if (part.size() <= kTelling || static_cast<unsigned char>(part.front()) < 0xE0) return text.find(part, from);
  for (std::size_t at = from; at + part.size() <= text.size(); ++at) {
    at = text.find(part[kTelling], at + kTelling);
    if (at == std::string_view::npos) return at;
    at -= kTelling;
    if (text[at] == part[0] && text[at + 1] == part[1] && text.substr(at).starts_with(part)) return at;
  }
  return std::string_view::npos;
}

bool contains_any(std::string_view text, const auto& parts) {
  return std::any_of(std::begin(parts), std::end(parts),
                     [&](std::string_view part) { return find_part(text, part) != std::string_view::npos; });
}

bool begins_with_any(std::string_view text, const auto& parts) {
  return std::any_of(std::begin(parts), std::end(parts),
                     [&](std::string_view part) { return ascii::begins_with(text, part); });
}

// Whether what stands from `at` to `end` in a Chinese clause is said as a fact.
bool phrase_stands(std::string_view clause, std::size_t at, std::size_t end);

template <std::size_t N>
bool claims_phrase(std::string_view clause, const std::string_view (&phrases)[N]) {
  for (std::string_view phrase : phrases) {
    for (std::size_t at = 0; (at = find_part(clause, phrase, at)) != std::string_view::npos; at += phrase.size()) {
      if (phrase_stands(clause, at, at + phrase.size())) return true;
    }
  }
  return false;
}

// `first` and, within `reach` characters, one of `then`, without a word that makes it something else in between.
template <std::size_t N, std::size_t M>
bool claims_pair(std::string_view clause, std::string_view first, const std::string_view (&then)[N],
                 const std::string_view (&unless)[M], std::size_t reach) {
  constexpr std::size_t kBytesAfter = 120;
  for (std::size_t at = 0; (at = find_part(clause, first, at)) != std::string_view::npos; at += first.size()) {
    const std::string_view rest = clause.substr(at + first.size(), kBytesAfter);
    for (std::string_view word : then) {
      const std::size_t gap = find_part(rest, word);
      if (gap == std::string_view::npos || code_points(rest.substr(0, gap)) > reach) continue;
      const std::size_t end = at + first.size() + gap + word.size();
      const std::string_view around = clause.substr(at, std::min(clause.size(), end + 12) - at);
      if (!contains_any(around, unless) && phrase_stands(clause, at, end)) return true;
    }
  }
  return false;
}

}  // namespace purser::rules
