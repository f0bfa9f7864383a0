#include "validation/rules/personal_data.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/fold.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace purser::rules {
namespace {

constexpr std::size_t kGroupsMax = 20;
constexpr std::size_t kSeparatorsMax = 4;  // between two groups: " - "
constexpr std::size_t kSpelledMin = 11;    // digits in words that stand together are a number from so many on

bool is_word_char(char c) {
  return ascii::is_alnum(c) || c == '_';
}
bool is_gap(char c) {
  return c == ' ' || c == '-' || c == '(' || c == ')';
}
// What also stands between the numbers of a list.
bool is_loose(char c) {
  constexpr std::string_view loose = ",_*\n\r|:;+=";
  return loose.find(c) != std::string_view::npos;
}
bool is_point(char c) {
  return c == '.' || c == '/';
}

// A text as it is looked through: digits, spaces and dashes of every kind plain, what takes no room left out, whatever
// else is not ASCII a sign of its own. Each character knows the bytes that it came from.
struct Plain {
  std::string text;
  std::vector<std::size_t> from;  // one more than characters
};

char plain_of(char32_t code) {
  constexpr char kOther = '\x01';
  if (code < 0x80) return static_cast<char>(code);
  constexpr std::u32string_view points = U"·•‧・．。⋅∙";
  if (points.find(code) != std::u32string_view::npos) return '.';
  constexpr std::u32string_view slashes = U"／⁄∕";
  constexpr std::u32string_view commas = U"，、﹐：；｜";
  if (commas.find(code) != std::u32string_view::npos) return ',';
  return slashes.find(code) != std::u32string_view::npos ? '/' : kOther;
}

// A digit written as a word, as numbers are read out; 0 when the character is none.
char spelled_digit(char32_t code) {
  constexpr std::u32string_view words[] = {U"零一二三四五六七八九", U"〇壹贰叁肆伍陆柒捌玖", U"〇幺貳參肆伍陸柒捌玖"};
  for (std::u32string_view digits : words) {
    const std::size_t value = digits.find(code);
    if (value != std::u32string_view::npos) return static_cast<char>('0' + value);
  }
  return '\0';
}

// Fewer than a number of a person has are an amount or a count, and stay words.
void read_spelled_runs(std::string& text, std::string_view spelled) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(spelled.find('\0', at), spelled.size());
    if (end - at >= kSpelledMin) text.replace(at, end - at, spelled.substr(at, end - at));
    at = end + 1;
  }
}

Plain plain_text_of(std::string_view text) {
  Plain out;
  std::string spelled;  // beside each character
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint one = first_code_point(text.substr(at));
    const std::string seen = one.bytes == 1 ? std::string() : folded(text.substr(at, one.bytes));
    const bool hidden = one.bytes > 1 && seen.empty();
    if (!hidden) {
      const bool broken = one.bytes == 1 && one.code >= 0x80;
      const bool ascii = one.bytes > 1 && seen.size() == 1;
      out.text += broken ? '\x01' : ascii ? seen.front() : plain_of(one.code);
      out.from.push_back(at);
      spelled += ascii::is_digit(out.text.back()) ? out.text.back() : spelled_digit(one.code);
    }
    at += one.bytes;
  }
  out.from.push_back(text.size());
  read_spelled_runs(out.text, spelled);
  return out;
}

struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
  char before = 0;  // what joins it to the group before it: ' ' for any gap, ',' for a loose one, '.' or '/'
};

// The groups of digits that belong together, from the digit at `from`.
std::vector<Group> groups_at(std::string_view text, std::size_t from) {
  std::vector<Group> groups;
  char joint = 0;
  for (std::size_t at = from; groups.size() < kGroupsMax;) {
    Group group{at, at, joint};
    while (group.end < text.size() && ascii::is_digit(text[group.end])) ++group.end;
    groups.push_back(group);
    std::size_t next = group.end;
    joint = ' ';
    for (; next < text.size() && next < group.end + kSeparatorsMax; ++next) {
      if (is_loose(text[next]) || is_point(text[next]))
        joint = ',';
      else if (!is_gap(text[next]))
        break;
    }
    if (next == group.end + 1 && is_point(text[group.end])) joint = text[group.end];
    if (next == group.end || next >= text.size() || !ascii::is_digit(text[next])) break;
    at = next;
  }
  return groups;
}

