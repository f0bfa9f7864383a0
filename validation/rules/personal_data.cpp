#include "validation/rules/personal_data.hpp"

#include "validation/money/ascii.hpp"

#include <vector>

namespace purser::rules {
namespace {

constexpr std::size_t kGroupsMax = 12;

bool is_word_char(char c) {
  return ascii::is_alnum(c) || c == '_';
}

struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The groups of digits that belong together, from the digit at `from`.
std::vector<Group> groups_at(std::string_view text, std::size_t from) {
  std::vector<Group> groups;
  for (std::size_t at = from; groups.size() < kGroupsMax;) {
    Group group{at, at};
    while (group.end < text.size() && ascii::is_digit(text[group.end])) ++group.end;
    groups.push_back(group);
    const bool joins = group.end + 1 < text.size() && (text[group.end] == ' ' || text[group.end] == '-') &&
                       ascii::is_digit(text[group.end + 1]);
    if (!joins) break;
    at = group.end + 1;
  }
  return groups;
}

bool luhn(std::string_view digits) {
  if (digits.size() < 13 || digits.size() > 19) return false;
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
  if (digits.starts_with("86") && digits.size() == 13) digits.remove_prefix(2);
  return digits.size() == 11 && digits[0] == '1' && digits[1] >= '3';
}

enum class Kind { none, card, identity, phone };

struct Found {
  Kind kind = Kind::none;
  std::size_t end = 0;
  std::string digits;
};

class Masker {
 public:
  Masker(std::string_view text, bool cards_only) : text_(text), cards_only_(cards_only) {}

  Masked run() {
    while (at_ < text_.size()) {
      const bool begins = ascii::is_digit(text_[at_]) && (at_ == 0 || !is_word_char(text_[at_ - 1]));
      if (!begins) {
        out_.text += text_[at_++];
        continue;
      }
      take();
    }
    return std::move(out_);
  }

 private:
  void take() {
    const std::vector<Group> groups = groups_at(text_, at_);
    // The longest run of groups that begins here and is a number of a person.
    for (std::size_t count = groups.size(); count > 0; --count) {
      const Found found = number_in(groups, count);
      if (found.kind == Kind::none) continue;
      write(found);
      at_ = found.end;
      return;
    }
    out_.text += text_.substr(at_, groups.front().end - at_);
    at_ = groups.front().end;
  }

  Found number_in(const std::vector<Group>& groups, std::size_t count) const {
    Found found;
    for (std::size_t i = 0; i < count; ++i)
      found.digits += text_.substr(groups[i].begin, groups[i].end - groups[i].begin);
    found.end = groups[count - 1].end;
    const char next = found.end < text_.size() ? text_[found.end] : ' ';
    if (!cards_only_ && found.digits.size() == 18 && is_identity(found.digits.substr(0, 17), found.digits.back())) {
      found.kind = Kind::identity;
    } else if (!cards_only_ && (next == 'X' || next == 'x') && is_identity(found.digits, next)) {
      found.kind = Kind::identity;
      ++found.end;
    } else if (!cards_only_ && is_phone(found.digits)) {
      found.kind = Kind::phone;  // before cards: some numbers with 86 have a card's sum
    } else if (luhn(found.digits)) {
      found.kind = Kind::card;
    }
    const bool goes_on = found.end < text_.size() && is_word_char(text_[found.end]);
    if (goes_on) found.kind = Kind::none;
    return found;
  }

  void write(const Found& found) {
    const std::string last = found.digits.substr(found.digits.size() - 4);
    if (found.kind == Kind::card) {
      out_.text += "****" + last;
      ++out_.cards;
    } else if (found.kind == Kind::phone) {
      const std::string national = found.digits.substr(found.digits.size() - 11);
      out_.text += national.substr(0, 3) + "****" + last;
      ++out_.phones;
    } else {
      out_.text += "******************";
      ++out_.identities;
    }
  }

  std::string_view text_;
  bool cards_only_;
  std::size_t at_ = 0;
  Masked out_;
};

}  // namespace

Masked mask_personal_data(std::string_view text) {
  return Masker(text, false).run();
}
Masked mask_cards(std::string_view text) {
  return Masker(text, true).run();
}

}  // namespace purser::rules
