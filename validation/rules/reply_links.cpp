#include "validation/rules/reply_links.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

// Taking one thing out may join the halves of another, so passes repeat until nothing changes; a text that still
// changes then is built to, and loses the characters that such things are made of.
constexpr int kPassesMax = 8;

constexpr std::string_view kSchemesWithoutSlashes[] = {
    "javascript:", "data:",    "vbscript:", "mailto:", "weixin:", "wxp:",
    "alipay:",     "alipays:", "tel:",      "sms:",    "file:",   "intent:"};
// Ends of host names that stand for a link even without a scheme.
constexpr std::string_view kHostEnds[] = {"com",    "cn",    "net",  "org",  "io",   "top",  "xyz",  "shop", "cc",
                                          "me",     "co",    "info", "site", "vip",  "app",  "link", "ru",   "biz",
                                          "online", "store", "hk",   "tw",   "wang", "club", "ink",  "ltd",  "pro",
                                          "live",   "ly",    "gg",   "dev",  "ai",   "tk",   "icu"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_letter(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
bool is_alnum(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}
bool is_host_char(char c) {
  return is_alnum(c) || c == '-' || c == '.';
}

bool starts_with(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); });
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

// Where a scheme that begins at `from` ends, "://" included; 0 when there is none. The colon may be full-width.
std::size_t scheme_end(std::string_view text, std::size_t from) {
  std::size_t at = from;
  while (at < text.size() && (is_alnum(text[at]) || text[at] == '+' || text[at] == '-' || text[at] == '.')) ++at;
  if (at == from || !is_letter(text[from])) return 0;
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("://") || rest.starts_with(":\\\\")) return at + 3;
  if (rest.starts_with("：//")) return at + std::string_view("：//").size();
  for (std::string_view scheme : kSchemesWithoutSlashes) {
    const std::string_view candidate = text.substr(from);
    const bool used = candidate.size() > scheme.size() && is_alnum(candidate[scheme.size()]);
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
  if (!is_letter(next) && next != '/' && next != '!' && next != '?') return 0;
  const std::size_t close = text.find('>', from);
  return close == std::string_view::npos ? from + 1 : close + 1;  // an open tag loses at least its bracket
}

// "[words](target)" or "![words](target)" at `from`: the words are kept.
struct MarkdownLink {
  std::string_view words;
  std::size_t end = 0;
};

MarkdownLink markdown_link(std::string_view text, std::size_t from) {
  const std::size_t open = text[from] == '!' ? from + 1 : from;
  if (open >= text.size() || text[open] != '[') return {};
  const std::size_t close = text.find(']', open);
  if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != '(') return {};
  const std::size_t end = text.find(')', close);
  if (end == std::string_view::npos) return {};
  return {text.substr(open + 1, close - open - 1), end + 1};
}

std::string one_pass(std::string_view text) {
  std::string out;
  bool word_begins = true;  // schemes and hosts are looked for at the beginning of words only
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '!' || c == '[') {
      if (const MarkdownLink link = markdown_link(text, at); link.end != 0) {
        out += link.words;
        at = link.end;
        continue;
      }
    }
    if (const std::size_t end = c == '<' ? tag_end(text, at) : 0; end != 0) {
      at = end;
      continue;
    }
    if (word_begins && is_alnum(c)) {
      const std::size_t scheme = scheme_end(text, at);
      const std::size_t end = scheme != 0 ? url_end(text, scheme) : host_end(text, at);
      if (end != 0) {
        at = end;
        continue;
      }
    }
    word_begins = !is_host_char(c);
    out += c;
    ++at;
  }
  return out;
}

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
    std::string next = one_pass(kept);
    if (next == kept) return kept;
    kept = std::move(next);
  }
  return without_marks(std::move(kept));
}

}  // namespace purser::rules