// Numbers of a list have commas between them, too: what stands on a card or is read out as a phone is four groups of
// four, the last perhaps shorter, or 4-6-5, or 3-4-4.
bool grouped_as_printed(const std::vector<Group>& groups, std::size_t count) {
  std::string sizes;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && groups[i].before != ',') return false;
    sizes += static_cast<char>('0' + std::min<std::size_t>(groups[i].end - groups[i].begin, 9));
  }
  return sizes == "4444" || sizes == "44443" || sizes == "4441" || sizes == "88" || sizes == "465" || sizes == "344";
}

// Prices and dates have points too: a number of a person has the same one throughout, and groups of some length.
bool plausible(const std::vector<Group>& groups, std::size_t count) {
  const auto size = [&](std::size_t i) { return groups[i].end - groups[i].begin; };
  bool pointed = false;
  for (std::size_t i = 1; i < count; ++i) pointed = pointed || groups[i].before != ' ';
  if (!pointed) return true;
  if (groups[1].before == ',') return grouped_as_printed(groups, count);
  for (std::size_t i = 1; i < count; ++i) {
    if (groups[i].before != groups[1].before) return false;
    if (i + 1 < count && size(i) < 3 && size(i) != size(0)) return false;
  }
  return size(0) >= 3 || size(0) == size(1);
}

// Of the short ones some issuers alone made any, and a bar code has thirteen.
bool is_card(std::string_view digits) {
  if (digits.size() < 13 || digits.size() > 19) return false;
  if (digits.size() == 13 && digits[0] != '4') return false;
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  const bool all_same = digits.find_first_not_of(digits.front()) == std::string_view::npos;
  return sum % 10 == 0 && !all_same;
}

bool is_identity(std::string_view digits, char check) {
  constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  constexpr std::string_view kChecks = "10X98765432";
  if (digits.size() != 17) return false;
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * kWeights[i];
  return kChecks[static_cast<std::size_t>(sum % 11)] == (check == 'x' ? 'X' : check);
}

bool is_phone(std::string_view digits) {
  if (digits.starts_with("00") && digits.size() == 15) digits.remove_prefix(2);
  if (digits.starts_with("86") && digits.size() == 13) digits.remove_prefix(2);
  return digits.size() == 11 && digits[0] == '1' && digits[1] >= '3';
}

// "010-62345678": the code of a place, and seven or eight digits of which the first is no 0 or 1.
bool is_landline(std::string_view text, const std::vector<Group>& groups, std::size_t count) {
  if (count != 2 || groups[1].before != ' ') return false;
  const std::size_t code = groups[0].end - groups[0].begin;
  const std::size_t local = groups[1].end - groups[1].begin;
  return text[groups[0].begin] == '0' && (code == 3 || code == 4) && (local == 7 || local == 8) &&
         text[groups[1].begin] >= '2';
}

enum class Kind { none, card, identity, phone };

struct Found {
  Kind kind = Kind::none;
  std::size_t end = 0;
  std::string digits;
};

class Masker {
 public:
  Masker(std::string_view text, bool cards_only)
      : original_(text), plain_(plain_text_of(text)), text_(plain_.text), cards_only_(cards_only) {}

  Masked run() {
    while (at_ < text_.size()) {
      const bool begins = ascii::is_digit(text_[at_]) && (at_ == 0 || !ascii::is_digit(text_[at_ - 1]));
      if (!begins || !take()) copy_to(at_ + 1);
    }
    return std::move(out_);
  }

 private:
  // As it came, up to this character.
  void copy_to(std::size_t end) {
    out_.text += original_.substr(plain_.from[at_], plain_.from[end] - plain_.from[at_]);
    at_ = end;
  }

