#include "validation/rules/reply_links.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/fold.hpp"
#include "validation/rules/top_level_domains.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace purser::rules {
namespace {

// Taking one thing out may join the halves of another, so passes repeat until nothing changes; a text that still
// changes then is built to, and loses the characters that such things are made of.
constexpr int kPassesMax = 8;
// How far the end of a tag or link is looked for, so that a text of brackets alone costs no more than its length.
constexpr std::size_t kMarkMax = 4'096;
// The same for the end of a host name, which has 253 characters at most.
constexpr std::size_t kHostMax = 256;

constexpr std::string_view kSchemesWithoutSlashes[] = {
    "javascript:", "data:",    "vbscript:", "mailto:", "weixin:", "wxp:",
    "alipay:",     "alipays:", "tel:",      "sms:",    "file:",   "intent:"};
// Words that begin a sentence, with its capital or behind another sign than ".", where the space before it is missing:
// "Thanks.Here it is". Before a path, a port or a query they count all the same.
constexpr std::string_view kAlsoWords[] = {
    "am",   "as",    "at",   "bank", "bar",  "be",   "box",   "buy",   "by",   "call", "cash", "date",
    "do",   "fast",  "free", "gift", "help", "here", "hot",   "how",   "in",   "is",   "it",   "like",
    "me",   "money", "my",   "name", "new",  "no",   "now",   "one",   "open", "pay",  "re",   "read",
    "rest", "save",  "see",  "show", "so",   "to",   "today", "total", "us",   "work", "you"};

bool is_host_char(char c) {
  return ascii::is_alnum(c) || c == '-' || c == '.';
}

bool starts_with(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == ascii::lower(b); });
}

// A URL runs to the next space, quote or closing mark, or to the next character beyond ASCII.
std::size_t url_end(std::string_view text, std::size_t from) {
  constexpr std::string_view ends = " \t\n\r\"'<>()[]{}|\\^`";
  while (from < text.size() && static_cast<unsigned char>(text[from]) < 0x80 &&
         ends.find(text[from]) == std::string_view::npos) {
    ++from;
  }
  return from;
}

// The length of the "://" that stands at `from`, whose colon may be full-width; 0 when there is none.
std::size_t slashes(std::string_view text, std::size_t from) {
  for (std::string_view mark : {"://", ":\\\\", "：//"}) {
    if (ascii::begins_with(text.substr(from), mark)) return mark.size();
  }
  return 0;
}

bool is_scheme_char(char c) {
  return ascii::is_alnum(c) || c == '+' || c == '-' || c == '.';
}

// Where a scheme that needs no slashes and begins at `from` ends; 0 when there is none.
std::size_t scheme_end(std::string_view text, std::size_t from) {
  const std::string_view candidate = text.substr(from);
  for (std::string_view scheme : kSchemesWithoutSlashes) {
    const bool used = candidate.size() > scheme.size() && ascii::is_alnum(candidate[scheme.size()]);
    if (used && starts_with(candidate, scheme)) return from + scheme.size();
  }
  return 0;
}

// A dot that is written so that only a person, or what shows the text, makes one of it.
constexpr std::string_view kSpelledDots[] = {"[.]", "(.)", "{.}",   "&#46;", "&#x2e;", "&period;",
                                             "%2e", "․",   " dot ", " 点 ",  "点"};
// Marks of emphasis, which are not seen when the text is shown.
constexpr std::string_view kEmphasis = "*~`_";

// "_" within a word is one of its characters.
bool is_emphasis(std::string_view text, std::size_t at) {
  const bool in_word = at + 1 < text.size() && ascii::is_alnum(text[at + 1]);
  return kEmphasis.find(text[at]) != std::string_view::npos && !(text[at] == '_' && in_word);
}

// One character of a name beyond ASCII: a letter of any script, no punctuation, symbol or space. 0 when it is none.
std::size_t letter_at(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) < 0x80) return 0;
  const CodePoint one = first_code_point(text.substr(at));
  const bool sign = one.bytes < 2 || one.code < 0xC0 || (one.code >= 0x2000 && one.code < 0x2E80) ||
                    (one.code >= 0x3000 && one.code < 0x3040) || (one.code >= 0xFF00 && one.code < 0xFF21) ||
                    one.code >= 0x1F000;
  return sign ? 0 : one.bytes;
}

