#include "validation/rules/reply_links.hpp"

#include "validation/money/ascii.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

// Taking one thing out may join the halves of another, so passes repeat until nothing changes; a text that still
// changes then is built to, and loses the characters that such things are made of.
constexpr int kPassesMax = 8;
// How far the end of a tag or link is looked for, so that a text of brackets alone costs no more than its length.
constexpr std::size_t kMarkMax = 4'096;

constexpr std::string_view kSchemesWithoutSlashes[] = {
    "javascript:", "data:",    "vbscript:", "mailto:", "weixin:", "wxp:",
    "alipay:",     "alipays:", "tel:",      "sms:",    "file:",   "intent:"};
// Ends of host names that stand for a link even without a scheme.
constexpr std::string_view kHostEnds[] = {"com",    "cn",    "net",  "org",  "io",   "top",  "xyz",  "shop", "cc",
                                          "me",     "co",    "info", "site", "vip",  "app",  "link", "ru",   "biz",
                                          "online", "store", "hk",   "tw",   "wang", "club", "ink",  "ltd",  "pro",
                                          "live",   "ly",    "gg",   "dev",  "ai",   "tk",   "icu"};

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
    if (text.substr(from).starts_with(mark)) return mark.size();
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

// Where a host name that begins at `from` ends; 0 when the word is none.
std::size_t host_end(std::string_view text, std::size_t from) {
  std::size_t at = from;
  while (at < text.size() && is_host_char(text[at])) ++at;
  std::string_view host = text.substr(from, at - from);
  while (host.ends_with('.')) host.remove_suffix(1);
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return 0;
  const std::string_view last = host.substr(dot + 1);
  const bool known = std::any_of(std::begin(kHostEnds), std::end(kHostEnds), [&](std::string_view end) {
    return end.size() == last.size() && starts_with(last, end);
  });
  if (!known && !starts_with(host, "www.")) return 0;
  const std::size_t end = from + host.size();
  const bool goes_on =
      end < text.size() && (text[end] == '/' || text[end] == ':' || text[end] == '?' || text[end] == '#');
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
    if (link.end != 0) kept_ += link.words;
    return skip_to(link.end);
  }

  // A host name is judged once, at its first label; a scheme may begin at any.
  bool take_word_link() {
    if (!word_begins_ || !ascii::is_alnum(text_[at_])) return false;
    if (const std::size_t scheme = scheme_end(text_, at_); scheme != 0) return skip_to(url_end(text_, scheme));
    if (at_ < no_host_before_) return false;
    if (skip_to(host_end(text_, at_))) return true;
    no_host_before_ = at_;
    while (no_host_before_ < text_.size() && is_host_char(text_[no_host_before_])) ++no_host_before_;
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