  // The longest run of groups that begins here and is a number of a person; false when there is none.
  bool take() {
    const std::vector<Group> groups = groups_at(text_, at_);
    for (std::size_t count = groups.size(); count > 0; --count) {
      const Found found = number_in(groups, count);
      if (found.kind == Kind::none) continue;
      write(found);
      at_ = found.end;
      return true;
    }
    copy_to(groups.front().end);
    return true;
  }

  // No other digits are glued to what stands from `begin` to `end`, nor letters on both sides, one of them by "_": it
  // is no part of an id.
  bool stands_alone(std::size_t begin, std::size_t end) const {
    bool joined = false;
    for (std::size_t i = begin; i > 0 && is_word_char(text_[i - 1]); --i) {
      if (ascii::is_digit(text_[i - 1])) return false;
      joined = joined || text_[i - 1] == '_';
    }
    for (std::size_t i = end; i < text_.size() && is_word_char(text_[i]); ++i)
      if (ascii::is_digit(text_[i])) return false;
    return !joined || end == text_.size() || !ascii::is_letter(text_[end]);
  }

  Found number_in(const std::vector<Group>& groups, std::size_t count) const {
    Found found;
    if (!plausible(groups, count)) return found;
    for (std::size_t i = 0; i < count; ++i)
      found.digits += text_.substr(groups[i].begin, groups[i].end - groups[i].begin);
    found.end = groups[count - 1].end;
    const char next = found.end < text_.size() ? text_[found.end] : ' ';
    if (!cards_only_ && found.digits.size() == 18 && is_identity(found.digits.substr(0, 17), found.digits.back())) {
      found.kind = Kind::identity;
    } else if (!cards_only_ && (next == 'X' || next == 'x') && is_identity(found.digits, next)) {
      found.kind = Kind::identity;
      ++found.end;
    } else if (!cards_only_ && (is_phone(found.digits) || is_landline(text_, groups, count))) {
      found.kind = Kind::phone;  // before cards: some numbers with 86 have a card's sum
    } else if (is_card(found.digits)) {
      found.kind = Kind::card;
    }
    if (!stands_alone(groups.front().begin, found.end)) found.kind = Kind::none;
    return found;
  }

  void write(const Found& found) {
    const std::string last = found.digits.substr(found.digits.size() - 4);
    if (found.kind == Kind::card) {
      out_.text += "****" + last;
      ++out_.cards;
    } else if (found.kind == Kind::phone) {
      const bool landline = found.digits.front() == '0' && found.digits.size() <= 12;
      const std::string national = landline ? found.digits : found.digits.substr(found.digits.size() - 11);
      out_.text += national.substr(0, 3) + "****" + last;
      ++out_.phones;
    } else {
      out_.text += "******************";
      ++out_.identities;
    }
  }

  std::string_view original_;
  Plain plain_;
  std::string_view text_;
  bool cards_only_;
  std::size_t at_ = 0;
  Masked out_;
};

// Most texts hold no number that is long enough.
bool may_hold(std::string_view text) {
  constexpr std::ptrdiff_t kFewest = 11;
  const auto counts = [](char c) { return ascii::is_digit(c) || static_cast<unsigned char>(c) >= 0x80; };
  return std::count_if(text.begin(), text.end(), counts) >= kFewest;
}

Masked masked(std::string_view text, bool cards_only) {
  if (may_hold(text)) return Masker(text, cards_only).run();
  Masked out;
  out.text = text;
  return out;
}

}  // namespace

Masked mask_personal_data(std::string_view text) {
  return masked(text, false);
}
Masked mask_cards(std::string_view text) {
  return masked(text, true);
}

std::size_t mask_cards_in(nlohmann::json& document) {
  std::size_t cards = 0;
  if (document.is_structured()) {
    for (auto& member : document) cards += mask_cards_in(member);
  } else if (document.is_string() || document.is_number_integer()) {
    Masked masked = mask_cards(document.is_string() ? document.get<std::string>() : document.dump());
    if (masked.cards > 0) document = std::move(masked.text);
    cards = masked.cards;
  }
  return cards;
}

}  // namespace purser::rules