// The dot of a host name at this place, also an ideographic one between letters, which browsers take for one.
std::size_t dot_at(std::string_view text, std::size_t at) {
  constexpr std::string_view first_bytes = "[({&% \xE2\xE3\xE7\xEF";  // of all dots but the plain one
  if (text[at] == '.') return 1;
  if (first_bytes.find(text[at]) == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(at);
  const auto within = [&](std::size_t bytes) {
    const std::size_t next = at + bytes;
    return at > 0 && ascii::is_alnum(text[at - 1]) && next < text.size() && ascii::is_alnum(text[next]);
  };
  for (std::string_view dot : {"。", "｡"})
    if (within(dot.size()) && rest.starts_with(dot)) return dot.size();
  for (std::string_view dot : kSpelledDots)
    if (within(dot.size()) && starts_with(rest, dot)) return dot.size();
  return 0;
}

bool is_address(const std::vector<std::string>& labels) {
  return labels.size() == 4 && std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
           return !label.empty() && label.size() <= 3 && std::all_of(label.begin(), label.end(), ascii::is_digit);
         });
}

// A name of a host by its last label; `goes_on`: a path, a port or a query follows; `sentence`: its last label stands
// as the first word of one.
bool is_host(const std::vector<std::string>& labels, bool goes_on, bool sentence) {
  if (labels.size() < 2) return goes_on && labels.front() == "localhost";
  if (is_address(labels) || labels.front() == "www") return true;
  const std::string& last = labels.back();
  if (last.starts_with("xn--") || last == "localhost") return true;
  // Letters of another script may look like those of a name that exists.
  const std::string plain = folded(last);
  const bool known = is_top_level_domain(last) || is_top_level_domain(plain);
  const bool letters = plain.size() >= 2 && std::all_of(plain.begin(), plain.end(), ascii::is_letter);
  if (goes_on) return known || letters;
  return known && (!sentence || std::find(std::begin(kAlsoWords), std::end(kAlsoWords), plain) == std::end(kAlsoWords));
}

// The labels of what may be a host name.
class HostName {
 public:
  HostName(std::string_view text, std::size_t from) : end_(from) { read(text, from); }

  const std::vector<std::string>& labels() const { return labels_; }
  std::size_t end() const { return end_; }
  // Whether the last label stands as the first word of a sentence.
  bool begins_a_sentence() const { return begins_a_sentence_; }
  // Whether the first label ends in a letter beyond ASCII.
  bool first_ends_in_letters() const { return first_ends_in_letters_; }

 private:
  void read(std::string_view text, std::size_t at) {
    while (at < text.size()) {
      if (const std::size_t dot = dot_at(text, at); dot != 0) {
        labels_.emplace_back();
        plain_ = 0;
        at += dot;
        begins_a_sentence_ = dot > 1 || is_capitalized(text.substr(at));
      } else if (ascii::is_alnum(text[at]) || text[at] == '-') {
        take(std::string(1, ascii::lower(text[at])), true, at + 1);
        ++at;
      } else if (const std::size_t letter = letter_at(text, at); letter != 0) {
        const std::string_view bytes = text.substr(at, letter);
        const bool plain = plain_ == labels_.back().size() && looks_plain(bytes);
        at += letter;
        take(bytes, plain, at);
      } else if (is_emphasis(text, at)) {
        ++at;
      } else {
        break;
      }
    }
    while (labels_.size() > 1 && labels_.back().empty()) labels_.pop_back();
    // "evil.com付款": the sentence goes on behind the name.
    std::string& last = labels_.back();
    if (plain_ == 0 || plain_ >= last.size() || is_top_level_domain(last)) return;
    last.resize(plain_);
    end_ = plain_end_;
  }

  static bool is_capitalized(std::string_view word) {
    const auto capital = [](char c) { return ascii::lower(c) != c; };
    return word.size() > 1 && capital(word[0]) && !capital(word[1]);
  }

  static bool looks_plain(std::string_view letter) {
    const std::string seen = folded(letter);
    return seen.size() == 1 && ascii::is_letter(seen.front());
  }

  void take(std::string_view bytes, bool plain, std::size_t next) {
    const bool all_plain = plain_ == labels_.back().size();
    labels_.back() += bytes;
    end_ = next;
    if (labels_.size() == 1) first_ends_in_letters_ = bytes.size() > 1;
    if (!plain || !all_plain) return;
    plain_ = labels_.back().size();
    plain_end_ = next;
  }

  std::vector<std::string> labels_ = std::vector<std::string>(1);
  std::size_t end_;
  std::size_t plain_ = 0;  // how much of the last label is ASCII, or looks like it, up to the first other letter
  std::size_t plain_end_ = 0;
  bool first_ends_in_letters_ = false;
  bool begins_a_sentence_ = false;
};

// Where a host name that begins at `from` ends; 0 when the word is none.
std::size_t host_end(std::string_view text, std::size_t from) {
  const bool in_letters = static_cast<unsigned char>(text[from]) >= 0x80;
  const HostName name(text.substr(0, from + kHostMax), from);
  // "请访问evil.com" is a name behind a sentence.
  if (in_letters && !name.first_ends_in_letters()) return 0;
  const std::size_t end = name.end();
  const char next = end < text.size() ? text[end] : ' ';
  const bool port = next == ':' && end + 1 < text.size() && ascii::is_digit(text[end + 1]);
  const bool goes_on = next == '/' || next == '?' || next == '#' || port;
  // "and/or" and "tea.Pay?" end sentences; a path or a query goes on with a letter or a digit.
  const bool path = goes_on && end + 1 < text.size() && ascii::is_alnum(text[end + 1]);
  if (!is_host(name.labels(), path, name.begins_a_sentence())) return 0;
  return goes_on ? url_end(text, end) : end;
}

