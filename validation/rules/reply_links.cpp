#include "validation/rules/reply_links.hpp"

#include "validation/money/ascii.hpp"

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

constexpr std::string_view kSchemesWithoutSlashes[] = {
    "javascript:", "data:",    "vbscript:", "mailto:", "weixin:", "wxp:",
    "alipay:",     "alipays:", "tel:",      "sms:",    "file:",   "intent:"};
// Ends of host names that stand for a link even without a scheme or a path.
constexpr std::string_view kHostEnds[] = {
    "com",     "cn",      "net",     "org",     "io",      "top",    "xyz",      "shop",     "cc",        "me",
    "co",      "info",    "site",    "vip",     "app",     "link",   "ru",       "biz",      "online",    "store",
    "hk",      "tw",      "wang",    "club",    "ink",     "ltd",    "pro",      "live",     "ly",        "gg",
    "dev",     "ai",      "tk",      "icu",     "zone",    "click",  "cloud",    "space",    "website",   "tech",
    "world",   "life",    "today",   "work",    "works",   "fun",    "win",      "bid",      "loan",      "men",
    "date",    "party",   "review",  "stream",  "trade",   "webcam", "download", "racing",   "science",   "faith",
    "cricket", "country", "kim",     "red",     "blue",    "pink",   "black",    "lol",      "rest",      "bar",
    "buzz",    "cyou",    "sbs",     "cfd",     "monster", "quest",  "beauty",   "hair",     "skin",      "makeup",
    "mom",     "autos",   "boats",   "homes",   "yachts",  "fit",    "support",  "services", "solutions", "center",
    "company", "email",   "network", "digital", "media",   "agency", "group",    "team",     "money",     "cash",
    "finance", "bank",    "credit",  "loans",   "pay",     "tips",   "guide",    "wiki",     "news",      "blog",
    "page",    "host",    "press",   "uno",     "one",     "asia",   "mobi",     "name",     "tel",       "jobs",
    "travel",  "cat",     "edu",     "gov",     "mil",     "int",    "eu",       "us",       "uk",        "de",
    "fr",      "jp",      "kr",      "in",      "it",      "es",     "nl",       "pl",       "br",        "ca",
    "au",      "ch",      "se",      "no",      "fi",      "dk",     "cz",       "at",       "be",        "pt",
    "gr",      "ie",      "nz",      "sg",      "my",      "th",     "vn",       "ph",       "id",        "il",
    "tr",      "ua",      "kz",      "by",      "su",      "ws",     "tv",       "fm",       "to",        "is",
    "im",      "so",      "sh",      "st",      "vc",      "ac",     "gd",       "la",       "ms",        "nu",
    "pw",      "re",      "sc",      "tc",      "tf",      "ml",     "ga",       "cf",       "gq",        "zip",
    "mov",     "goog",    "google",  "xn"};
// Words of sentences that end like one: "that is.It", "No.1 is me". Before a path, a port or a query they count all the
// same.
constexpr std::string_view kAlsoWords[] = {"in",   "is",   "it",   "to",  "so",    "no",    "be",   "at",   "by",
                                           "us",   "my",   "me",   "one", "re",    "today", "work", "date", "bar",
                                           "rest", "name", "cash", "pay", "money", "bank",  "free"};

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

// The dot of a host name at this place, also an ideographic one between letters, which browsers take for one.
std::size_t dot_at(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with('.')) return 1;
  for (std::string_view dot : {"。", "｡"}) {
    const std::size_t next = at + dot.size();
    const bool within = at > 0 && ascii::is_alnum(text[at - 1]) && next < text.size() && ascii::is_alnum(text[next]);
    if (within && text.substr(at).starts_with(dot)) return dot.size();
  }
  return 0;
}

bool is_address(const std::vector<std::string>& labels) {
  return labels.size() == 4 && std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
           return !label.empty() && label.size() <= 3 && std::all_of(label.begin(), label.end(), ascii::is_digit);
         });
}

// A name of a host by its last label; `goes_on`: a path, a port or a query follows.
bool is_host(const std::vector<std::string>& labels, bool goes_on) {
  if (labels.size() < 2) return false;
  if (is_address(labels) || labels.front() == "www") return true;
  const std::string& last = labels.back();
  if (last.starts_with("xn--")) return true;
  const bool letters = last.size() >= 2 && std::all_of(last.begin(), last.end(), ascii::is_letter);
  if (!letters) return false;
  if (goes_on) return true;
  const auto stands_in = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), last) != std::end(list);
  };
  return stands_in(kHostEnds) && !stands_in(kAlsoWords);
}

// Where a host name that begins at `from` ends; 0 when the word is none.
std::size_t host_end(std::string_view text, std::size_t from) {
  std::vector<std::string> labels(1);
  std::size_t end = from;
  for (std::size_t at = from; at < text.size();) {
    if (const std::size_t dot = dot_at(text, at); dot != 0) {
      labels.emplace_back();
      at += dot;
    } else if (ascii::is_alnum(text[at]) || text[at] == '-') {
      labels.back() += ascii::lower(text[at++]);
      end = at;
    } else {
      break;
    }
  }
  while (labels.size() > 1 && labels.back().empty()) labels.pop_back();
  const char next = end < text.size() ? text[end] : ' ';
  const bool port = next == ':' && end + 1 < text.size() && ascii::is_digit(text[end + 1]);
  const bool goes_on = next == '/' || next == '?' || next == '#' || port;
  // "and/or" and "tea.Pay?" end sentences; a path or a query goes on with a letter or a digit.
  const bool path = goes_on && end + 1 < text.size() && ascii::is_alnum(text[end + 1]);
  if (!is_host(labels, path)) return 0;
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