// Where a tag that begins with the '<' at `from` ends; 0 when it is a plain '<'.
std::size_t tag_end(std::string_view text, std::size_t from) {
  if (from + 1 >= text.size()) return 0;
  const char next = text[from + 1];
  if (!ascii::is_letter(next) && next != '/' && next != '!' && next != '?') return 0;
  const std::size_t close = text.substr(from, kMarkMax).find('>');
  return close == std::string_view::npos ? from + 1 : from + close + 1;  // an open tag loses at least its bracket
}

// "[words](target)" or "![words](target)" at `from`: the words are kept.
struct MarkdownLink {
  std::string_view words;
  std::size_t end = 0;
};

MarkdownLink markdown_link(std::string_view text, std::size_t from) {
  const std::size_t open = text[from] == '!' ? from + 1 : from;
  text = text.substr(0, from + kMarkMax);
  if (open >= text.size() || text[open] != '[') return {};
  const std::size_t close = text.find(']', open);
  if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != '(') return {};
  const std::size_t end = text.find(')', close);
  if (end == std::string_view::npos) return {};
  return {text.substr(open + 1, close - open - 1), end + 1};
}

// One walk over the text; every step takes a link out or keeps a character.
class Pass {
 public:
  explicit Pass(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (!take_mark() && !take_word_link() && !take_slashes()) keep();
    }
    return std::move(kept_);
  }

 private:
  void keep() {
    word_begins_ = !ascii::is_alnum(text_[at_]);
    kept_ += text_[at_++];
  }

  bool skip_to(std::size_t end) {
    if (end == 0) return false;
    at_ = end;
    return true;
  }

  bool take_mark() {
    const char c = text_[at_];
    if (c == '<') return skip_to(tag_end(text_, at_));
    if (c != '!' && c != '[') return false;
    const MarkdownLink link = markdown_link(text_, at_);
    kept_ += link.words;  // none where there is no link
    return skip_to(link.end);
  }

  // How many bytes belong to the same stretch of a name as its beginning: of ASCII, or of letters beyond it.
  std::size_t goes_on_from(std::size_t at) const {
    if (static_cast<unsigned char>(text_[at_]) >= 0x80) return letter_at(text_, at);
    return is_host_char(text_[at]) ? 1 : 0;
  }

  // Whether a dot is in reach, or the one host that has none: most words are told from a name by that.
  bool names_a_host() {
    next_dot_ = std::max(next_dot_, at_);
    while (next_dot_ < text_.size() && dot_at(text_, next_dot_) == 0) ++next_dot_;
    return next_dot_ < std::min(text_.size(), at_ + kHostMax) || starts_with(text_.substr(at_), "localhost");
  }

  bool begins_a_name() const { return ascii::is_alnum(text_[at_]) || letter_at(text_, at_) != 0; }

  // A host name is judged once, at its first label; a scheme may begin at any.
  bool take_word_link() {
    if (!word_begins_ || !begins_a_name()) return false;
    if (const std::size_t scheme = scheme_end(text_, at_); scheme != 0) return skip_to(url_end(text_, scheme));
    if (at_ < no_host_before_ || !names_a_host()) return false;
    if (skip_to(host_end(text_, at_))) return true;
    no_host_before_ = at_;
    while (no_host_before_ < text_.size() && goes_on_from(no_host_before_) != 0)
      no_host_before_ += goes_on_from(no_host_before_);
    return false;
  }

  bool take_slashes() {
    const std::size_t mark = slashes(text_, at_);
    if (mark == 0) return false;
    while (!kept_.empty() && is_scheme_char(kept_.back())) kept_.pop_back();
    word_begins_ = true;
    return skip_to(url_end(text_, at_ + mark));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t no_host_before_ = 0;
  std::size_t next_dot_ = 0;
  bool word_begins_ = true;
  std::string kept_;
};

std::string without_marks(std::string text) {
  constexpr std::string_view marks = "<>[]()";
  std::erase_if(text, [&](char c) { return marks.find(c) != std::string_view::npos; });
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) text.replace(at, 3, " ");
  std::replace(text.begin(), text.end(), '.', ' ');
  return text;
}

}  // namespace

std::string without_links(std::string_view text) {
  std::string kept(text);
  for (int pass = 0; pass < kPassesMax; ++pass) {
    std::string next = Pass(kept).run();
    if (next == kept) return kept;
    kept = std::move(next);
  }
  return without_marks(std::move(kept));
}

}  // namespace purser::rules
